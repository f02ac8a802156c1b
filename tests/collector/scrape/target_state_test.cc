// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/target_state.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/strings.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Keeps series in memory and counts how often it is asked for them.
class FakeSink final : public ScrapeSink {
 public:
  absl::StatusOr<storage::SeriesRef> GetOrCreateSeries(
      const storage::Labels& labels, const storage::MetricMetadata& metadata) override {
    ++asked;
    if (labels.MetricName() == refused) return absl::ResourceExhaustedError("too many series");
    last_metadata = metadata;
    for (size_t i = 0; i < series.size(); ++i) {
      if (series[i] == labels) return storage::SeriesRef{i};
    }
    series.push_back(labels);
    return storage::SeriesRef{series.size() - 1};
  }
  absl::StatusOr<storage::WriteResult> Write(const storage::MetricBatch&) override {
    return storage::WriteResult();
  }
  std::string NameOf(storage::SeriesRef ref) const {
    return series[static_cast<uint64_t>(ref)].ToString();
  }

  std::vector<storage::Labels> series;
  int asked = 0;
  std::string refused = "none";
  storage::MetricMetadata last_metadata;
};

// A target and the scrapes of it, a second apart.
class TargetStateTest : public ::testing::Test {
 protected:
  // The job `yaml`, in flow style without the braces.
  void Configure(const std::string& yaml) {
    YamlErrors errors("f.yaml");
    std::vector<ScrapeConfig> configs =
        ReadScrapeConfigs(YAML::Load("[{job_name: j, " + yaml + "}]"), {}, &errors);
    ASSERT_OK(errors.ToStatus());
    auto config = std::make_shared<const ScrapeConfig>(std::move(configs[0]));
    if (state_.has_value()) {
      state_->SetConfig(std::move(config), 10'000);
    } else {
      state_.emplace(std::move(config), labels_, 10'000);
    }
  }

  std::string Take(const absl::StatusOr<HttpAnswer>& answer, bool reports) {
    if (!state_.has_value()) Configure("");
    batch_.Clear();
    const ScrapeResult result = state_->Take(answer, now_ms_ += 1000, 0.25, &sink_, &batch_);
    error_ = MessageOf(result.status);
    families_ = result.families;
    refused_ = result.refused;
    return BatchText(reports);
  }
  std::string Scrape(std::string body, bool reports = false,
                     const std::string& type = "text/plain") {
    return Take(HttpAnswer{std::move(body), type}, reports);
  }
  std::string OpenMetrics(const std::string& body) {
    return Scrape(body + "# EOF\n", false, "application/openmetrics-text");
  }
  std::string Fail(bool reports = false) {
    return Take(absl::UnavailableError("connection refused"), reports);
  }
  std::string End() {
    batch_.Clear();
    state_->End(now_ms_ += 1000, &batch_);
    return BatchText(true);
  }

  // Without the target's labels, and without the series about the scrape unless asked for.
  std::string BatchText(bool reports) const {
    std::string text;
    const auto add = [&](storage::SeriesRef ref, int64_t time_ms, const std::string& value) {
      std::string name = sink_.NameOf(ref);
      if (!reports && (name.starts_with("up") || name.starts_with("scrape_"))) return;
      const std::string own = "instance=\"h:1\", job=\"j\"";
      if (const size_t at = name.find(own); at != std::string::npos)
        name.replace(at, own.size(), "*");
      text += fmt::format("{} {}:{}\n", name, time_ms, value);
    };
    batch_.ForEachFloat([&](storage::SeriesRef ref, int64_t time_ms, double value) {
      add(ref, time_ms, storage::IsStale(value) ? "stale" : FormatValue(value));
    });
    for (const storage::HistogramSample& sample : batch_.histograms) {
      add(sample.series, sample.time_ms, fmt::format("histogram {}", sample.histogram->count));
    }
    for (const storage::ExemplarSample& sample : batch_.exemplars) {
      add(sample.series, sample.exemplar.time_ms,
          fmt::format("exemplar {} {}", sample.exemplar.labels.ToString(),
                      FormatValue(sample.exemplar.value)));
    }
    return text;
  }

  FakeSink sink_;
  storage::Labels labels_{{"instance", "h:1"}, {"job", "j"}};
  std::optional<TargetState> state_;
  storage::MetricBatch batch_;
  int64_t now_ms_ = 0;
  std::string error_;
  int64_t refused_ = 0;
  std::shared_ptr<const std::vector<MetricFamily>> families_;
};

TEST_F(TargetStateTest, SamplesGetTheTargetsLabelsAndTime) {
  EXPECT_EQ(Scrape("a 1\na{x=\"y\"} 2\n"), "a{*} 1000:1\na{*, x=\"y\"} 1000:2\n");
}

TEST_F(TargetStateTest, TellsAboutTheScrape) {
  EXPECT_EQ(Scrape("a 1\nb 2\na 3\n", true),
            "a{*} 1000:1\n"
            "b{*} 1000:2\n"
            "up{*} 1000:1\n"
            "scrape_duration_seconds{*} 1000:0.25\n"
            "scrape_samples_scraped{*} 1000:3\n"
            "scrape_samples_post_metric_relabeling{*} 1000:3\n"
            "scrape_series_added{*} 1000:2\n");
  EXPECT_EQ(Fail(true),
            "a{*} 2000:stale\n"
            "b{*} 2000:stale\n"
            "up{*} 2000:0\n"
            "scrape_duration_seconds{*} 2000:0.25\n"
            "scrape_samples_scraped{*} 2000:0\n"
            "scrape_samples_post_metric_relabeling{*} 2000:0\n"
            "scrape_series_added{*} 2000:0\n");
  EXPECT_EQ(error_, "connection refused");
}

TEST_F(TargetStateTest, TellsMoreWhenAsked) {
  Configure("extra_scrape_metrics: true, sample_limit: 5");
  const std::string text = Scrape("a 1\n", true);
  EXPECT_THAT(text, HasSubstr("scrape_timeout_seconds{*} 1000:10\n"));
  EXPECT_THAT(text, HasSubstr("scrape_sample_limit{*} 1000:5\n"));
  EXPECT_THAT(text, HasSubstr("scrape_body_size_bytes{*} 1000:4\n"));
  EXPECT_THAT(Take(absl::ResourceExhaustedError("large"), true),
              HasSubstr("scrape_body_size_bytes{*} 2000:-1\n"));
}

TEST_F(TargetStateTest, WhatIsNoLongerExposedEndsOnce) {
  Scrape("a 1\nb 1\n");
  EXPECT_EQ(Scrape("a 2\n"), "a{*} 2000:2\nb{*} 2000:stale\n");
  EXPECT_EQ(Scrape("a 3\n"), "a{*} 3000:3\n");
  EXPECT_EQ(Fail(), "a{*} 4000:stale\n");
  EXPECT_EQ(Fail(), "");
  EXPECT_EQ(Scrape("b 5\n"), "b{*} 6000:5\n");
}

TEST_F(TargetStateTest, WhatIsKnownIsNotAskedForAgain) {
  Scrape("a 1\nb 1\nc 1\n");
  sink_.asked = 0;
  EXPECT_EQ(Scrape("b 2\na 2\nb 3\nc 2\n"), "b{*} 2000:2\na{*} 2000:2\nc{*} 2000:2\n");
  Fail();
  EXPECT_EQ(Scrape("a 4\nd{x=\"\"} 4\n"), "a{*} 4000:4\nd{*} 4000:4\n");
  EXPECT_EQ(sink_.asked, 1);
}

TEST_F(TargetStateTest, TwoSpellingsOfASeriesAreOne) {
  EXPECT_EQ(Scrape("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n"),
            "a{*, x=\"1\", y=\"2\"} 1000:1\n");
  EXPECT_EQ(Scrape("a{y=\"2\",x=\"1\"} 3\n"), "a{*, x=\"1\", y=\"2\"} 2000:3\n");
}

TEST_F(TargetStateTest, BoundsFollowTheTypeOfTheFamily) {
  EXPECT_EQ(Scrape("a{le=\"1\"} 1\n"), "a{*, le=\"1\"} 1000:1\n");
  EXPECT_EQ(Scrape("# TYPE a histogram\na{le=\"1\"} 2\n"),
            "a{*, le=\"1.0\"} 2000:2\na{*, le=\"1\"} 2000:stale\n");
}

TEST_F(TargetStateTest, ManyKeysAreForgotten) {
  for (int round = 0; round < 5; ++round) {
    std::string body;
    for (int i = 0; i < 2000; ++i) body += fmt::format("a{{i=\"{}\"}} 1\n", 10'000 * round + i);
    const std::string text = Scrape(body);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), round == 0 ? 2000 : 4000);
  }
  EXPECT_EQ(Scrape("b 1\n").find("b{*} 6000:1\n"), 0u);
  EXPECT_EQ(Scrape("b 2\n"), "b{*} 7000:2\n");
}

TEST_F(TargetStateTest, ClashingLabelsAreRenamed) {
  EXPECT_EQ(Scrape("a{job=\"x\",exported_job=\"y\",instance=\"\"} 1\n"),
            "a{exported_exported_job=\"x\", exported_job=\"y\", *} 1000:1\n");
}

TEST_F(TargetStateTest, ClashingLabelsAreKeptWhenHonored) {
  Configure("honor_labels: true");
  EXPECT_EQ(Scrape("a{job=\"x\",instance=\"\"} 1\n"), "a{job=\"x\"} 1000:1\n");
}

TEST_F(TargetStateTest, TimestampsCountAndSuchSeriesDoNotEnd) {
  EXPECT_EQ(Scrape("a 1 77\nb 2\na 3 78\n"), "a{*} 77:1\nb{*} 1000:2\na{*} 78:3\n");
  EXPECT_EQ(Fail(), "b{*} 2000:stale\n");
}

TEST_F(TargetStateTest, SuchSeriesEndIfTheyAreTracked) {
  Configure("track_timestamps_staleness: true");
  EXPECT_EQ(Scrape("a 1 77\n"), "a{*} 77:1\n");
  EXPECT_EQ(Fail(), "a{*} 2000:stale\n");
}

TEST_F(TargetStateTest, TimestampsAreIgnoredUnlessHonored) {
  Configure("honor_timestamps: false");
  EXPECT_EQ(Scrape("a 1 77\n"), "a{*} 1000:1\n");
  EXPECT_EQ(Fail(), "a{*} 2000:stale\n");
}

TEST_F(TargetStateTest, RelabellingDropsAndRenames) {
  Configure(
      "metric_relabel_configs: [{source_labels: [__name__], regex: go_.*, action: drop}, "
      "{regex: id, action: labeldrop}, {source_labels: [__name__], regex: (.*)_seconds, "
      "target_label: __name__}]");
  EXPECT_EQ(Scrape("go_a 1\nb_seconds{id=\"1\"} 2\nb{id=\"2\"} 3\nc 4\n"),
            "b{*} 1000:2\nc{*} 1000:4\n");
  const std::string reports = Scrape("go_a 1\nb 2\n", true);
  EXPECT_THAT(reports, HasSubstr("scrape_samples_scraped{*} 2000:2\n"));
  EXPECT_THAT(reports, HasSubstr("scrape_samples_post_metric_relabeling{*} 2000:1\n"));
}

TEST_F(TargetStateTest, SeriesThatAreExposedTwiceAreCountedTwice) {
  const std::string all = Scrape("a 1\na 2\nb{x=\"1\",y=\"2\"} 3\nb{y=\"2\",x=\"1\"} 4\n", true);
  EXPECT_THAT(all, HasSubstr("a{*} 1000:1\n"));
  EXPECT_THAT(all, HasSubstr("scrape_samples_scraped{*} 1000:4\n"));
  EXPECT_THAT(all, HasSubstr("scrape_samples_post_metric_relabeling{*} 1000:4\n"));
  EXPECT_THAT(all, HasSubstr("scrape_series_added{*} 1000:2\n"));
}

TEST_F(TargetStateTest, AnEndpointMayExposeNothing) {
  Scrape("a 1\n");
  const std::string ended = Scrape("", true, "application/openmetrics-text");
  EXPECT_THAT(ended, HasSubstr("a{*} 2000:stale\n"));
  EXPECT_THAT(ended, HasSubstr("up{*} 2000:1\n"));
  EXPECT_THAT(Scrape("", true, "text/html"), HasSubstr("up{*} 3000:0\n"));
}

TEST_F(TargetStateTest, ANewConfigurationAppliesToWhatIsKnown) {
  Scrape("a 1\nb 1\n");
  Configure("metric_relabel_configs: [{source_labels: [__name__], regex: a, action: drop}]");
  EXPECT_EQ(Scrape("a 2\nb 2\n"), "b{*} 2000:2\na{*} 2000:stale\n");
}

TEST_F(TargetStateTest, LimitsFailTheScrapeWhole) {
  Configure("sample_limit: 2");
  EXPECT_EQ(Scrape("a 1\nb 1\n"), "a{*} 1000:1\nb{*} 1000:1\n");
  EXPECT_EQ(
      Scrape("a 1\nb 1\nc 1\n", true).find("a{*} 2000:stale\nb{*} 2000:stale\nup{*} 2000:0\n"), 0u);
  EXPECT_THAT(error_, HasSubstr("sample_limit exceeded: there are 3 samples, at most 2"));
  Configure("label_limit: 4");
  EXPECT_EQ(Scrape("a{x=\"1\"} 1\n"), "a{*, x=\"1\"} 3000:1\n");
  EXPECT_EQ(Scrape("a{x=\"1\",y=\"2\"} 1\n"), "a{*, x=\"1\"} 4000:stale\n");
  EXPECT_THAT(error_, HasSubstr("label_limit exceeded"));
  Configure("label_name_length_limit: 8");
  Scrape("a{ninechars=\"1\"} 1\n");
  EXPECT_THAT(error_, HasSubstr("label_name_length_limit exceeded"));
  Configure("label_value_length_limit: 8");
  Scrape("a{x=\"ninechars\"} 1\n");
  EXPECT_THAT(error_, HasSubstr("label_value_length_limit exceeded"));
  Configure("metric_name_validation_scheme: legacy");
  Scrape("{\"a.b\"} 1\n");
  EXPECT_THAT(error_, HasSubstr("metric_name_validation_scheme"));
  Configure("metric_relabel_configs: [{action: labeldrop, regex: __name__}]");
  Scrape("a 1\n");
  EXPECT_THAT(error_, HasSubstr("relabelling leaves no metric name"));
}

TEST_F(TargetStateTest, WhatIsMalformedIsTakenNotAtAll) {
  Scrape("a 1\n");
  EXPECT_EQ(Scrape("a 2\nb\n"), "a{*} 2000:stale\n");
  EXPECT_EQ(error_, "line 2: \"\" is not a value");
  EXPECT_EQ(Scrape("a 2\n", false, "text/html"), "");
  EXPECT_THAT(error_, HasSubstr("fallback_scrape_protocol"));
  Configure("fallback_scrape_protocol: PrometheusText0.0.4");
  EXPECT_EQ(Scrape("a 2\n", false, "text/html"), "a{*} 4000:2\n");
}

TEST_F(TargetStateTest, WhatIsCountedOfAFailedScrapeAreItsSamples) {
  EXPECT_THAT(Scrape("a 1\nb{x=1} 2\n", true), HasSubstr("scrape_samples_scraped{*} 1000:1\n"));
  EXPECT_THAT(Scrape("b{x=1} 2\n", true), HasSubstr("scrape_samples_scraped{*} 2000:0\n"));
  EXPECT_THAT(Scrape("b\n", true), HasSubstr("scrape_samples_scraped{*} 3000:0\n"));
}

TEST_F(TargetStateTest, ExemplarsHaveTheirTimeOrThatOfTheSample) {
  EXPECT_EQ(OpenMetrics("a_total 1 # {t=\"x\"} 0.5 7.5\nb_total 1 # {t=\"y\"} 0.5\n"),
            "a_total{*} 1000:1\nb_total{*} 1000:1\na_total{*} 7500:exemplar {t=\"x\"} 0.5\n"
            "b_total{*} 1000:exemplar {t=\"y\"} 0.5\n");
  // Without a time it is the same for as long as it is exposed.
  EXPECT_EQ(OpenMetrics("b_total 2 # {t=\"y\"} 0.5\n"),
            "b_total{*} 2000:2\na_total{*} 2000:stale\n");
  EXPECT_THAT(OpenMetrics("b_total 3 # {t=\"y\"} 1.5\n"), HasSubstr("3000:exemplar"));
  // Labels that are too long.
  EXPECT_THAT(OpenMetrics("b_total 4 # {t=\"" + std::string(128, 'x') + "\"} 1\n"),
              Not(HasSubstr("exemplar")));
}

TEST_F(TargetStateTest, MetadataIsTheFamilys) {
  Scrape("# TYPE a counter\n# HELP a what\na_total 1\nb 2\n");
  EXPECT_EQ(sink_.last_metadata, storage::MetricMetadata());
  ASSERT_NE(families_, nullptr);
  ASSERT_EQ(families_->size(), 1u);
  EXPECT_EQ((*families_)[0].name, "a");
  sink_.asked = 0;
  // What changes is told again.
  Scrape("# TYPE a counter\n# HELP a what else\na_total 1\nb 2\n");
  EXPECT_EQ(sink_.asked, 1);
  EXPECT_EQ(sink_.last_metadata,
            (storage::MetricMetadata{storage::MetricType::kCounter, "", "what else"}));
}

TEST_F(TargetStateTest, SeriesThatTheStoreRefusesAreTriedAgain) {
  sink_.refused = "a";
  EXPECT_EQ(Scrape("a 1\nb 1\n"), "b{*} 1000:1\n");
  EXPECT_EQ(refused_, 1);
  sink_.refused = "none";
  EXPECT_EQ(Scrape("a 2\nb 2\n"), "a{*} 2000:2\nb{*} 2000:2\n");
}

TEST_F(TargetStateTest, EndsAltogether) {
  Scrape("a 1\n");
  const std::string text = End();
  EXPECT_THAT(text, HasSubstr("a{*} 2000:stale\n"));
  EXPECT_THAT(text, HasSubstr("up{*} 2000:stale\n"));
  EXPECT_THAT(text, HasSubstr("scrape_series_added{*} 2000:stale\n"));
  EXPECT_EQ(End(), "");
}

}  // namespace
}  // namespace vigil::collector
