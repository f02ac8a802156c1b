// SPDX-License-Identifier: Apache-2.0
#include "server/api/features_api.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using ::testing::AllOf;
using testing::ApiHarness;
using ::testing::HasSubstr;

TEST(FeaturesApiTest, GroupsOfFeatures) {
  ApiHarness harness;
  EXPECT_THAT(
      harness.Ask(ShowFeatures, ""),
      AllOf(HasSubstr(R"({"api":{"admin":false,)"), HasSubstr(R"("promql":{"anchored":true,)"),
            HasSubstr(R"("info":true)"), HasSubstr(R"("limitk":true)"), HasSubstr(R"("</":true)"),
            HasSubstr(R"("native_histograms":true)")));
}

TEST(FeaturesApiTest, WithoutExperimentalFunctions) {
  ApiHarness harness({.language = {.experimental_functions = false}});
  harness.parts().options.admin = true;
  EXPECT_THAT(harness.Ask(ShowFeatures, ""),
              AllOf(HasSubstr(R"("admin":true)"), HasSubstr(R"("experimental_functions":false)"),
                    HasSubstr(R"("info":false)"), HasSubstr(R"("limitk":false)"),
                    HasSubstr(R"("rate":true)")));
}

}  // namespace
}  // namespace vigil::server
