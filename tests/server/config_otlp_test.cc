// SPDX-License-Identifier: Apache-2.0
#include "server/config_otlp.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using collector::OtlpOptions;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using vigil::testing::StatusIs;

absl::StatusOr<OtlpOptions> Parse(const std::string& yaml) {
  const absl::StatusOr<Config> config = ParseConfig("vigil.yaml", yaml, Config());
  if (!config.ok()) return config.status();
  return config->otlp;
}

TEST(ConfigOtlpTest, DefaultsArePrometheus) {
  ASSERT_OK_AND_ASSIGN(const OtlpOptions options, Parse("otlp:\n"));
  EXPECT_TRUE(options.names.escape);
  EXPECT_TRUE(options.names.suffixes);
  EXPECT_TRUE(options.names.label_name_underscore_sanitization);
  EXPECT_TRUE(options.names.label_name_preserve_multiple_underscores);
  EXPECT_THAT(options.promote_resource_attributes, IsEmpty());
  EXPECT_FALSE(options.promote_all_resource_attributes);
  EXPECT_FALSE(options.keep_identifying_resource_attributes);
  EXPECT_FALSE(options.promote_scope_metadata);
  EXPECT_FALSE(options.convert_histograms_to_nhcb);
}

TEST(ConfigOtlpTest, ReadsEveryKey) {
  ASSERT_OK_AND_ASSIGN(const OtlpOptions options, Parse(R"(
otlp:
  translation_strategy: NoUTF8EscapingWithSuffixes
  label_name_underscore_sanitization: false
  label_name_preserve_multiple_underscores: false
  promote_resource_attributes: [k8s.pod.name, service.version]
  keep_identifying_resource_attributes: true
  promote_scope_metadata: true
  convert_histograms_to_nhcb: true
)"));
  EXPECT_FALSE(options.names.escape);
  EXPECT_TRUE(options.names.suffixes);
  EXPECT_FALSE(options.names.label_name_underscore_sanitization);
  EXPECT_FALSE(options.names.label_name_preserve_multiple_underscores);
  EXPECT_THAT(options.promote_resource_attributes, ElementsAre("k8s.pod.name", "service.version"));
  EXPECT_TRUE(options.keep_identifying_resource_attributes);
  EXPECT_TRUE(options.promote_scope_metadata);
  EXPECT_TRUE(options.convert_histograms_to_nhcb);
  ASSERT_OK_AND_ASSIGN(const OtlpOptions all, Parse(R"(
otlp: {promote_all_resource_attributes: true, ignore_resource_attributes: [host.id]}
)"));
  EXPECT_TRUE(all.promote_all_resource_attributes);
  EXPECT_THAT(all.ignore_resource_attributes, ElementsAre("host.id"));
}

TEST(ConfigOtlpTest, MistakesAreTold) {
  EXPECT_THAT(Parse("otlp: {translation_strategy: Underscores}"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("vigil.yaml:1:30"), HasSubstr("NoTranslation"))));
  EXPECT_THAT(Parse("otlp: {promote_resource_attributes: host}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a list of names")));
  EXPECT_THAT(Parse("otlp: {promote_resource_attributes: [[a]]}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("named by a text")));
  EXPECT_THAT(Parse("otlp: {promote_resource_attributes: [a], promote_all_resource_attributes: "
                    "true}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("exclude each other")));
  EXPECT_THAT(Parse("otlp: {ignore_resource_attributes: [a]}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs promote_all")));
  EXPECT_THAT(Parse("otlp: {promote_scope: true}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("promote_scope")));
}

}  // namespace
}  // namespace vigil::server
