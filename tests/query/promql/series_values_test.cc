// SPDX-License-Identifier: Apache-2.0
#include "query/promql/series_values.h"

#include <cmath>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "storage/model/sample.h"
#include "tests/testing/status_matchers.h"

namespace vigil::promql {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

std::string SideText(const std::vector<storage::BucketSpan>& spans,
                     const std::vector<double>& counts) {
  std::string text;
  for (const storage::BucketSpan& span : spans)
    text += fmt::format("{}+{} ", span.offset, span.length);
  return fmt::format("{}[{}]", text, fmt::join(counts, " "));
}

std::string HistogramText(const storage::Histogram& h) {
  return fmt::format("{{schema={} hint={} n={} sum={} zero={}/{} pos={} neg={} bounds=[{}]}}",
                     h.schema, static_cast<int>(h.reset_hint), h.count, h.sum, h.zero_count,
                     h.zero_threshold, SideText(h.positive_spans, h.positive_counts),
                     SideText(h.negative_spans, h.negative_counts),
                     fmt::join(h.custom_bounds, " "));
}

std::string ValuesText(std::string_view text) {
  const auto values = ParseSeriesValues(text);
  if (!values.ok()) return std::string(MessageOf(values.status()));
  std::string answer;
  for (const SeriesValue& value : *values) {
    if (!answer.empty()) answer += ' ';
    if (!value.has_value()) {
      answer += '_';
    } else if (const double* const number = std::get_if<double>(&*value)) {
      answer += storage::IsStale(*number) ? "stale" : FormatValue(*number);
    } else {
      answer += HistogramText(*std::get<1>(*value));
    }
  }
  return answer;
}

TEST(SeriesValuesTest, Numbers) {
  EXPECT_EQ(ValuesText(""), "");
  EXPECT_EQ(ValuesText("1 -2.5 +3 1e3 .5"), "1 -2.5 3 1000 0.5");
  EXPECT_EQ(ValuesText("  1\t2\n 3 "), "1 2 3");
  EXPECT_EQ(ValuesText("NaN Inf -Inf +inf"), "NaN +Inf -Inf +Inf");
  EXPECT_EQ(ValuesText("_ 1 _x3 stale"), "_ 1 _ _ _ stale");
}

TEST(SeriesValuesTest, Repetitions) {
  EXPECT_EQ(ValuesText("1x2"), "1 1 1");
  EXPECT_EQ(ValuesText("1x0"), "1");
  // Not hexadecimal.
  EXPECT_EQ(ValuesText("0x3"), "0 0 0 0");
  EXPECT_EQ(ValuesText("1+2x3"), "1 3 5 7");
  EXPECT_EQ(ValuesText("5-1x2"), "5 4 3");
  EXPECT_EQ(ValuesText("-2+4x2"), "-2 2 6");
  EXPECT_EQ(ValuesText("1+-1x2"), "1 0 -1");
  EXPECT_EQ(ValuesText("1e-1+1e+1x1"), "0.1 10.1");
  EXPECT_EQ(ValuesText("_x0 0+10x2 stale"), "0 10 20 stale");
  EXPECT_EQ(ValuesText("0+Infx1"), "0 +Inf");
}

TEST(SeriesValuesTest, NanAndStaleAreToldApart) {
  ASSERT_OK_AND_ASSIGN(const auto values, ParseSeriesValues("NaN stale"));
  EXPECT_FALSE(storage::IsStale(std::get<double>(*values[0])));
  EXPECT_TRUE(storage::IsStale(std::get<double>(*values[1])));
}

TEST(SeriesValuesTest, Histograms) {
  EXPECT_EQ(ValuesText("{{}}"), "{schema=0 hint=0 n=0 sum=0 zero=0/0 pos=[] neg=[] bounds=[]}");
  EXPECT_EQ(ValuesText("{{schema:1 sum:3 count:4 z_bucket:1 z_bucket_w:0.1 buckets:[1 2] offset:-1 "
                       "n_buckets:[1] n_offset:2 counter_reset_hint:gauge}}"),
            "{schema=1 hint=3 n=4 sum=3 zero=1/0.1 pos=-1+2 [1 2] neg=2+1 [1] bounds=[]}");
  EXPECT_EQ(ValuesText("{{schema:-53 custom_values:[5 10] buckets:[1 2 3]}}"),
            "{schema=-53 hint=0 n=0 sum=0 zero=0/0 pos=0+3 [1 2 3] neg=[] bounds=[5 10]}");
  EXPECT_EQ(ValuesText("{{count:1}}x1 1"),
            "{schema=0 hint=0 n=1 sum=0 zero=0/0 pos=[] neg=[] bounds=[]} "
            "{schema=0 hint=0 n=1 sum=0 zero=0/0 pos=[] neg=[] bounds=[]} 1");
}

TEST(SeriesValuesTest, HistogramsAddUp) {
  EXPECT_EQ(ValuesText("{{count:1 sum:2 buckets:[1]}}+{{count:3 sum:4 offset:2 buckets:[1 2]}}x1"),
            "{schema=0 hint=0 n=1 sum=2 zero=0/0 pos=0+1 [1] neg=[] bounds=[]} "
            "{schema=0 hint=0 n=4 sum=6 zero=0/0 pos=0+1 1+2 [1 1 2] neg=[] bounds=[]}");
  EXPECT_EQ(ValuesText("{{count:5 buckets:[5] offset:-3}}-{{count:1 buckets:[1] offset:-3}}x1"),
            "{schema=0 hint=0 n=5 sum=0 zero=0/0 pos=-3+1 [5] neg=[] bounds=[]} "
            "{schema=0 hint=0 n=4 sum=0 zero=0/0 pos=-3+1 [4] neg=[] bounds=[]}");
  EXPECT_THAT(ValuesText("{{schema:1}}+{{schema:2}}x1"), HasSubstr("other buckets"));
}

TEST(SeriesValuesTest, WrongTextsAreNamed) {
  for (const char* const text : {"a",
                                 "1x",
                                 "1xx",
                                 "1+2",
                                 "1+",
                                 "x3",
                                 "1x2x3",
                                 "1,2",
                                 "__",
                                 "_x",
                                 "stalex2",
                                 "1x-2",
                                 "{{",
                                 "{{a}}",
                                 "{{a:1}}",
                                 "{{count:x}}",
                                 "{{count:1 count:2}}",
                                 "{{buckets:1}}",
                                 "{{buckets:[1}}",
                                 "{{schema:9}}",
                                 "{{schema:-53 n_buckets:[1]}}",
                                 "{{schema:-53 buckets:[1 2]}}",
                                 "{{schema:-53 custom_values:[2 1]}}",
                                 "{{custom_values:[1]}}",
                                 "{{offset:1.5}}",
                                 "{{offset:1e30}}",
                                 "{{schema:nan}}",
                                 "{{counter_reset_hint:maybe}}",
                                 "{{}}+1x2",
                                 "{{}}+{{}}",
                                 "{{schema:-53 custom_values:[1] buckets:[1] offset:-1}}"}) {
    EXPECT_THAT(ParseSeriesValues(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("series values, byte ")))
        << text;
  }
}

TEST(SeriesValuesTest, CountIsLimited) {
  EXPECT_OK(ParseSeriesValues("1x999999"));
  for (const std::string text :
       {"1x1000000", "_x1000001", "1x99999999999999999999999", "1x500000 1x500000",
        "{{buckets:[1 1 1 1 1 1 1 1 1]}}+{{}}x200000"}) {
    EXPECT_THAT(ParseSeriesValues(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(SeriesValuesTest, Lines) {
  const auto line_text = [](std::string_view line) {
    const auto parsed = ParseSeriesLine(line);
    if (!parsed.ok()) return std::string(MessageOf(parsed.status()));
    return fmt::format("{} -> {}", parsed->labels.ToString(), parsed->values.size());
  };
  EXPECT_EQ(line_text("foo 1 2 3"), "foo -> 3");
  EXPECT_EQ(line_text("  foo{a=\"b c } d\", e='\"'}   1+1x2  "),
            "foo{a=\"b c } d\", e=\"\\\"\"} -> 3");
  EXPECT_EQ(line_text("{a=\"b\"} _x2"), "{a=\"b\"} -> 2");
  EXPECT_EQ(line_text("foo"), "foo -> 0");
  EXPECT_EQ(line_text("foo{a=\"b\"}{{count:1}}"), "foo{a=\"b\"} -> 1");
  EXPECT_THAT(line_text("foo{a=\"b 1 2"), HasSubstr("unterminated quoted string"));
  EXPECT_THAT(line_text("foo{a=\"b\" 1 2"), HasSubstr("inside braces"));
  EXPECT_THAT(line_text("foo x"), HasSubstr("series values, byte 2"));
}

}  // namespace
}  // namespace vigil::promql
