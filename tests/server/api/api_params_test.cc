// SPDX-License-Identifier: Apache-2.0
#include "server/api/api_params.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/api/api_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::vigil::testing::StatusIs;

MATCHER_P(IsOkAndHolds, expected, "") { return arg.ok() && *arg == expected; }

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(ApiParamsTest, FormsGoBeforeUrls) {
  HttpRequest request = testing::ApiHarness::Post("/x?a=1&b=2&a=3");
  request.parameters = {{"a", "4"}, {"c", "5"}};
  const ApiParams params(request);
  EXPECT_EQ(params.First("a"), "1");
  EXPECT_EQ(params.First("c"), "5");
  EXPECT_EQ(params.First("d"), "");
  EXPECT_THAT(params.All("a"), ElementsAre("1", "3", "4"));
  EXPECT_THAT(params.All("d"), IsEmpty());
  EXPECT_TRUE(params.Has("b"));
  EXPECT_FALSE(params.Has("d"));
}

TEST(ApiParamsTest, OtherBodiesAreNoForms) {
  HttpRequest request = testing::ApiHarness::Post("/x?a=1");
  request.headers["content-type"] = "application/json";
  EXPECT_FALSE(ApiParams(request).Has("a"));
  request.headers["content-type"] = "Application/X-WWW-Form-Urlencoded; charset=utf-8";
  EXPECT_TRUE(ApiParams(request).Has("a"));
  request.method = "PUT";
  EXPECT_TRUE(ApiParams(request).Has("a"));
  request.method = "GET";
  EXPECT_FALSE(ApiParams(request).Has("a"));
}

TEST(ApiParamsTest, Times) {
  EXPECT_THAT(ParseApiTime("1435781451.781"), IsOkAndHolds(1435781451781));
  EXPECT_THAT(ParseApiTime("-1.5"), IsOkAndHolds(-1500));
  EXPECT_THAT(ParseApiTime("1.0005"), IsOkAndHolds(1001));
  EXPECT_THAT(ParseApiTime("1e3"), IsOkAndHolds(1000000));
  EXPECT_THAT(ParseApiTime("1e300"), IsOkAndHolds(std::numeric_limits<int64_t>::max()));
  EXPECT_THAT(ParseApiTime("-1e300"), IsOkAndHolds(std::numeric_limits<int64_t>::min()));
  EXPECT_THAT(ParseApiTime("2015-07-01T20:10:51.781Z"), IsOkAndHolds(1435781451781));
  EXPECT_THAT(ParseApiTime("2015-07-01T22:10:51+02:00"), IsOkAndHolds(1435781451000));
  EXPECT_THAT(ParseApiTime("2015-07-01T17:40:51.25-02:30"), IsOkAndHolds(1435781451250));
  for (const char* const text :
       {"", "now", "-5m", "2015-07-01", "2015-07-01 20:10:51Z", "2015-07-01T20:10:51",
        "2015-13-01T20:10:51Z", "2015-07-01T20:10:60Z", "2015-07-01T20:10:51+0200",
        "2015-07-01T20:10:51+02", "2015-07-01T20:10:51.Z", "2015-07-01T20:10:51ZZ", "0x10",
        "2015-07-01T20:10:51.5"}) {
    EXPECT_THAT(ParseApiTime(text),
                StatusIs(kInvalid, ::testing::HasSubstr("to a valid timestamp")))
        << text;
  }
}

TEST(ApiParamsTest, Durations) {
  EXPECT_THAT(ParseApiDuration("1.5"), IsOkAndHolds(1500000000));
  EXPECT_THAT(ParseApiDuration("-1"), IsOkAndHolds(-1000000000));
  EXPECT_THAT(ParseApiDuration("1h30m"), IsOkAndHolds(5400000000000));
  EXPECT_THAT(ParseApiDuration("500ms"), IsOkAndHolds(500000000));
  EXPECT_THAT(ParseApiDuration("1e30"), StatusIs(kInvalid,
                                                 "cannot parse \"1e30\" to a valid "
                                                 "duration. It overflows int64"));
  EXPECT_THAT(ParseApiDuration("NaN"), StatusIs(kInvalid, ::testing::HasSubstr("overflows")));
  EXPECT_THAT(ParseApiDuration("0x10"), StatusIs(kInvalid, ::testing::_));
  EXPECT_THAT(ParseApiDuration("x"), StatusIs(kInvalid, "cannot parse \"x\" to a valid duration"));
  EXPECT_THAT(ParseApiDuration(""), StatusIs(kInvalid, "cannot parse \"\" to a valid duration"));
  EXPECT_THAT(ParseApiDuration("1000y"), StatusIs(kInvalid, ::testing::_));
}

TEST(ApiParamsTest, Booleans) {
  EXPECT_THAT(ParseGoBool("1"), IsOkAndHolds(true));
  EXPECT_THAT(ParseGoBool("True"), IsOkAndHolds(true));
  EXPECT_THAT(ParseGoBool("f"), IsOkAndHolds(false));
  for (const char* const text : {"", "tRUE", "yes", "01"}) {
    EXPECT_THAT(ParseGoBool(text), StatusIs(kInvalid, ::testing::HasSubstr("strconv.ParseBool")))
        << text;
  }
}

TEST(ApiParamsTest, Numbers) {
  EXPECT_THAT(ParseGoInt("12"), IsOkAndHolds(12));
  EXPECT_THAT(ParseGoInt("+12"), IsOkAndHolds(12));
  EXPECT_THAT(ParseGoInt("-12"), IsOkAndHolds(-12));
  for (const char* const text : {"", "+", "-", "+-1", "1.5", "1 ", "0x1"}) {
    EXPECT_THAT(ParseGoInt(text), StatusIs(kInvalid, ::testing::HasSubstr("invalid syntax")))
        << text;
  }
  EXPECT_THAT(
      ParseGoInt("9999999999999999999"),
      StatusIs(kInvalid, "strconv.Atoi: parsing \"9999999999999999999\": value out of range"));
}

}  // namespace
}  // namespace vigil::server
