// SPDX-License-Identifier: Apache-2.0
//
// Exactly-once delivery: batches that are sent again after failures, crashes and loss of power at
// every point at which the store writes or syncs.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/storage.h"
#include "tests/storage/records/record_samples.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Batches;
using testing::Contents;
using testing::DigestToken;
using testing::kStartNs;
using testing::NumberToken;
using testing::PlainLog;
using testing::StorageHarness;

constexpr char kSource[] = "l/agent";
constexpr char kMetricSource[] = "m/agent";

class DeliveryTest : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Shards, DeliveryTest, ::testing::Values(1, 3));

TEST_P(DeliveryTest, ADigestSentTwiceIsStoredOnce) {
  StorageHarness harness(GetParam());
  Contents expected;
  const LogBatch batch = Batches::Logs(1, &expected);
  for (int round = 0; round < 4; ++round) {
    ASSERT_OK_AND_ASSIGN(const WriteResult result,
                         harness.storage().WriteLogs(kDefaultTenant, batch, DigestToken(1)));
    EXPECT_EQ(result.duplicate, round > 0);
    EXPECT_EQ(harness.Read(), expected);
    if (round == 1) {
      ASSERT_OK(harness.Kill());
    }
    if (round == 2) {
      ASSERT_OK(harness.storage().Flush());
      ASSERT_OK(harness.Kill());
    }
  }
  // The same bytes of another tenant are another batch.
  ASSERT_OK_AND_ASSIGN(const TenantId other, harness.storage().Tenant("other"));
  ASSERT_OK_AND_ASSIGN(const WriteResult result,
                       harness.storage().WriteLogs(other, batch, DigestToken(1)));
  EXPECT_FALSE(result.duplicate);
  EXPECT_EQ(harness.Read(other), expected);
}

TEST_P(DeliveryTest, ADigestIsForgottenInTheEnd) {
  StorageHarness harness(GetParam());
  Contents once;
  const LogBatch batch = Batches::Logs(1, &once);
  ASSERT_OK(harness.storage().WriteLogs(kDefaultTenant, batch, DigestToken(1)));
  harness.clock().AdvanceMs(11 * kMillisPerMinute);
  Contents ignored;
  ASSERT_OK(
      harness.storage().WriteLogs(kDefaultTenant, Batches::Logs(2, &ignored), DigestToken(2)));
  ASSERT_OK_AND_ASSIGN(const WriteResult result,
                       harness.storage().WriteLogs(kDefaultTenant, batch, DigestToken(1)));
  EXPECT_FALSE(result.duplicate);
}

TEST_P(DeliveryTest, ABatchFromManyThreadsIsStoredOnce) {
  constexpr int kThreads = 8;
  constexpr int kBatches = 20;
  StorageHarness harness(GetParam());
  Contents expected;
  std::vector<LogBatch> batches;
  for (int i = 0; i < kBatches; ++i) batches.push_back(Batches::Logs(i, &expected));
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int number = 0; number < kBatches; ++number) {
        const BatchToken token =
            number % 2 == 0 ? DigestToken(number) : NumberToken(kSource, number);
        EXPECT_OK(harness.storage().WriteLogs(kDefaultTenant, batches[number], token));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(harness.Read(), expected);
  ASSERT_OK(harness.Kill());
  EXPECT_EQ(harness.Read(), expected);
}

TEST_P(DeliveryTest, TheLastDurableNumberSurvives) {
  StorageHarness harness(GetParam());
  ASSERT_OK_AND_ASSIGN(const TenantId other, harness.storage().Tenant("other"));
  EXPECT_EQ(harness.storage().LastDurableNumber(kDefaultTenant, kSource), 0);
  for (uint64_t number = 1; number <= 6; ++number) {
    LogBatch batch;
    // Of one stream, of none, and of streams that are all refused: each has its number.
    if (number % 3 != 0) {
      const int64_t time_ns = number % 3 == 1 ? kStartNs : -1;
      batch.streams.push_back({Labels{{"a", fmt::to_string(number)}}, {PlainLog(time_ns, "x")}});
    }
    ASSERT_OK(harness.storage().WriteLogs(kDefaultTenant, batch, NumberToken(kSource, number)));
    EXPECT_EQ(harness.storage().LastDurableNumber(kDefaultTenant, kSource), number);
    if (number % 2 == 0) {
      ASSERT_OK(harness.storage().Flush());
    }
    ASSERT_OK(harness.Kill());
    EXPECT_EQ(harness.storage().LastDurableNumber(kDefaultTenant, kSource), number);
  }
  EXPECT_EQ(harness.storage().LastDurableNumber(other, kSource), 0);
  EXPECT_EQ(harness.storage().LastDurableNumber(kDefaultTenant, "l/another"), 0);
}

TEST_P(DeliveryTest, AnOlderNumberIsStoredAlready) {
  StorageHarness harness(GetParam());
  Contents expected;
  ASSERT_OK(harness.storage().WriteLogs(kDefaultTenant, Batches::Logs(5, &expected),
                                        NumberToken(kSource, 5)));
  Contents ignored;
  ASSERT_OK_AND_ASSIGN(const WriteResult result,
                       harness.storage().WriteLogs(kDefaultTenant, Batches::Logs(4, &ignored),
                                                   NumberToken(kSource, 4)));
  EXPECT_TRUE(result.duplicate);
  EXPECT_EQ(harness.Read(), expected);
}

