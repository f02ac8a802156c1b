// SPDX-License-Identifier: Apache-2.0
//
// The envelope of the Prometheus API's answers, and what errors are in it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/json_writer.h"
#include "server/http/http_types.h"

namespace vigil::server {

// What stands beside the data.
struct ApiNotes {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

inline constexpr std::string_view kTruncatedWarning = "results truncated due to limit";

// The envelope around data: `{"status":"success","data":` and what follows them.
inline constexpr std::string_view kDataBegins = R"({"status":"success","data":)";
std::string DataEnds(const ApiNotes& notes);

// 200 with what `write` writes as its data.
HttpResponse Success(const std::function<void(JsonWriter&)>& write, const ApiNotes& notes = {});
// 204: there is nothing to say.
HttpResponse NoData();

// An error in the envelope. The code makes its type and the answer's status:
//   InvalidArgument                        bad_data     400
//   NotFound                               not_found    404
//   FailedPrecondition, ResourceExhausted  execution    422
//   Cancelled                              canceled     499
//   DeadlineExceeded                       timeout      503
//   Unavailable                            unavailable  503, to be tried again
//   Unimplemented                          unavailable  500
//   others                                 internal     500
HttpResponse ErrorResponse(const absl::Status& status);

// The answer or its error.
HttpResponse ToResponse(absl::StatusOr<HttpResponse> outcome);

// InvalidArgument `invalid parameter "name": message`.
absl::Status InvalidParameter(std::string_view name, std::string_view message);
// `status` as the error of a parameter, if it is one of the user's text.
absl::Status AboutParameter(std::string_view name, const absl::Status& status);

}  // namespace vigil::server
