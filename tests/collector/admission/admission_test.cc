// SPDX-License-Identifier: Apache-2.0
#include "collector/admission/admission.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::collector {
namespace {

using ::testing::ElementsAre;

AdmissionOptions Bytes(size_t in_flight, size_t head = 1000) {
  AdmissionOptions options;
  options.max_bytes_in_flight = in_flight;
  options.max_head_bytes = head;
  return options;
}

TEST(AdmissionTest, RoomIsGivenBackWithTheTicket) {
  Admission admission(Bytes(100));
  std::optional<Admission::Ticket> first(admission.Admit(60));
  EXPECT_TRUE(first->admitted());
  EXPECT_FALSE(admission.Admit(41).admitted());
  {
    const Admission::Ticket second = admission.Admit(40);
    EXPECT_TRUE(second.admitted());
    EXPECT_FALSE(admission.Admit(1).admitted());
  }
  EXPECT_TRUE(admission.Admit(40).admitted()) << "refusals take no room";
  first.reset();
  EXPECT_TRUE(admission.Admit(100).admitted());
}

TEST(AdmissionTest, ATicketCanBeMoved) {
  Admission admission(Bytes(100));
  {
    Admission::Ticket ticket = admission.Admit(100);
    const Admission::Ticket moved = std::move(ticket);
    EXPECT_TRUE(moved.admitted());
    EXPECT_FALSE(admission.Admit(1).admitted());
  }
  EXPECT_TRUE(admission.Admit(100).admitted()) << "the room is given back once";
  EXPECT_FALSE(Admission::Ticket().admitted());
}

TEST(AdmissionTest, ALoneRequestMayBeLargerThanTheBudget) {
  Admission admission(Bytes(100));
  const Admission::Ticket large = admission.Admit(1000);
  EXPECT_TRUE(large.admitted());
  EXPECT_FALSE(admission.Admit(1).admitted());
}

// What became of continuations, in order.
class Outcomes {
 public:
  Admission::Continuation Next() {
    const size_t index = all_.size();
    all_.push_back("waits");
    return [this, index](bool room) { all_[index] = room ? "runs" : "refused"; };
  }
  const std::vector<std::string>& all() const { return all_; }

 private:
  std::vector<std::string> all_;
};

TEST(AdmissionTest, RequestsWaitWhileHeadsAreFull) {
  Admission admission(Bytes(100, 1000));
  Outcomes outcomes;
  admission.WhenRoom(outcomes.Next());
  admission.Update(1001, false);
  for (int i = 0; i < 2; ++i) admission.WhenRoom(outcomes.Next());
  admission.Update(1001, false);
  EXPECT_THAT(outcomes.all(), ElementsAre("runs", "waits", "waits"));
  EXPECT_EQ(admission.waiting(), 2u);
  admission.Update(1000, false);
  EXPECT_THAT(outcomes.all(), ElementsAre("runs", "runs", "runs"));
  EXPECT_EQ(admission.waiting(), 0u);
}

TEST(AdmissionTest, WhoHasWaitedTooLongIsRefused) {
  Admission admission(Bytes(100));
  Outcomes outcomes;
  admission.Update(0, true);
  admission.WhenRoom(outcomes.Next());
  const auto now = std::chrono::steady_clock::now();
  admission.Update(0, true, now + admission.options().max_wait / 2);
  EXPECT_THAT(outcomes.all(), ElementsAre("waits"));
  admission.Update(0, true, now + 2 * admission.options().max_wait);
  EXPECT_THAT(outcomes.all(), ElementsAre("refused"));
}

TEST(AdmissionTest, RefusalsSayWhy) {
  Admission admission(Bytes(100));
  EXPECT_EQ(admission.Refusal().code(), absl::StatusCode::kResourceExhausted);
  admission.Close();
  EXPECT_EQ(admission.Refusal().code(), absl::StatusCode::kUnavailable);
}

TEST(AdmissionTest, FewWait) {
  AdmissionOptions options = Bytes(100);
  options.max_waiting = 1;
  Admission admission(options);
  Outcomes outcomes;
  admission.Update(0, true);
  for (int i = 0; i < 2; ++i) admission.WhenRoom(outcomes.Next());
  EXPECT_THAT(outcomes.all(), ElementsAre("waits", "refused"));
}

TEST(AdmissionTest, ClosingRefusesAll) {
  Admission admission(Bytes(100));
  Outcomes outcomes;
  admission.Update(0, true);
  admission.WhenRoom(outcomes.Next());
  admission.Close();
  admission.Update(0, false);
  admission.WhenRoom(outcomes.Next());
  EXPECT_THAT(outcomes.all(), ElementsAre("refused", "refused"));
}

TEST(AdmissionTest, ThreadsDoNotGoBeyondTheBudgetTogether) {
  constexpr size_t kBudget = 100;
  Admission admission(Bytes(kBudget));
  std::atomic<size_t> in_flight = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        const Admission::Ticket ticket = admission.Admit(30);
        if (!ticket.admitted()) continue;
        EXPECT_LE(in_flight.fetch_add(30) + 30, kBudget);
        in_flight.fetch_sub(30);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(admission.Admit(kBudget).admitted());
}

}  // namespace
}  // namespace vigil::collector
