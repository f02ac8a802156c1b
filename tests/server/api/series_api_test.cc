// SPDX-License-Identifier: Apache-2.0
#include "server/api/series_api.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using testing::ApiHarness;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SeriesApiTest : public ::testing::Test {
 protected:
  SeriesApiTest() {
    harness_.Add(R"(m{job="a<b"})", 0, 1);
    harness_.Add(R"(m{job="c"})", 0, 1);
    harness_.Add(R"(n{"with.dot"="x"})", 0, 1);
  }

  ApiHarness harness_;
};

TEST_F(SeriesApiTest, Series) {
  EXPECT_EQ(harness_.Ask(ListSeries, "/api/v1/series?match[]=m"),
            R"([{"__name__":"m","job":"a<b"},{"__name__":"m","job":"c"}])");
  EXPECT_EQ(harness_.Ask(ListSeries, ApiHarness::Post("/api/v1/series?match[]=n&match[]=m&"
                                                      "match[]=n")),
            R"([{"__name__":"m","job":"a<b"},{"__name__":"m","job":"c"},)"
            R"({"__name__":"n","with.dot":"x"}])")
      << "a union, each once";
  EXPECT_EQ(harness_.Ask(ListSeries, "/api/v1/series?match[]=none"), "[]");
  EXPECT_EQ(harness_.Ask(ListSeries, "/api/v1/series?match[]=m&start=5&end=3"), "[]");
  EXPECT_EQ(harness_.Ask(ListSeries, "/api/v1/series?match[]=m&end=5"), "[]");
  EXPECT_THAT(harness_.Ask(ListSeries, "/api/v1/series?match[]=m&limit=1"),
              HasSubstr(R"([{"__name__":"m","job":"a<b"}],"warnings":["results truncated)"));
}

TEST_F(SeriesApiTest, SeriesThatCannotBeAskedFor) {
  EXPECT_THAT(harness_.Ask(ListSeries, "/api/v1/series"),
              HasSubstr(R"("no match[] parameter provided")"));
  EXPECT_THAT(harness_.Ask(ListSeries, "/api/v1/series?match[]={x=%22%22}"),
              HasSubstr(R"("invalid parameter \"match[]\": match[] must contain at least one )"
                        R"(non-empty matcher")"));
  EXPECT_THAT(harness_.Ask(ListSeries, "/api/v1/series?match[]=m["),
              StartsWith(R"(400 {"status":"error","errorType":"bad_data","error":"invalid )"
                         R"(parameter \"match[]\": 1:)"));
  EXPECT_THAT(harness_.Ask(ListSeries, "/api/v1/series?match[]=m&start=x"),
              HasSubstr(R"("invalid parameter \"start\": invalid time value for 'start': )"));
}

TEST_F(SeriesApiTest, LabelNames) {
  EXPECT_EQ(harness_.Ask(ListLabelNames, "/api/v1/labels"), R"(["__name__","job","with.dot"])");
  EXPECT_EQ(harness_.Ask(ListLabelNames, "/api/v1/labels?match[]=m"), R"(["__name__","job"])");
  EXPECT_EQ(harness_.Ask(ListLabelNames, "/api/v1/labels?match[]=m&match[]=n"),
            R"(["__name__","job","with.dot"])");
  EXPECT_EQ(harness_.Ask(ListLabelNames, "/api/v1/labels?match[]=none"), "[]");
  EXPECT_THAT(harness_.Ask(ListLabelNames, "/api/v1/labels?limit=2"),
              HasSubstr(R"(["__name__","job"],"warnings":)"));
  EXPECT_THAT(harness_.Ask(ListLabelNames, "/api/v1/labels?match[]={x=%22%22}"),
              HasSubstr(R"("error":"match[] must contain at least one non-empty matcher")"));
}

TEST_F(SeriesApiTest, LabelValues) {
  EXPECT_EQ(harness_.Ask(ListLabelValues, "/api/v1/label/job/values"), R"(["a\u003cb","c"])");
  EXPECT_EQ(harness_.Ask(ListLabelValues, "/api/v1/label/__name__/values?match[]=n"), R"(["n"])");
  EXPECT_EQ(harness_.Ask(ListLabelValues, "/api/v1/label/none/values"), "[]");
  EXPECT_EQ(harness_.Ask(ListLabelValues, "/api/v1/label/with.dot/values"), R"(["x"])");
  EXPECT_EQ(harness_.Ask(ListLabelValues, "/api/v1/label/U__with_2e_dot/values"), R"(["x"])");
  EXPECT_THAT(harness_.Ask(ListLabelValues, "/api/v1/label/U__/values"),
              HasSubstr(R"("invalid label name: \"\"")"));
  EXPECT_THAT(harness_.Ask(ListLabelValues, "/api/v1/label/%FF/values"),
              StartsWith(R"(400 {"status":"error","errorType":"bad_data","error":"invalid label)"));
  for (const std::string path :
       {"/api/v1/label/", "/api/v1/label/a/b/values", "/api/v1/label/a", "/api/v1/label//values"}) {
    EXPECT_THAT(harness_.Ask(ListLabelValues, path), StartsWith("404 ")) << path;
  }
}

TEST_F(SeriesApiTest, FewSeriesAreLookedUpInPlace) {
  const auto is_quick = [this](std::string_view url) {
    return IsQuickLookup(harness_.parts(), ApiHarness::Get(url), 1000);
  };
  EXPECT_TRUE(is_quick("/api/v1/series?match[]=m"));
  EXPECT_TRUE(is_quick("/api/v1/series?match[]=m&match[]=none"));
  EXPECT_TRUE(is_quick("/api/v1/series?match[]=m["));
  EXPECT_TRUE(is_quick("/api/v1/labels?start=5&end=3"));
  EXPECT_FALSE(is_quick("/api/v1/labels")) << "there may be many";
  std::string many = "/api/v1/series?match[]=m";
  for (int i = 0; i < 20; ++i) many += "&match[]=m";
  EXPECT_FALSE(is_quick(many));
  HttpRequest form = ApiHarness::Post("/api/v1/series?match[]=m");
  EXPECT_TRUE(IsQuickLookup(harness_.parts(), form, 1000));
  form.body += "&more=" + std::string(20'000, 'x');
  EXPECT_FALSE(IsQuickLookup(harness_.parts(), form, 1000));
  for (int i = 0; i < 1000; ++i) harness_.Add(fmt::format("m{{job=\"j{}\"}}", i), 0, 1);
  EXPECT_FALSE(is_quick("/api/v1/series?match[]=m"));
  EXPECT_TRUE(is_quick("/api/v1/series?match[]=m{job=%22j7%22}"));
}

TEST(UnescapeLabelNameTest, Names) {
  EXPECT_EQ(UnescapeLabelName("job"), "job");
  EXPECT_EQ(UnescapeLabelName("U__job"), "job");
  EXPECT_EQ(UnescapeLabelName("U__a__b"), "a_b");
  EXPECT_EQ(UnescapeLabelName("U__a_2e_b_1F600_"), "a.b\xF0\x9F\x98\x80");
  EXPECT_EQ(UnescapeLabelName("U___e9__20ac_"), "\xC3\xA9\xE2\x82\xAC");
  // Not written so after all.
  for (const std::string name : {"U_", "U__a_zz_b", "U__a_2e", "U__a_", "U___d800_", "U___110000_",
                                 "U___1234567_", "U__a_-1_"}) {
    EXPECT_EQ(UnescapeLabelName(name), name);
  }
}

}  // namespace
}  // namespace vigil::server
