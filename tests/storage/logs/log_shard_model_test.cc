// SPDX-License-Identifier: Apache-2.0
//
// Random work on a log shard, held against a plain list of what was written.
#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/strings.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/logs/log_shard.h"
#include "tests/storage/logs/log_harness.h"
#include "tests/storage/records/record_samples.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::Canonical;
using testing::LogHarness;
using testing::RecordSamples;
using testing::SeenLog;

constexpr int64_t kPartitionMs = 1;
constexpr int64_t kPartitionNs = kPartitionMs * kNanosPerMilli;
constexpr int64_t kFirstNs = -2 * kPartitionNs;
constexpr int64_t kLastNs = 4 * kPartitionNs;

class LogShardModel {
 public:
  LogShardModel(KeyValueStore* store, uint64_t seed)
      : samples_(seed), logs_(store, {.partition_ms = kPartitionMs, .max_block_rows = 16}) {}

  void Step() {
    switch (samples_.Between(0, 15)) {
      case 0:
        SealOrFinish();
        break;
      case 1:
        ASSERT_OK(logs_.Restart());
        if (sealed_) Unseal();
        break;
      case 2:
        Drop();
        break;
      case 3:
      case 4:
      case 5:
        Check();
        break;
      case 6:
        EncodeAndForget();
        break;
      default:
        Append();
    }
  }

  void Check() {
    const TenantId tenant = AnyTenant();
    const LogSelection selection = AnySelection();
    const size_t limit = samples_.OneIn(2) ? SIZE_MAX : samples_.Between(1, 20);
    const std::vector<SeenLog> expected = Expected(tenant, selection);
    std::vector<SeenLog> seen = logs_.Read(tenant, selection, limit);
    // Hints may leave records out that lack the text, no others.
    if (!selection.required_substrings.empty()) {
      if (limit != SIZE_MAX) return;
      seen = WithText(seen, selection.required_substrings);
      ExpectSame(seen, WithText(expected, selection.required_substrings), SIZE_MAX);
    } else {
      ExpectSame(seen, expected, limit);
    }
    CheckStreams(tenant);
  }

 private:
  struct Kept {
    Labels labels;
    uint64_t number;
    LogRecord record;
    enum { kOpen, kSealed, kInBlocks } state = kOpen;
  };

  TenantId AnyTenant() { return TenantId{static_cast<uint32_t>(samples_.Between(0, 1))}; }

  LogBatch AnyBatch() {
    LogBatch batch;
    for (int64_t streams = samples_.Between(1, 3); streams > 0; --streams) {
      const std::string name = std::to_string(samples_.Between(0, 4));
      LogStreamBatch stream = {.labels = Labels({{"name", name}})};
      for (int64_t i = samples_.OneIn(5) ? 100 : samples_.Between(0, 6); i > 0; --i) {
        stream.records.push_back(samples_.NextLog(kFirstNs, kLastNs));
        // Records of one instant.
        if (samples_.OneIn(3)) stream.records.back().time_ns = 7;
      }
      batch.streams.push_back(std::move(stream));
    }
    return batch;
  }

  void Append() {
    const TenantId tenant = AnyTenant();
    LogBatch batch = AnyBatch();
    const LogBatch copy = batch;
    const std::vector<uint64_t> numbers = logs_.Append(tenant, std::move(batch));
    for (size_t i = 0; i < numbers.size(); ++i) {
      uint64_t number = numbers[i];
      for (const LogRecord& record : copy.streams[i].records) {
        kept_[tenant].push_back({copy.streams[i].labels, number++, record});
      }
    }
  }

  // A batch whose journaling failed: its numbers are used up, nothing else.
  void EncodeAndForget() {
    LogBatch batch = AnyBatch();
    std::string payload;
    logs_.shard().Encode(AnyTenant(), batch, &payload);
  }

  void SealOrFinish() {
    if (!sealed_) {
      logs_.Seal();
      ForEachKept([](Kept& kept) {
        if (kept.state == Kept::kOpen) kept.state = Kept::kSealed;
      });
      sealed_ = true;
      return;
    }
    ASSERT_OK(logs_.WriteSealed());
    if (samples_.OneIn(2)) Check();
    logs_.DropSealed();
    ForEachKept([](Kept& kept) {
      if (kept.state == Kept::kSealed) kept.state = Kept::kInBlocks;
    });
    sealed_ = false;
  }

  // After a restart all that was not in blocks is in the open head again.
  void Unseal() {
    ForEachKept([](Kept& kept) {
      if (kept.state == Kept::kSealed) kept.state = Kept::kOpen;
    });
    sealed_ = false;
  }

