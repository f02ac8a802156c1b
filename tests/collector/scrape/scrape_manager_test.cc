// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_manager.h"

#include <chrono>
#include <condition_variable>
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
#include "tests/alerting/notify/http_test_server.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::chrono::seconds kPatience(5);

// What was written of `up`, as text.
class Ups {
 public:
  void Add(std::string text) {
    {
      MutexLock lock(&mutex_);
      texts_.push_back(std::move(text));
    }
    changed_.notify_all();
  }
  // Waits until there are so many, or for as long as that takes on the slowest machine. All that
  // there are.
  std::vector<std::string> Await(size_t count) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    MutexLock lock(&mutex_);
    while (texts_.size() < count) {
      if (changed_.wait_until(mutex_, end) == std::cv_status::timeout) break;
    }
    return texts_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> texts_ ABSL_GUARDED_BY(mutex_);
};

class UpSink final : public ScrapeSink {
 public:
  explicit UpSink(Ups* ups) : ups_(*ups) {}
  absl::StatusOr<storage::SeriesRef> GetOrCreateSeries(const storage::Labels& labels,
                                                       const storage::MetricMetadata&) override {
    MutexLock lock(&mutex_);
    series_.push_back(labels);
    return storage::SeriesRef{series_.size() - 1};
  }
  absl::StatusOr<storage::WriteResult> Write(const storage::MetricBatch& batch) override {
    batch.ForEachFloat([this](storage::SeriesRef ref, int64_t, double value) {
      storage::Labels labels;
      {
        MutexLock lock(&mutex_);
        labels = series_[static_cast<uint64_t>(ref)];
      }
      if (labels.MetricName() != "up") return;
      ups_.Add(fmt::format("{} {}", labels.Get("job"),
                           storage::IsStale(value) ? "stale" : fmt::to_string(value)));
    });
    return storage::WriteResult();
  }

 private:
  Ups& ups_;
  Mutex mutex_;
  std::vector<storage::Labels> series_ ABSL_GUARDED_BY(mutex_);
};

class ScrapeManagerTest : public ::testing::Test {
 protected:
  ScrapeManagerTest()
      : manager_(ScrapeManager::Start(std::make_unique<UpSink>(&ups_), &clock_, "tester").value()) {
  }

  // A job whose only target is the server.
  std::string Job(const std::string& name, const std::string& path) {
    const std::string address = server_.Url("").substr(std::string("http://").size());
    return fmt::format(
        "{{job_name: {}, metrics_path: {}, scrape_interval: 10s, scrape_timeout: 10s, "
        "static_configs: [{{targets: ['{}']}}]}}",
        name, path, address);
  }
  void Set(const std::string& jobs) {
    YamlErrors errors("f.yaml");
    std::vector<ScrapeConfig> configs =
        ReadScrapeConfigs(YAML::Load("[" + jobs + "]"), {}, &errors);
    EXPECT_OK(errors.ToStatus());
    manager_->SetConfigs(std::move(configs));
  }
  // Within an interval each target has its turn. New configurations wake the manager at once.
  void PassInterval(const std::string& jobs) {
    clock_.AdvanceMs(10'000);
    Set(jobs);
  }
  // Passes an interval and waits until there are so many. A target that has written, but not quite
  // ended its scrape, is passed over: then it is the next interval that brings them.
  std::vector<std::string> PassUntil(const std::string& jobs, size_t count) {
    std::vector<std::string> ups;
    while (ups.size() < count) {
      PassInterval(jobs);
      ups = ups_.Await(count);
    }
    return ups;
  }

  ManualClock clock_{1'700'000'000'000};
  alerting::HttpTestServer server_;
  Ups ups_;
  std::unique_ptr<ScrapeManager> manager_;
};

TEST_F(ScrapeManagerTest, BeginsWithNothing) {
  const ScrapeStatus status = manager_->Status();
  EXPECT_THAT(status.job_names, IsEmpty());
  EXPECT_THAT(status.targets, IsEmpty());
}

TEST_F(ScrapeManagerTest, ScrapesOnceAnIntervalAndTellsHowItWent) {
  const std::string jobs = Job("down", "/status/503");
  Set(jobs);
  EXPECT_THAT(manager_->Status().job_names, ElementsAre("down"));
  ASSERT_THAT(manager_->Status().targets, SizeIs(1));
  EXPECT_THAT(PassUntil(jobs, 1), ElementsAre("down 0"));
  EXPECT_THAT(PassUntil(jobs, 2), ElementsAre("down 0", "down 0"));
  const std::vector<TargetStatus> targets = manager_->Status().targets;
  ASSERT_THAT(targets, SizeIs(1));
  EXPECT_EQ(targets[0].health, TargetHealth::kDown);
  EXPECT_THAT(targets[0].last_error, HasSubstr("server returned HTTP status 503"));
  EXPECT_EQ(server_.Requests()[0].line, "GET /status/503 HTTP/1.1");
  EXPECT_THAT(server_.Requests()[0].headers, HasSubstr("User-Agent: tester"));
}

TEST_F(ScrapeManagerTest, TargetsThatGoEndTheirSeriesWhenTheyWereDue) {
  const std::string stays = Job("stays", "/status/404");
  const std::string both = stays + ", " + Job("goes", "/status/503");
  Set(both);
  PassUntil(both, 2);
  Set(stays);
  EXPECT_THAT(manager_->Status().job_names, ElementsAre("stays"));
  const std::vector<std::string> ups = PassUntil(stays, 4);
  EXPECT_THAT(std::vector<std::string>(ups.begin() + 2, ups.end()),
              ::testing::UnorderedElementsAre("stays 0", "goes stale"));
}

TEST_F(ScrapeManagerTest, WhatStaysKeepsWhatIsKnownOfIt) {
  const std::string jobs = Job("j", "/status/404");
  Set(jobs);
  PassUntil(jobs, 1);
  const int64_t scraped_ms = manager_->Status().targets[0].last_scrape_ms;
  EXPECT_GT(scraped_ms, 0);
  Set(jobs);
  EXPECT_EQ(manager_->Status().targets[0].last_scrape_ms, scraped_ms);
}

TEST_F(ScrapeManagerTest, EndsWhileAScrapeHangs) {
  const std::string jobs = Job("j", "/hang");
  Set(jobs);
  PassInterval(jobs);
  server_.AwaitRequests(1);
  manager_.reset();
  EXPECT_THAT(server_.Requests(), SizeIs(1));
}

}  // namespace
}  // namespace vigil::collector
