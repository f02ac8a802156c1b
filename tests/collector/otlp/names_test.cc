// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/names.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace vigil::collector {
namespace {

struct NameCase {
  std::string name;
  std::string unit;
  NameKind kind;
  std::string expected;
};

constexpr NameKind kGauge = NameKind::kGauge;
constexpr NameKind kCounter = NameKind::kCounter;
constexpr NameKind kOther = NameKind::kOther;

TEST(NamesTest, Metrics) {
  const std::vector<NameCase> cases = {
      // The vectors of the specification of the translation.
      {"metric@with#special$chars", "", kGauge, "metric_with_special_chars"},
      {"123metric", "", kGauge, "_123metric"},
      {"requests", "", kCounter, "requests_total"},
      {"requests_total", "", kCounter, "requests_total"},
      {"cpu_usage", "1", kGauge, "cpu_usage_ratio"},
      {"items", "1", kCounter, "items_total"},
      {"response_time", "ms", kOther, "response_time_milliseconds"},
      {"requests", "1/s", kGauge, "requests_per_second"},
      {"throughput", "By/s", kGauge, "throughput_bytes_per_second"},
      {"custom_metric", "{packets}", kGauge, "custom_metric"},
      {"custom_metric", "By/{req}", kGauge, "custom_metric_bytes"},
      {"response_time_seconds", "s", kGauge, "response_time_seconds"},
      {"http.server.request.duration", "s", kOther, "http_server_request_duration_seconds"},
      {"gen_ai.client.token.usage", "{token}", kOther, "gen_ai_client_token_usage"},
      {"system.cpu.time", "s", kCounter, "system_cpu_time_seconds_total"},
      {"@#$%", "", kGauge, ""},
      {"@#$%", "", kOther, ""},
      {"@#$%", "", kCounter, "total"},
      {"@_#_$_%", "", kGauge, ""},
      {"a__b", "", kGauge, "a_b"},
      // Suffixes that are there already, wherever they stand.
      {"total_requests", "", kCounter, "requests_total"},
      {"total.total", "", kCounter, "total"},
      {"ratio_of_hits", "1", kGauge, "of_hits_ratio"},
      {"seconds_spent", "s", kOther, "seconds_spent"},
      // A sum that goes down is no gauge.
      {"active", "1", kOther, "active"},
      {"hits_ratio", "1", kCounter, "hits_ratio_total"},
      // Units.
      {"m", " s ", kOther, "m_seconds"},
      {"m", "s/", kOther, "m_seconds"},
      {"m", "/s", kOther, "m_per_second"},
      {"m", "By/h/d", kOther, "m_bytes_per_h_d"},
      {"m", "1/mo", kOther, "m_per_month"},
      {"m", "%", kGauge, "m_percent"},
      {"m", "kBy", kOther, "m_kilobytes"},
      {"m", "KiBy", kOther, "m_kibibytes"},
      {"m", "Furlong", kOther, "m_Furlong"},
      {"m", "a~~b", kOther, "m_a_b"},
      {"m", "a~", kOther, "m_a_"},
      {"m", "~a~/~b~", kOther, "m_a_per_b"},
      {"m", "a~/~", kOther, "m_a_"},
      {"m", "~~", kOther, "m"},
      {"", "", kOther, ""},
      {"", "s", kOther, "seconds"},
      // Characters.
      {"a:b", "", kOther, "a:b"},
      {"_leading_and_trailing_", "", kOther, "leading_and_trailing"},
      {"\xe6\x97\xa5.x", "", kOther, "x"},
      {std::string("nul\0byte", 8), "", kOther, "nul_byte"},
      {"9", "", kCounter, "_9_total"},
  };
  for (const NameCase& c : cases) {
    EXPECT_EQ(TranslateMetricName(c.name, c.unit, c.kind), c.expected)
        << "\"" << c.name << "\" in \"" << c.unit << "\"";
  }
}

NameRules RulesOf(std::string_view strategy) {
  NameRules rules;
  EXPECT_TRUE(SetTranslationStrategy(strategy, &rules)) << strategy;
  return rules;
}

TEST(NamesTest, Strategies) {
  EXPECT_TRUE(RulesOf("UnderscoreEscapingWithSuffixes").escape);
  EXPECT_TRUE(RulesOf("UnderscoreEscapingWithSuffixes").suffixes);
  EXPECT_TRUE(RulesOf("UnderscoreEscapingWithoutSuffixes").escape);
  EXPECT_FALSE(RulesOf("UnderscoreEscapingWithoutSuffixes").suffixes);
  EXPECT_FALSE(RulesOf("NoUTF8EscapingWithSuffixes").escape);
  EXPECT_TRUE(RulesOf("NoUTF8EscapingWithSuffixes").suffixes);
  EXPECT_FALSE(RulesOf("NoTranslation").escape);
  EXPECT_FALSE(RulesOf("NoTranslation").suffixes);
  NameRules rules;
  EXPECT_FALSE(SetTranslationStrategy("notranslation", &rules));
  EXPECT_TRUE(rules.escape && rules.suffixes);
}

TEST(NamesTest, MetricsWithoutSuffixes) {
  const std::vector<NameCase> cases = {
      {"foo.bar", "By", kCounter, "foo_bar"},
      {"requests_total", "", kCounter, "requests_total"},
      {"a__b", "", kGauge, "a__b"},
      {"_a_", "", kGauge, "_a_"},
      {"..a..b..", "", kGauge, "a_b"},
      {"a.:b", "", kGauge, "a_:b"},
      {"1st", "", kGauge, "_1st"},
      {"___", "", kGauge, "___"},  // Nothing was changed.
      {"_._", "", kGauge, ""},
      {"@#$%", "", kCounter, ""},
      {"", "", kCounter, ""},
  };
  const NameRules rules = RulesOf("UnderscoreEscapingWithoutSuffixes");
  for (const NameCase& c : cases) {
    EXPECT_EQ(TranslateMetricName(c.name, c.unit, c.kind, rules), c.expected) << c.name;
  }
}

TEST(NamesTest, MetricsThatStayAsTheyAre) {
  const std::vector<NameCase> cases = {
      {"foo.bar", "By", kCounter, "foo.bar_bytes_total"},
      {"foo.total", "", kCounter, "foo_total"},
      {"total", "", kCounter, "total_total"},  // Cutting it would leave nothing.
      {"hits.ratio", "1", kGauge, "hits_ratio"},
      {"hits", "1", kGauge, "hits_ratio"},
      {"hits", "1", kOther, "hits"},
      {"time.seconds", "s", kOther, "time.seconds"},
      {"rate_per_second", "By/s", kGauge, "rate_bytes_per_second"},
      {"rate", "1/s", kGauge, "rate_per_second"},
      {"rate", "a~b/~", kGauge, "rate_a~b_per_~"},
      {"æ¥", "s", kOther, "æ¥_seconds"},
      {"1 2", "", kGauge, "1 2"},
      {"", "s", kGauge, ""},
  };
  const NameRules rules = RulesOf("NoUTF8EscapingWithSuffixes");
  for (const NameCase& c : cases) {
    EXPECT_EQ(TranslateMetricName(c.name, c.unit, c.kind, rules), c.expected) << c.name;
  }
  EXPECT_EQ(TranslateMetricName("foo.bar", "By", kCounter, RulesOf("NoTranslation")), "foo.bar");
}

TEST(NamesTest, LabelsByOtherRules) {
  NameRules rules;
  rules.label_name_underscore_sanitization = false;
  EXPECT_EQ(TranslateLabelName("_x", rules), "_x");
  EXPECT_EQ(TranslateLabelName("1x", rules), "key_1x");
  rules.label_name_preserve_multiple_underscores = false;
  EXPECT_EQ(TranslateLabelName("a..b__c.", rules), "a_b_c_");
  EXPECT_EQ(TranslateLabelName("__a..b__", rules), "__a_b__");
  EXPECT_EQ(TranslateLabelName("__x", rules), "_x");
  EXPECT_EQ(TranslateLabelName("____", rules), "");
  rules.escape = false;
  EXPECT_EQ(TranslateLabelName("a..b", rules), "a..b");
  EXPECT_EQ(TranslateLabelName("...", rules), "...");
  EXPECT_EQ(TranslateLabelName("__", rules), "");
  EXPECT_EQ(TranslateLabelName("", rules), "");
}

TEST(NamesTest, Labels) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"service.name", "service_name"},
      {"a..b", "a__b"},  // Runs are kept.
      {"a__b", "a__b"},
      {"trailing_", "trailing_"},
      {"1st", "key_1st"},
      {"_x", "key_x"},
      {".x", "key_x"},
      {"__x", "__x"},
      {"__x__", "__x__"},
      {"a:b", "a_b"},
      {"na\xc3\xafve", "na_ve"},  // One character, one underscore.
      {"\xf0\x9f\x98\x80", ""},
      {"a\xf0\x9f\x98\x80", "a_"},
      {"", ""},
      {"_", ""},
      {"___", ""},
      {"...", ""},
  };
  for (const auto& [name, expected] : cases) EXPECT_EQ(TranslateLabelName(name), expected) << name;
}

TEST(NamesTest, Units) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"1", ""},
      {"s", "seconds"},
      {"By/s", "bytes_per_second"},
      {"1/s", "per_second"},
      {"{token}", ""},
      {"{token}/s", "per_second"},
      {"TiBy", "tebibytes"},
      {"Cel", "celsius"},
      {"m/s", "meters_per_second"},
      {"x/m", "x_per_minute"},
  };
  for (const auto& [unit, expected] : cases) EXPECT_EQ(TranslateUnit(unit), expected) << unit;
}

}  // namespace
}  // namespace vigil::collector
