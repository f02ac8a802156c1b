// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_target.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using storage::LabeledSample;

// The samples as text, without those about the scrape itself unless asked for.
std::string TextOf(const std::vector<LabeledSample>& samples, bool reports = false) {
  std::string text;
  for (const LabeledSample& sample : samples) {
    const std::string_view name = sample.labels.MetricName();
    if (!reports && (name == "up" || name.starts_with("scrape_"))) continue;
    text += fmt::format("{} {}:{}\n", sample.labels.ToString(), sample.time_ms,
                        storage::IsStale(sample.value) ? "stale" : FormatValue(sample.value));
  }
  return text;
}

// A target and the scrapes of it, a second apart.
class ScrapeTargetTest : public ::testing::Test {
 protected:
  std::string Scrape(std::string_view exposed, bool reports = false) {
    if (!state_) state_.emplace(config_, target_);
    const absl::StatusOr<Exposition> exposition = ParseExposition(exposed, false);
    EXPECT_OK(exposition);
    return TextOf(state_->ToSamples(exposition, now_ms_ += 1000, 0.25), reports);
  }
  std::string Fail(bool reports = false) {
    return TextOf(
        state_->ToSamples(absl::UnavailableError("connection refused"), now_ms_ += 1000, 10),
        reports);
  }

  ScrapeConfig config_ = [] {
    ScrapeConfig config;
    config.job_name = "j";
    return config;
  }();
  ScrapeTarget target_ = {"h:1", {}};
  std::optional<TargetState> state_;
  int64_t now_ms_ = 0;
};

TEST_F(ScrapeTargetTest, HasAUrlAndLabels) {
  config_.scheme = "https";
  config_.metrics_path = "/m";
  target_.labels = {{"zone", "b"}, {"job", "mine"}};
  const TargetState state(config_, target_);
  EXPECT_EQ(state.url(), "https://h:1/m");
  EXPECT_EQ(state.labels().ToString(), R"({instance="h:1", job="mine", zone="b"})");
}

TEST_F(ScrapeTargetTest, SamplesGetTheTargetsLabelsAndTime) {
  EXPECT_EQ(Scrape("a 1\na{x=\"y\"} 2\n"),
            "a{instance=\"h:1\", job=\"j\"} 1000:1\n"
            "a{instance=\"h:1\", job=\"j\", x=\"y\"} 1000:2\n");
}

TEST_F(ScrapeTargetTest, TellsAboutTheScrape) {
  EXPECT_EQ(Scrape("a 1\nb 2\na 3\n", true),
            "a{instance=\"h:1\", job=\"j\"} 1000:1\n"
            "b{instance=\"h:1\", job=\"j\"} 1000:2\n"
            "up{instance=\"h:1\", job=\"j\"} 1000:1\n"
            "scrape_duration_seconds{instance=\"h:1\", job=\"j\"} 1000:0.25\n"
            "scrape_samples_scraped{instance=\"h:1\", job=\"j\"} 1000:3\n"
            "scrape_samples_post_metric_relabeling{instance=\"h:1\", job=\"j\"} 1000:2\n"
            "scrape_series_added{instance=\"h:1\", job=\"j\"} 1000:2\n");
  EXPECT_EQ(Fail(true),
            "a{instance=\"h:1\", job=\"j\"} 2000:stale\n"
            "b{instance=\"h:1\", job=\"j\"} 2000:stale\n"
            "up{instance=\"h:1\", job=\"j\"} 2000:0\n"
            "scrape_duration_seconds{instance=\"h:1\", job=\"j\"} 2000:10\n"
            "scrape_samples_scraped{instance=\"h:1\", job=\"j\"} 2000:0\n"
            "scrape_samples_post_metric_relabeling{instance=\"h:1\", job=\"j\"} 2000:0\n"
            "scrape_series_added{instance=\"h:1\", job=\"j\"} 2000:0\n");
}

TEST_F(ScrapeTargetTest, WhatIsNoLongerExposedEndsOnce) {
  Scrape("a 1\nb 1\n");
  EXPECT_EQ(Scrape("a 2\n"),
            "a{instance=\"h:1\", job=\"j\"} 2000:2\n"
            "b{instance=\"h:1\", job=\"j\"} 2000:stale\n");
  EXPECT_EQ(Scrape("a 3\n"), "a{instance=\"h:1\", job=\"j\"} 3000:3\n");
  EXPECT_EQ(Fail(), "a{instance=\"h:1\", job=\"j\"} 4000:stale\n");
  EXPECT_EQ(Fail(), "");
  EXPECT_EQ(Scrape("b 5\n"), "b{instance=\"h:1\", job=\"j\"} 6000:5\n");
}

TEST_F(ScrapeTargetTest, ClashingLabelsAreRenamed) {
  EXPECT_EQ(Scrape("a{job=\"x\",exported_job=\"y\",instance=\"\"} 1\n"),
            "a{exported_exported_job=\"x\", exported_job=\"y\", instance=\"h:1\", job=\"j\"} "
            "1000:1\n");
}

TEST_F(ScrapeTargetTest, ClashingLabelsAreKeptWhenHonored) {
  config_.honor_labels = true;
  EXPECT_EQ(Scrape("a{job=\"x\"} 1\n"), "a{instance=\"h:1\", job=\"x\"} 1000:1\n");
}

TEST_F(ScrapeTargetTest, TimestampsCountAndSuchSeriesDoNotEnd) {
  EXPECT_EQ(Scrape("a 1 77\nb 2\n"),
            "a{instance=\"h:1\", job=\"j\"} 77:1\n"
            "b{instance=\"h:1\", job=\"j\"} 1000:2\n");
  EXPECT_EQ(Fail(), "b{instance=\"h:1\", job=\"j\"} 2000:stale\n");
}

TEST_F(ScrapeTargetTest, TimestampsAreIgnoredUnlessHonored) {
  config_.honor_timestamps = false;
  EXPECT_EQ(Scrape("a 1 77\n"), "a{instance=\"h:1\", job=\"j\"} 1000:1\n");
  EXPECT_EQ(Fail(), "a{instance=\"h:1\", job=\"j\"} 2000:stale\n");
}

TEST_F(ScrapeTargetTest, MetadataIsTheFamilys) {
  state_.emplace(config_, target_);
  const absl::StatusOr<Exposition> exposition =
      ParseExposition("# TYPE a counter\n# HELP a what\na_total 1\nb 2\n", false);
  const std::vector<LabeledSample> samples = state_->ToSamples(exposition, 1000, 0);
  ASSERT_NE(samples[0].metadata, nullptr);
  EXPECT_EQ(*samples[0].metadata,
            (storage::MetricMetadata{storage::MetricType::kCounter, "", "what"}));
  EXPECT_EQ(*samples[1].metadata, storage::MetricMetadata());
}

}  // namespace
}  // namespace vigil::collector
