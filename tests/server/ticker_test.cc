// SPDX-License-Identifier: Apache-2.0
#include "server/ticker.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <semaphore>
#include <vector>

#include <gtest/gtest.h>

namespace vigil::server {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kLong = 3'600'000;  // Longer than the test may take.

TEST(TickerTest, TicksAtOnceAndWhenWoken) {
  ManualClock clock(5000);
  std::counting_semaphore ticked(0);
  std::vector<int64_t> times;
  {
    Ticker ticker(&clock, kLong, [&](int64_t now_ms) {
      times.push_back(now_ms);
      ticked.release();
      return kNever;
    });
    ticked.acquire();
    clock.AdvanceMs(1000);
    ticker.Wake();
    ticked.acquire();
    ticker.Wake();
    ticked.acquire();
  }
  EXPECT_EQ(times, (std::vector<int64_t>{5000, 6000, 6000}));
}

TEST(TickerTest, ComesBackWhenAskedTo) {
  SystemClock clock;
  std::counting_semaphore ticked(0);
  Ticker ticker(&clock, kLong, [&](int64_t now_ms) {
    ticked.release();
    return now_ms + 1;
  });
  for (int i = 0; i < 5; ++i) ticked.acquire();
}

TEST(TickerTest, WhatIsOverdueComesAtOnce) {
  ManualClock clock(5000);
  std::counting_semaphore ticked(0);
  Ticker ticker(&clock, kLong, [&](int64_t) {
    ticked.release();
    return int64_t{0};
  });
  for (int i = 0; i < 5; ++i) ticked.acquire();
}

TEST(TickerTest, ComesBackInAnyCase) {
  ManualClock clock(5000);  // Stands still, as one does that was set back.
  std::counting_semaphore ticked(0);
  Ticker ticker(&clock, 1, [&](int64_t) {
    ticked.release();
    return kNever;
  });
  for (int i = 0; i < 5; ++i) ticked.acquire();
}

TEST(TickerTest, AWakeDuringATickIsNotLost) {
  ManualClock clock(0);
  std::binary_semaphore inside(0);
  std::binary_semaphore go_on(0);
  std::counting_semaphore ticked(0);
  Ticker ticker(&clock, kLong, [&](int64_t) {
    inside.release();
    go_on.acquire();
    ticked.release();
    return kNever;
  });
  inside.acquire();
  ticker.Wake();
  go_on.release();
  ticked.acquire();
  inside.acquire();  // The tick of the wake.
  go_on.release();
  ticked.acquire();
}

TEST(TickerTest, DestructionWaitsForTheTick) {
  ManualClock clock(0);
  std::atomic<bool> ended = false;
  std::binary_semaphore inside(0);
  {
    Ticker ticker(&clock, kLong, [&](int64_t) {
      inside.release();
      for (int i = 0; i < 1'000'000; ++i) ended = i == 999'999;
      return kNever;
    });
    inside.acquire();
  }
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace vigil::server