  void Drop() {
    const int64_t unix_ms = samples_.Between(kFirstNs, kLastNs) / kNanosPerMilli;
    ASSERT_OK(logs_.shard().DropBefore(unix_ms));
    for (auto& [tenant, kept] : kept_) {
      std::erase_if(kept, [&](const Kept& entry) {
        return entry.state == Kept::kInBlocks && entry.record.time_ns < unix_ms * kNanosPerMilli;
      });
    }
  }

  template <typename Fn>
  void ForEachKept(Fn fn) {
    for (auto& [tenant, kept] : kept_) {
      for (Kept& entry : kept) fn(entry);
    }
  }

  LogSelection AnySelection() {
    LogSelection selection = testing::Everything();
    selection.newest_first = samples_.OneIn(2);
    if (samples_.OneIn(2)) {
      selection.range.start_ns = samples_.Between(kFirstNs, kLastNs);
      selection.range.end_ns = samples_.Between(selection.range.start_ns, kLastNs + 1);
    }
    if (samples_.OneIn(3)) {
      selection.stream_matchers.push_back(
          Matcher::NotEqual("name", std::to_string(samples_.Between(0, 4))));
    }
    if (samples_.OneIn(4)) selection.trace_id = samples_.NextTraceId();
    if (samples_.OneIn(4)) {
      selection.required_substrings = {"ord" + std::to_string(samples_.Between(0, 60)) + " "};
    }
    return selection;
  }

  std::vector<SeenLog> Expected(TenantId tenant, const LogSelection& selection) {
    std::vector<const Kept*> chosen;
    for (const Kept& kept : kept_[tenant]) {
      const int64_t time_ns = kept.record.time_ns;
      if (time_ns < selection.range.start_ns || time_ns >= selection.range.end_ns) continue;
      if (!MatchesAll(selection.stream_matchers, kept.labels)) continue;
      if (!selection.trace_id.empty() && kept.record.trace_id != selection.trace_id) continue;
      chosen.push_back(&kept);
    }
    std::sort(chosen.begin(), chosen.end(), [](const Kept* a, const Kept* b) {
      return std::tie(a->record.time_ns, a->labels, a->number) <
             std::tie(b->record.time_ns, b->labels, b->number);
    });
    if (selection.newest_first) std::reverse(chosen.begin(), chosen.end());
    std::vector<SeenLog> expected;
    for (const Kept* kept : chosen) {
      expected.push_back({kept->labels.ToString(), kept->number, kept->record});
    }
    return expected;
  }

  static std::vector<SeenLog> WithText(const std::vector<SeenLog>& all,
                                       const std::vector<std::string>& texts) {
    std::vector<SeenLog> some;
    for (const SeenLog& seen : all) {
      if (ToText(seen.record.body).find(texts.front()) != std::string::npos) some.push_back(seen);
    }
    return some;
  }

  static void ExpectSame(const std::vector<SeenLog>& seen, const std::vector<SeenLog>& expected,
                         size_t limit) {
    ASSERT_EQ(seen.size(), std::min(limit, expected.size()));
    for (size_t i = 0; i < seen.size(); ++i) {
      ASSERT_EQ(seen[i].stream, expected[i].stream) << i;
      ASSERT_EQ(seen[i].number, expected[i].number) << i;
      ASSERT_EQ(Canonical(seen[i].record), Canonical(expected[i].record)) << i;
    }
  }

  void CheckStreams(TenantId tenant) {
    std::vector<Labels> expected;
    for (const Kept& kept : kept_[tenant]) expected.push_back(kept.labels);
    std::sort(expected.begin(), expected.end());
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    ASSERT_OK_AND_ASSIGN(const std::vector<Labels> streams, logs_.shard().Streams(tenant, {}));
    // A stream may outlive its blocks until the next drop, never the other way round.
    EXPECT_TRUE(std::includes(streams.begin(), streams.end(), expected.begin(), expected.end()));
  }

  RecordSamples samples_;
  LogHarness logs_;
  std::map<TenantId, std::vector<Kept>> kept_;
  bool sealed_ = false;
};

void RunModel(KeyValueStore* store, uint64_t seed, int steps) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  LogShardModel model(store, seed);
  for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i));
    model.Step();
  }
  model.Check();
}

TEST(LogShardModelTest, InMemory) {
  for (uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) {
    MemoryStore store;
    RunModel(&store, seed, 150);
  }
}

TEST(LogShardModelTest, OnRocksDb) {
  ASSERT_OK_AND_ASSIGN(const auto store,
                       OpenRocksDb({.directory = ::testing::TempDir() + "/log_shard_model"}));
  RunModel(store.get(), 1234, 300);
}

}  // namespace
}  // namespace vigil::storage
