// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_job.h"

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Answers at once with one sample, and remembers what was asked.
class FakeClient final : public HttpClient {
 public:
  void Get(HttpGet get, const HttpConfig&, Done done) override {
    asked.push_back(std::move(get));
    done(HttpAnswer{"a 1\n", "text/plain"});
  }
  std::vector<HttpGet> asked;
};

// Remembers samples as text.
class FakeSink final : public ScrapeSink {
 public:
  absl::StatusOr<storage::SeriesRef> GetOrCreateSeries(const storage::Labels& labels,
                                                       const storage::MetricMetadata&) override {
    MutexLock lock(&mutex_);
    series_.push_back(labels);
    return storage::SeriesRef{series_.size() - 1};
  }
  absl::StatusOr<storage::WriteResult> Write(const storage::MetricBatch& batch) override {
    MutexLock lock(&mutex_);
    batch.ForEachFloat([this](storage::SeriesRef ref, int64_t time_ms, double value) {
      const storage::Labels& labels = series_[static_cast<uint64_t>(ref)];
      if (labels.MetricName().starts_with("scrape_")) return;
      text_ += fmt::format("{}@{} {} {}\n", labels.MetricName(), labels.Get("instance"), time_ms,
                           storage::IsStale(value) ? "stale" : fmt::to_string(value));
    });
    return storage::WriteResult();
  }
  std::string TakeText() {
    MutexLock lock(&mutex_);
    return std::exchange(text_, "");
  }

 private:
  Mutex mutex_;
  std::vector<storage::Labels> series_;
  std::string text_;
};

class ScrapeJobTest : public ::testing::Test {
 protected:
  static ScrapeConfig Config(const std::string& yaml) {
    YamlErrors errors("f.yaml");
    std::vector<ScrapeConfig> configs =
        ReadScrapeConfigs(YAML::Load("[{job_name: j, " + yaml + "}]"), {}, &errors);
    EXPECT_OK(errors.ToStatus());
    return std::move(configs[0]);
  }
  void Start(const std::string& yaml) {
    job_ = std::make_unique<ScrapeJob>(ScrapeTools{&client_, &workers_, &sink_, &clock_},
                                       Config(yaml));
    job_->Discover(0, &gone_);
  }
  void Change(const std::string& yaml) {
    job_->SetConfig(Config(yaml));
    job_->Discover(0, &gone_);
  }
  std::vector<std::string> Urls() {
    std::vector<std::string> urls;
    for (const ScheduledTarget& target : job_->targets()) urls.push_back(target.runner->url());
    return urls;
  }
  // Scrapes all targets and waits for what comes of it.
  std::string Scrape(int64_t time_ms) {
    for (const ScheduledTarget& target : job_->targets()) target.runner->Begin(time_ms);
    std::promise<void> done;  // Behind all that was handed to the only worker.
    EXPECT_TRUE(workers_.TrySubmit([&done] { done.set_value(); }));
    done.get_future().wait();
    return sink_.TakeText();
  }

  ManualClock clock_;
  FakeClient client_;
  FakeSink sink_;
  ThreadPool workers_{1, 100};
  std::unique_ptr<ScrapeJob> job_;
  std::vector<ScheduledTarget> gone_;
};

TEST_F(ScrapeJobTest, TheSameTargetTwiceIsOne) {
  Start("static_configs: [{targets: ['a:1', 'b:1', 'a:1']}, {targets: ['a:1'], labels: {x: y}}]");
  EXPECT_THAT(Urls(),
              ElementsAre("http://a:1/metrics", "http://b:1/metrics", "http://a:1/metrics"));
}

TEST_F(ScrapeJobTest, ScrapesAndRemembersHowItWent) {
  Start("scrape_timeout: 1500ms, body_size_limit: 100B, static_configs: [{targets: ['a:1']}]");
  EXPECT_EQ(Scrape(1000), "a@a:1 1000 1\nup@a:1 1000 1\n");
  ASSERT_EQ(client_.asked.size(), 1u);
  EXPECT_EQ(client_.asked[0].timeout_ms, 1500);
  EXPECT_EQ(client_.asked[0].max_body_bytes, 100u);
  EXPECT_THAT(client_.asked[0].headers,
              ElementsAre(HasSubstr("Accept: application/openmetrics-text"),
                          "X-Prometheus-Scrape-Timeout-Seconds: 1.5"));
  const TargetStatus status = job_->targets()[0].runner->Status();
  EXPECT_EQ(status.health, TargetHealth::kUp);
  EXPECT_EQ(status.last_scrape_ms, 1000);
}

