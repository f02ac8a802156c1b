// SPDX-License-Identifier: Apache-2.0
#include "server/rule_watch.h"

#include <chrono>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/file.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

// Waits for calls.
class Calls {
 public:
  void Add() {
    const MutexLock lock(&mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool Reach(int count) {
    const MutexLock lock(&mutex_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (count_ < count) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) return false;
    }
    return count_ == count;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST(RuleWatchTest, ChangesSinceTheFilesWereReadHaveThemReloaded) {
  const std::string directory = ::testing::TempDir() + "/rule_watch";
  ASSERT_OK(MakeDirectories(directory));
  const std::string file = directory + "/r.yml";
  ASSERT_OK(WriteFile(file, "1"));
  const SystemClock clock;
  Calls calls;
  {
    RuleWatch watch([&calls] { calls.Add(); });
    watch.Watch({directory + "/*.yml"});
    ASSERT_OK(WriteFile(file, "22"));
    watch.Start(&clock);
    EXPECT_TRUE(calls.Reach(1));
    ASSERT_OK(WriteFile(file, "333"));
    EXPECT_TRUE(calls.Reach(2));
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace vigil::server
