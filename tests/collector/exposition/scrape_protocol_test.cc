// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/scrape_protocol.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

// The format behind a content type.
ExpositionFormat Format(std::string_view content_type,
                        std::optional<ScrapeProtocol> fallback = std::nullopt) {
  const absl::StatusOr<ExpositionFormat> format = FormatOf(content_type, fallback);
  EXPECT_OK(format);
  return format.value_or(ExpositionFormat::kText);
}

TEST(ScrapeProtocolTest, HasNames) {
  for (const char* const name : {"PrometheusProto", "PrometheusText0.0.4", "PrometheusText1.0.0",
                                 "OpenMetricsText0.0.1", "OpenMetricsText1.0.0"}) {
    const auto protocol = ParseScrapeProtocol(name);
    ASSERT_TRUE(protocol.has_value()) << name;
    EXPECT_EQ(ScrapeProtocolName(*protocol), name);
  }
  EXPECT_EQ(ParseScrapeProtocol("prometheusproto"), std::nullopt);
  for (const char* const name : {"allow-utf-8", "underscores", "dots", "values"}) {
    const auto escaping = ParseNameEscaping(name);
    ASSERT_TRUE(escaping.has_value()) << name;
    EXPECT_EQ(NameEscapingName(*escaping), name);
  }
  EXPECT_EQ(ParseNameEscaping(""), std::nullopt);
}

TEST(ScrapeProtocolTest, AsksForTheFirstMostOfAll) {
  const std::vector<ScrapeProtocol> usual = {ScrapeProtocol::kOpenMetrics100,
                                             ScrapeProtocol::kOpenMetrics001,
                                             ScrapeProtocol::kText100, ScrapeProtocol::kText004};
  EXPECT_EQ(AcceptHeader(usual, NameEscaping::kAllowUtf8),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
            "*/*;q=0.2");
  const std::vector<ScrapeProtocol> proto = {ScrapeProtocol::kProtobuf};
  EXPECT_EQ(AcceptHeader(proto, NameEscaping::kUnderscores),
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited;escaping=underscores;q=0.3,*/*;q=0.2");
}

TEST(ScrapeProtocolTest, ContentTypesTellFormats) {
  EXPECT_EQ(Format("text/plain"), ExpositionFormat::kText);
  EXPECT_EQ(Format("Text/Plain; version=0.0.4; charset=utf-8"), ExpositionFormat::kText);
  EXPECT_EQ(Format("application/openmetrics-text; version=1.0.0"), ExpositionFormat::kOpenMetrics);
  EXPECT_EQ(Format("application/vnd.google.protobuf; encoding=delimited; "
                   "proto=\"io.prometheus.client.MetricFamily\""),
            ExpositionFormat::kProtobuf);
}

TEST(ScrapeProtocolTest, OthersNeedAFallback) {
  const auto none = std::nullopt;
  EXPECT_THAT(FormatOf("", none),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no Content-Type")));
  EXPECT_THAT(FormatOf("text/html", none), StatusIs(absl::StatusCode::kInvalidArgument,
                                                    HasSubstr("\"text/html\" is no format")));
  EXPECT_THAT(FormatOf("application/vnd.google.protobuf; encoding=text", none),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fallback_scrape_protocol")));
  EXPECT_EQ(Format("", ScrapeProtocol::kText004), ExpositionFormat::kText);
  EXPECT_EQ(Format("text/html", ScrapeProtocol::kProtobuf), ExpositionFormat::kProtobuf);
}

}  // namespace
}  // namespace vigil::collector
