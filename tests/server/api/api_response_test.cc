// SPDX-License-Identifier: Apache-2.0
#include "server/api/api_response.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::server {
namespace {

using ::testing::HasSubstr;

TEST(ApiResponseTest, Success) {
  const HttpResponse response = Success([](JsonWriter& json) { json.Int(1); });
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"status":"success","data":1})");
  EXPECT_EQ(Success([](JsonWriter& json) { json.Raw("[]"); }, {{"w<"}, {"i", "j"}}).body,
            R"({"status":"success","data":[],"warnings":["w\u003c"],"infos":["i","j"]})");
}

TEST(ApiResponseTest, TooManyNotesAreCounted) {
  const std::string end = DataEnds({std::vector<std::string>(12, "w"), {}});
  EXPECT_THAT(end, HasSubstr(R"("w","2 more warning annotations omitted"]})"));
}

TEST(ApiResponseTest, Errors) {
  const auto is = [](const absl::Status& status, int http_status, const std::string& type) {
    const HttpResponse response = ErrorResponse(status);
    EXPECT_EQ(response.status, http_status);
    EXPECT_EQ(response.body,
              R"({"status":"error","errorType":")" + type + R"(","error":"why \u003cnot\u003e"})");
  };
  is(absl::InvalidArgumentError("why <not>"), 400, "bad_data");
  is(absl::NotFoundError("why <not>"), 404, "not_found");
  is(absl::FailedPreconditionError("why <not>"), 422, "execution");
  is(absl::ResourceExhaustedError("why <not>"), 422, "execution");
  is(absl::CancelledError("why <not>"), 499, "canceled");
  is(absl::DeadlineExceededError("why <not>"), 503, "timeout");
  is(absl::UnavailableError("why <not>"), 503, "unavailable");
  is(absl::UnimplementedError("why <not>"), 500, "unavailable");
  is(absl::DataLossError("why <not>"), 500, "internal");
}

}  // namespace
}  // namespace vigil::server
