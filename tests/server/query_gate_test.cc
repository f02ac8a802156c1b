// SPDX-License-Identifier: Apache-2.0
#include "server/query_gate.h"

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

constexpr auto kNever = QueryGate::TimePoint::max();
bool Stays() { return false; }

// Lets go of everything it holds.
using Passes = std::vector<QueryGate::Pass>;

void WaitFor(const QueryGate& gate, size_t waiting) {
  while (gate.waiting() != waiting) std::this_thread::yield();
}

TEST(QueryGateTest, AsManyRunAsMay) {
  QueryGate gate({.max_running = 2, .max_waiting = 0});
  {
    Passes passes;
    for (int i = 0; i < 2; ++i) passes.push_back(gate.Enter(kNever, Stays).value());
    EXPECT_EQ(gate.running(), 2u);
    EXPECT_THAT(
        gate.Enter(kNever, Stays).status(),
        StatusIs(absl::StatusCode::kResourceExhausted,
                 AllOf(HasSubstr("2 queries run and 0 wait"), HasSubstr("server.max_queries"))));
  }
  EXPECT_EQ(gate.running(), 0u);
  EXPECT_OK(gate.Enter(kNever, Stays).status());
}

TEST(QueryGateTest, OneThatWaitsGetsItsTurn) {
  QueryGate gate({.max_running = 1, .max_waiting = 1});
  std::optional<QueryGate::Pass> pass(gate.Enter(kNever, Stays).value());
  std::atomic<bool> ran{false};
  std::thread waiter([&] {
    const auto turn = gate.Enter(kNever, Stays);
    EXPECT_OK(turn.status());
    ran = true;
  });
  WaitFor(gate, 1);
  EXPECT_FALSE(ran);
  EXPECT_THAT(gate.Enter(kNever, Stays).status(),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1 wait")));
  pass.reset();
  waiter.join();
  EXPECT_TRUE(ran);
}

TEST(QueryGateTest, TheCallersDeadlineHolds) {
  QueryGate gate({.max_running = 1, .max_waiting = 1});
  const QueryGate::Pass pass = gate.Enter(kNever, Stays).value();
  const auto deadline = std::chrono::system_clock::now() + std::chrono::milliseconds(5);
  EXPECT_THAT(gate.Enter(deadline, Stays).status(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(gate.waiting(), 0u);
}

TEST(QueryGateTest, OneWhoseClientIsGoneDoesNotWait) {
  QueryGate gate({.max_running = 1, .max_waiting = 1});
  const QueryGate::Pass pass = gate.Enter(kNever, Stays).value();
  EXPECT_THAT(gate.Enter(kNever, [] { return true; }).status(),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST(QueryGateTest, ClosingSendsAllAway) {
  QueryGate gate({.max_running = 1, .max_waiting = 5});
  const QueryGate::Pass pass = gate.Enter(kNever, Stays).value();
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] {
      EXPECT_THAT(gate.Enter(kNever, Stays).status(), StatusIs(absl::StatusCode::kUnavailable));
    });
  }
  WaitFor(gate, 3);
  EXPECT_FALSE(gate.closed());
  gate.Close();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_TRUE(gate.closed());
  EXPECT_FALSE(gate.Enter(kNever, Stays).ok());
}

TEST(QueryGateTest, ManyThreadsNeverExceedTheLimit) {
  QueryGate gate({.max_running = 3, .max_waiting = 100});
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        const auto pass = gate.Enter(kNever, Stays);
        ASSERT_OK(pass.status());
        const int now = ++running;
        int before = most.load();
        while (before < now && !most.compare_exchange_weak(before, now)) {
        }
        std::this_thread::yield();
        --running;
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done.load(), 600);
  EXPECT_LE(most.load(), 3);
}

}  // namespace
}  // namespace vigil::server