// What a sender does between a failed write and the next try, and how the disk fails it.
enum class Recovery { kTryAgain, kKill, kLosePower };
struct Plan {
  uint32_t shards;
  FaultStore::Operation operation;
  Recovery recovery;
};

// Senders that number their batches or have them recognised by digest, and flushes between them.
// Whatever fails is done again until it succeeds.
class Senders {
 public:
  explicit Senders(const Plan& plan) : plan_(plan), harness_(plan.shards) {}

  // The `nth` operation from now on fails. Returns whether one did.
  bool Run(int64_t nth) {
    harness_.store().FailAt(plan_.operation, nth, absl::UnavailableError("sick disk"));
    for (int step = 0; step < kSteps; ++step) {
      before_ = expected_;
      if (Do(step).ok()) continue;
      failed_ = true;
      Recover();
      EXPECT_OK(Do(step));
      reconnected_ = false;
    }
    Check("at the end");
    EXPECT_OK(harness_.Kill());
    Check("after a restart");
    EXPECT_OK(harness_.storage().Flush());
    Check("after a flush");
    EXPECT_OK(harness_.Kill());
    Check("from blocks");
    return failed_;
  }

 private:
  static constexpr int kSteps = 24;

  absl::Status Do(int step) {
    const int number = step / 6;
    Storage& storage = harness_.storage();
    switch (step % 6) {
      case 0: {
        const LogBatch batch = Batches::Logs(number, &expected_);
        if (IsDurable(kSource, number + 1)) return absl::OkStatus();
        return storage.WriteLogs(kDefaultTenant, batch, NumberToken(kSource, number + 1)).status();
      }
      case 1: {
        const MetricBatch batch = Batches::Metrics(storage, number, &expected_);
        if (IsDurable(kMetricSource, number + 1)) return absl::OkStatus();
        return storage.WriteMetrics(kDefaultTenant, batch, NumberToken(kMetricSource, number + 1))
            .status();
      }
      case 2: {
        Contents logs;  // A number of their own.
        const LogBatch batch = Batches::Logs(100 + number, &logs);
        expected_.logs.insert(logs.logs.begin(), logs.logs.end());
        return storage.WriteLogs(kDefaultTenant, batch, DigestToken(number)).status();
      }
      case 3:
        return storage
            .WriteSpans(kDefaultTenant, Batches::Spans(number, &expected_),
                        DigestToken(100 + number))
            .status();
      case 4:
        return number % 2 == 0 ? storage.Flush() : absl::OkStatus();
      default:
        return storage
            .WriteMetrics(kDefaultTenant, Batches::Metrics(storage, 50 + number, &expected_), {})
            .status();
    }
  }

  // As a client does that reconnects: it sends nothing again that the store says it has.
  bool IsDurable(const char* source, uint64_t number) {
    return reconnected_ && harness_.storage().LastDurableNumber(kDefaultTenant, source) >= number;
  }

  void Recover() {
    // The failed step comes again, and with it its records.
    expected_ = before_;
    reconnected_ = true;
    switch (plan_.recovery) {
      case Recovery::kTryAgain:
        break;
      case Recovery::kKill:
        EXPECT_OK(harness_.Kill());
        break;
      case Recovery::kLosePower:
        EXPECT_OK(harness_.LosePower());
        break;
    }
  }

  void Check(const char* when) {
    EXPECT_EQ(harness_.Read(), expected_) << when;
    EXPECT_EQ(harness_.storage().LastDurableNumber(kDefaultTenant, kSource), 4u) << when;
    EXPECT_EQ(harness_.storage().LastDurableNumber(kDefaultTenant, kMetricSource), 4u) << when;
  }

  const Plan plan_;
  StorageHarness harness_;
  Contents expected_;
  Contents before_;
  bool failed_ = false;
  bool reconnected_ = false;
};

class EveryFaultTest : public ::testing::TestWithParam<Plan> {};
INSTANTIATE_TEST_SUITE_P(
    Plans, EveryFaultTest,
    ::testing::Values(Plan{1, FaultStore::Operation::kWrite, Recovery::kTryAgain},
                      Plan{1, FaultStore::Operation::kSync, Recovery::kTryAgain},
                      Plan{1, FaultStore::Operation::kSync, Recovery::kKill},
                      Plan{1, FaultStore::Operation::kSync, Recovery::kLosePower},
                      Plan{3, FaultStore::Operation::kWrite, Recovery::kTryAgain},
                      Plan{3, FaultStore::Operation::kWrite, Recovery::kKill},
                      Plan{3, FaultStore::Operation::kWrite, Recovery::kLosePower},
                      Plan{3, FaultStore::Operation::kSync, Recovery::kTryAgain},
                      Plan{3, FaultStore::Operation::kSync, Recovery::kKill},
                      Plan{3, FaultStore::Operation::kSync, Recovery::kLosePower}));

TEST_P(EveryFaultTest, NothingIsLostAndNothingIsThereTwice) {
  int64_t nth = 0;
  bool failed = true;
  while (failed && !HasFailure()) {
    SCOPED_TRACE(fmt::format("operation {} fails", ++nth));
    failed = Senders(GetParam()).Run(nth);
  }
  EXPECT_GT(nth, 15) << "the script writes more often than that";
}

}  // namespace
}  // namespace vigil::storage
