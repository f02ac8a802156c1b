// SPDX-License-Identifier: Apache-2.0
//
// Random work on a span shard, held against a plain map of what was written.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/spans/span_shard.h"
#include "tests/storage/records/record_samples.h"
#include "tests/storage/spans/span_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Canonical;
using testing::RecordSamples;
using testing::SpanHarness;

constexpr int64_t kPartitionMs = 1;
constexpr int64_t kPartitionNs = kPartitionMs * kNanosPerMilli;
constexpr int64_t kFirstNs = -2 * kPartitionNs;
constexpr int64_t kLastNs = 4 * kPartitionNs;

class SpanShardModel {
 public:
  SpanShardModel(KeyValueStore* store, uint64_t seed)
      : samples_(seed), spans_(store, {.partition_ms = kPartitionMs, .max_block_rows = 16}) {}

  void Step() {
    switch (samples_.Between(0, 12)) {
      case 0:
        SealOrFinish();
        break;
      case 1:
        ASSERT_OK(spans_.Restart());
        sealed_ = false;
        break;
      case 2:
        Drop();
        break;
      case 3:
      case 4:
        CheckTrace();
        break;
      case 5:
      case 6:
        CheckRange();
        break;
      default:
        Append();
    }
  }

  void CheckTrace() {
    const TenantId tenant = AnyTenant();
    const TraceId trace_id = samples_.NextTraceId();
    std::vector<std::string> expected;
    for (const auto& [key, span] : kept_[tenant]) {
      if (span.trace_id == trace_id) expected.push_back(Canonical(span));
    }
    const std::vector<Span> trace = spans_.Trace(trace_id, tenant);
    EXPECT_TRUE(std::is_sorted(trace.begin(), trace.end(), [](const Span& a, const Span& b) {
      return a.start_ns < b.start_ns;
    }));
    EXPECT_THAT(Texts(trace), ::testing::UnorderedElementsAreArray(expected));
  }

  void CheckRange() {
    const TenantId tenant = AnyTenant();
    const int64_t start_ns = samples_.Between(kFirstNs, kLastNs);
    const int64_t end_ns = samples_.Between(start_ns, kLastNs + 1);
    std::vector<std::string> expected;
    for (const auto& [key, span] : kept_[tenant]) {
      if (span.start_ns >= start_ns && span.start_ns < end_ns) expected.push_back(Canonical(span));
    }
    EXPECT_THAT(Texts(spans_.Read(start_ns, end_ns, tenant)),
                ::testing::UnorderedElementsAreArray(expected));
  }

 private:
  TenantId AnyTenant() { return TenantId{static_cast<uint32_t>(samples_.Between(0, 1))}; }

  static std::vector<std::string> Texts(const std::vector<Span>& spans) {
    std::vector<std::string> texts;
    for (const Span& span : spans) texts.push_back(Canonical(span));
    return texts;
  }

  void Append() {
    const TenantId tenant = AnyTenant();
    std::vector<Span> batch;
    for (int64_t i = samples_.OneIn(5) ? 100 : samples_.Between(0, 6); i > 0; --i) {
      batch.push_back(samples_.NextSpan(kFirstNs, kLastNs));
      kept_[tenant][{batch.back().trace_id, batch.back().span_id}] = batch.back();
    }
    spans_.Append(tenant, std::move(batch));
  }

  void SealOrFinish() {
    if (!sealed_) {
      spans_.Seal();
      sealed_ = true;
      return;
    }
    ASSERT_OK(spans_.WriteSealed());
    if (samples_.OneIn(2)) CheckTrace();
    if (samples_.OneIn(2)) CheckRange();
    spans_.DropSealed();
    sealed_ = false;
  }

  // With nothing in memory, so that what goes is known; and with all of a span's arrivals going
  // where the last one does, the older ones do not come back.
  void Drop() {
    if (sealed_) SealOrFinish();
    spans_.Flush();
    const int64_t unix_ms = kFirstNs / kNanosPerMilli + (samples_.OneIn(4) ? 6 : 0);
    ASSERT_OK(spans_.shard().DropBefore(unix_ms));
    for (auto& [tenant, kept] : kept_) {
      std::erase_if(kept, [&](const auto& entry) {
        return entry.second.start_ns < unix_ms * kNanosPerMilli;
      });
    }
  }

  RecordSamples samples_;
  SpanHarness spans_;
  std::map<TenantId, std::map<std::pair<TraceId, SpanId>, Span>> kept_;
  bool sealed_ = false;
};

void RunModel(KeyValueStore* store, uint64_t seed, int steps) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  SpanShardModel model(store, seed);
  for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i));
    model.Step();
  }
  model.CheckTrace();
  model.CheckRange();
}

TEST(SpanShardModelTest, InMemory) {
  for (uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) {
    MemoryStore store;
    RunModel(&store, seed, 150);
  }
}

TEST(SpanShardModelTest, OnRocksDb) {
  ASSERT_OK_AND_ASSIGN(const auto store,
                       OpenRocksDb({.directory = ::testing::TempDir() + "/span_shard_model"}));
  RunModel(store.get(), 1234, 300);
}

}  // namespace
}  // namespace vigil::storage