TEST_F(ScrapeJobTest, StatusHasWhatIsDropped) {
  Start(
      "keep_dropped_targets: 1, static_configs: [{targets: ['a:1', 'b:1', 'c:1', 'http://bad/']}], "
      "relabel_configs: [{source_labels: [__address__], regex: '[ab].*', action: drop}]");
  ScrapeStatus status;
  job_->AddStatus(&status);
  EXPECT_THAT(status.job_names, ElementsAre("j"));
  ASSERT_EQ(status.targets.size(), 1u);
  EXPECT_EQ(status.targets[0].address, "c:1");
  ASSERT_EQ(status.dropped.size(), 1u);
  EXPECT_EQ(status.dropped[0].discovered_labels.Get("__address__"), "a:1");
  EXPECT_EQ(status.dropped_counts["j"], 2u);
}

TEST_F(ScrapeJobTest, TooManyTargetsAreAllRefused) {
  Start("target_limit: 1, static_configs: [{targets: ['a:1', 'b:1']}]");
  EXPECT_EQ(Scrape(1000), "up@a:1 1000 0\nup@b:1 1000 0\n");
  EXPECT_TRUE(client_.asked.empty());
  EXPECT_THAT(job_->targets()[0].runner->Status().last_error, HasSubstr("target_limit exceeded"));
  Change("target_limit: 2, static_configs: [{targets: ['a:1', 'b:1']}]");
  Scrape(2000);
  EXPECT_EQ(client_.asked.size(), 2u);
}

TEST_F(ScrapeJobTest, WhatStaysKeepsItsPlaceAndWhatIsKnownOfIt) {
  Start("static_configs: [{targets: ['a:1', 'b:1']}]");
  Scrape(1000);
  const std::shared_ptr<TargetRunner> a = job_->targets()[0].runner;
  const int64_t due_ms = job_->targets()[0].due_ms += 60'000;
  Change(
      "metric_relabel_configs: [{source_labels: [__name__], regex: a, action: drop}], "
      "static_configs: [{targets: ['c:1', 'a:1']}]");
  EXPECT_THAT(Urls(), ElementsAre("http://c:1/metrics", "http://a:1/metrics"));
  EXPECT_EQ(job_->targets()[1].runner, a);
  EXPECT_EQ(job_->targets()[1].due_ms, due_ms);
  ASSERT_EQ(gone_.size(), 1u);
  EXPECT_EQ(gone_[0].runner->url(), "http://b:1/metrics");
  EXPECT_EQ(Scrape(2000), "up@c:1 2000 1\na@a:1 2000 stale\nup@a:1 2000 1\n");
}

TEST_F(ScrapeJobTest, WhatIsBackGoesOn) {
  Start("static_configs: [{targets: ['a:1']}]");
  const std::shared_ptr<TargetRunner> a = job_->targets()[0].runner;
  Change("static_configs: []");
  EXPECT_EQ(gone_.size(), 1u);
  Change("static_configs: [{targets: ['a:1']}]");
  EXPECT_TRUE(gone_.empty());
  EXPECT_EQ(job_->targets()[0].runner, a);
}

TEST_F(ScrapeJobTest, AnotherIntervalIsAnotherPlace) {
  Start("static_configs: [{targets: ['a:1']}]");
  Change("scrape_interval: 5s, static_configs: [{targets: ['a:1']}]");
  EXPECT_EQ(job_->targets()[0].interval_ms, 5000);
  EXPECT_LE(job_->targets()[0].due_ms, 5000);
  EXPECT_TRUE(gone_.empty());
}

TEST_F(ScrapeJobTest, WhatIsGoneEndsAndStoresNothingMore) {
  Start("static_configs: [{targets: ['a:1']}]");
  Scrape(1000);
  const std::shared_ptr<TargetRunner> a = job_->targets()[0].runner;
  a->End(2000, true);
  EXPECT_EQ(sink_.TakeText(), "a@a:1 2000 stale\nup@a:1 2000 stale\n");
  EXPECT_EQ(Scrape(3000), "");
}

}  // namespace
}  // namespace vigil::collector
