// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <atomic>
#include <latch>
#include <vector>

#include <gtest/gtest.h>

namespace vigil {
namespace {

TEST(ThreadPoolTest, TheDestructorRunsWhatIsQueued) {
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(3, 1000);
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(pool.TrySubmit([&ran] { ++ran; }));
  }
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPoolTest, OneThreadRunsTasksInOrder) {
  std::vector<int> order;
  {
    ThreadPool pool(1, 100);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(pool.TrySubmit([&order, i] { order.push_back(i); }));
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(ThreadPoolTest, AFullQueueRefuses) {
  std::latch running(1);
  std::latch go_on(1);
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(1, 2);
    ASSERT_TRUE(pool.TrySubmit([&] {
      running.count_down();
      go_on.wait();
      ++ran;
    }));
    running.wait();  // It waits no longer.
    EXPECT_TRUE(pool.TrySubmit([&ran] { ++ran; }));
    EXPECT_TRUE(pool.TrySubmit([&ran] { ++ran; }));
    EXPECT_FALSE(pool.TrySubmit([&ran] { ran += 100; }));
    go_on.count_down();
  }
  EXPECT_EQ(ran, 3);
}

TEST(ThreadPoolTest, TasksRunAtTheSameTime) {
  std::latch both(2);
  ThreadPool pool(2, 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(pool.TrySubmit([&both] { both.arrive_and_wait(); }));
  }
  both.wait();
}

TEST(ThreadPoolTest, ATaskMaySubmitAnother) {
  std::atomic<bool> ran = false;
  {
    ThreadPool pool(1, 1);
    std::latch submitted(1);
    EXPECT_TRUE(pool.TrySubmit([&] {
      EXPECT_TRUE(pool.TrySubmit([&ran] { ran = true; }));
      submitted.count_down();
    }));
    submitted.wait();
  }
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace vigil
