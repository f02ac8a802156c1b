// SPDX-License-Identifier: Apache-2.0
#include "collector/admission/admission.h"

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace vigil::collector {
namespace {

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

TEST(AdmissionTest, FullHeadsRefuseEverything) {
  Admission admission(Bytes(100, 1000));
  admission.SetHeadBytes(1001);
  EXPECT_FALSE(admission.Admit(1).admitted());
  admission.SetHeadBytes(1000);
  EXPECT_TRUE(admission.Admit(100).admitted());
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
