// SPDX-License-Identifier: Apache-2.0
//
// GoogleTest matchers and assertions for absl::Status and absl::StatusOr (Debian's absl has none).
#pragma once

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"

namespace vigil::testing {

// EXPECT_THAT(status, IsOk()).
MATCHER(IsOk, "is OK") {
  const absl::Status& status = ::vigil::internal::AsStatus(arg);
  if (!status.ok()) *result_listener << status.ToString();
  return status.ok();
}

// EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr("x"))).
MATCHER_P2(StatusIs, code, message_matcher, "") {
  const absl::Status& status = ::vigil::internal::AsStatus(arg);
  *result_listener << status.ToString();
  return status.code() == code &&
         ::testing::Value(std::string(::vigil::MessageOf(status)), message_matcher);
}
inline auto StatusIs(absl::StatusCode code) { return StatusIs(code, ::testing::_); }

}  // namespace vigil::testing

#define ASSERT_OK(expr) ASSERT_THAT(expr, ::vigil::testing::IsOk())
#define EXPECT_OK(expr) EXPECT_THAT(expr, ::vigil::testing::IsOk())

// Assigns the value of a StatusOr to `lhs`, or fails the test.
#define ASSERT_OK_AND_ASSIGN(lhs, expr) \
  ASSERT_OK_AND_ASSIGN_IMPL(VIGIL_CONCAT(vigil_test_result_, __LINE__), lhs, expr)
#define ASSERT_OK_AND_ASSIGN_IMPL(result, lhs, expr) \
  auto result = (expr);                              \
  ASSERT_OK(result);                                 \
  lhs = std::move(result).value()
