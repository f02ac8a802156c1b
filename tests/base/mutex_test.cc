// SPDX-License-Identifier: Apache-2.0
#include "base/mutex.h"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace vigil {
namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 20'000;

TEST(MutexTest, OneHolderAtATime) {
  Mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        const MutexLock lock(&mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, kThreads * kRounds);
}

TEST(MutexTest, TryLockFailsWhileItIsHeld) {
  Mutex mutex;
  ASSERT_TRUE(mutex.try_lock());
  bool other_got_it = true;
  std::thread other([&] {
    other_got_it = mutex.try_lock();
    if (other_got_it) mutex.unlock();
  });
  other.join();
  mutex.unlock();
  EXPECT_FALSE(other_got_it);
}

TEST(MutexTest, AConditionWaits) {
  Mutex mutex;
  CondVar changed;
  int turn = 0;
  std::thread other([&] {
    for (int i = 1; i < 100; i += 2) {
      const MutexLock lock(&mutex);
      while (turn != i) changed.wait(mutex);
      ++turn;
      changed.notify_all();
    }
  });
  for (int i = 0; i < 100; i += 2) {
    const MutexLock lock(&mutex);
    while (turn != i) changed.wait(mutex);
    ++turn;
    changed.notify_all();
  }
  other.join();
  EXPECT_EQ(turn, 100);
}

TEST(SharedMutexTest, ReadersShare) {
  SharedMutex mutex;
  std::latch inside(2);
  const auto read = [&] {
    const ReaderLock lock(&mutex);
    inside.arrive_and_wait();  // Both hold it now.
  };
  std::thread other(read);
  read();
  other.join();
}

TEST(SharedMutexTest, WritersExcludeEverybody) {
  SharedMutex mutex;
  int first = 0;
  int second = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        if (t % 2 == 0) {
          const WriterLock lock(&mutex);
          ++first;
          ++second;
        } else {
          const ReaderLock lock(&mutex);
          EXPECT_EQ(first, second);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, kThreads / 2 * kRounds);
}

}  // namespace
}  // namespace vigil
