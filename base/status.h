// SPDX-License-Identifier: Apache-2.0
//
// Status helpers: macros that propagate errors, context for messages, and the check for broken
// invariants. The error values themselves are absl::Status and absl::StatusOr.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace vigil {

// The message of `status` as a std::string_view. Valid as long as `status` lives.
inline std::string_view MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// `status` with "context: " put before its message; code and payloads stay. OK stays OK.
absl::Status Annotate(const absl::Status& status, std::string_view context);

// "NOT_FOUND" and the like; the name of a status code as gRPC spells it.
std::string_view StatusCodeName(absl::StatusCode code);

namespace internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
inline const absl::Status& AsStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& AsStatus(const absl::StatusOr<T>& result) {
  return result.status();
}
}  // namespace internal
}  // namespace vigil

#define VIGIL_CONCAT_INNER(a, b) a##b
#define VIGIL_CONCAT(a, b) VIGIL_CONCAT_INNER(a, b)

// Returns from the function when `expr` (a Status) is not OK.
#define VIGIL_RETURN_IF_ERROR(expr)                               \
  do {                                                            \
    if (absl::Status vigil_status = (expr); !vigil_status.ok()) { \
      return vigil_status;                                        \
    }                                                             \
  } while (false)

// As above, with "context: " before the message. `context` is evaluated only on failure.
#define VIGIL_RETURN_IF_ERROR_WITH(expr, context)                 \
  do {                                                            \
    if (absl::Status vigil_status = (expr); !vigil_status.ok()) { \
      return ::vigil::Annotate(vigil_status, (context));          \
    }                                                             \
  } while (false)

// Assigns the value of `expr` (a StatusOr) to `lhs`, or returns its status.
#define VIGIL_ASSIGN_OR_RETURN(lhs, expr) \
  VIGIL_ASSIGN_OR_RETURN_IMPL(VIGIL_CONCAT(vigil_result_, __LINE__), lhs, expr)
#define VIGIL_ASSIGN_OR_RETURN_IMPL(result, lhs, expr) \
  auto result = (expr);                                \
  if (!result.ok()) return result.status();            \
  lhs = std::move(result).value()

// As above, with "context: " before the message.
#define VIGIL_ASSIGN_OR_RETURN_WITH(lhs, expr, context) \
  VIGIL_ASSIGN_OR_RETURN_WITH_IMPL(VIGIL_CONCAT(vigil_result_, __LINE__), lhs, expr, context)
#define VIGIL_ASSIGN_OR_RETURN_WITH_IMPL(result, lhs, expr, context)      \
  auto result = (expr);                                                   \
  if (!result.ok()) return ::vigil::Annotate(result.status(), (context)); \
  lhs = std::move(result).value()

// Ends the process with "BUG: ..." when an invariant of ours is broken. Never for input or for the
// environment: those are statuses.
#define VIGIL_CHECK(condition)                                        \
  do {                                                                \
    if (!(condition)) [[unlikely]] {                                  \
      ::vigil::internal::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                                 \
  } while (false)

// VIGIL_CHECK for a Status or StatusOr that can only be OK.
#define VIGIL_CHECK_OK(expr) VIGIL_CHECK(::vigil::internal::AsStatus(expr).ok())
