// SPDX-License-Identifier: Apache-2.0
//
// A shard of metrics under random operations, held against a model sample by sample: appends in and
// out of order, seals, writes that fail, restarts, retention, series that leave memory and come
// back, and queriers kept over all that.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/kv/memory_store.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/metrics/metric_shard.h"
#include "tests/storage/metrics/shard_model.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

constexpr uint32_t kShard = 3;
constexpr int64_t kPartitionMs = 1000;
constexpr int kLabelSets = 24;

// Shorter than what samples are late by, so that most series are out of memory most of the time.
MetricOptions Options() {
  MetricOptions options;
  options.partition_ms = kPartitionMs;
  options.hot_window_ms = 600;
  return options;
}

// A batch as it is in the journal.
struct Entry {
  TenantId tenant;
  std::string payload;
};

// A batch on its way there.
struct Encoded {
  Entry entry;
  MetricBatch batch;
};

class Exerciser {
 public:
  Exerciser(KeyValueStore* store, uint32_t seed) : store_(store), random_(seed) { Restart(); }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      SCOPED_TRACE(fmt::format("step {}", step));
      const uint32_t choice = random_() % 100;
      if (choice < 50) {
        Append();
      } else if (choice < 70) {
        Flush();
      } else if (choice < 74) {
        Restart();
      } else if (choice < 78) {
        now_ms_ += random_() % (2 * kPartitionMs);
      } else if (choice < 82) {
        DropBefore(now_ms_ - 4 * kPartitionMs);
      } else if (choice < 86) {
        CheckOverFlushes();
      } else if (choice < 90) {
        Compact();
      } else {
        CheckAll();
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
    CheckAll();
  }

  // How often a selection was said to hold, and the newest sample to be known.
  int held() const { return held_; }
  int newest_known() const { return newest_known_; }

 private:
  enum class Stage { kOpen, kSealed, kWritten };

  Labels LabelsOf(int index) const {
    return {{kMetricName, fmt::format("metric_{}", index % 5)}, {"id", fmt::format("{}", index)}};
  }
  TenantId RandomTenant() { return TenantId{static_cast<uint32_t>(random_() % 2)}; }
  int64_t RandomTime() { return now_ms_ - static_cast<int64_t>(random_() % (5 * kPartitionMs)); }
  TimeRange RandomRange() {
    if (random_() % 4 == 0) return {INT64_MIN, INT64_MAX};
    const int64_t start = RandomTime();
    return {start, start + static_cast<int64_t>(random_() % (3 * kPartitionMs)) - 100};
  }

  SeriesRef RefOf(TenantId tenant, int index) {
    std::optional<SeriesRef>& ref = refs_[{tenant, index}];
    // Mostly as writers do that remember refs.
    if (!ref.has_value() || random_() % 8 == 0) {
      ref = shard_->GetOrCreate(tenant, LabelsOf(index), {.type = MetricType::kGauge}).value();
    }
    return *ref;
  }

  std::shared_ptr<const Histogram> RandomHistogram() {
    auto histogram = std::make_shared<Histogram>();
    histogram->sum = random_() % 8 == 0 ? StaleNan() : static_cast<double>(random_() % 1000);
    histogram->count = 3;
    histogram->positive_spans = {{static_cast<int32_t>(random_() % 4), 2}};
    histogram->positive_counts = {1, 2};
    return histogram;
  }

  double RandomValue() {
    if (random_() % 16 == 0) return StaleNan();
    return static_cast<double>(random_() % 1000) / 8;
  }

  // One scrape-like batch (one instant, many series) or one of samples all over.
  void Append() {
    const TenantId tenant = RandomTenant();
    const bool scrape = random_() % 2 == 0;
    const int64_t instant = now_ms_ += random_() % 40;
    MetricBatch batch;
    for (uint32_t count = 1 + random_() % 30; count > 0; --count) {
      const int index = static_cast<int>(random_() % kLabelSets);
      const SeriesRef ref = RefOf(tenant, index);
      const int64_t time_ms = scrape ? instant : RandomTime();
      if (index % 3 == 0 && random_() % 2 == 0) {
        batch.histograms.push_back({ref, time_ms, RandomHistogram()});
      } else {
        batch.Add(ref, time_ms, RandomValue());
      }
    }
    std::string payload;
    shard_->Encode(tenant, batch, &payload);
    if (random_() % 16 == 0) return;  // The journal refused it.
    encoded_.push_back({{tenant, std::move(payload)}, std::move(batch)});
    if (random_() % 4 != 0) Commit();
  }

  // Writers get on with what they have encoded.
  void Commit() {
    for (Encoded& writer : encoded_) {
      shard_->Apply(writer.entry.tenant, writer.batch);
      PutIntoModel(writer.entry.tenant, writer.batch);
      journal_.push_back(std::move(writer.entry));
    }
    encoded_.clear();
  }

  // A batch puts its floats in first.
  void PutIntoModel(TenantId tenant, const MetricBatch& batch) {
    const auto labels_of = [&](SeriesRef ref) {
      for (int index = 0; index < kLabelSets; ++index) {
        if (refs_[{tenant, index}] == ref) return LabelsOf(index);
      }
      return Labels();
    };
    batch.ForEachFloat([&](SeriesRef ref, int64_t time_ms, double value) {
      model_.Put(tenant, labels_of(ref), time_ms, FloatValue(value));
    });
    for (const HistogramSample& sample : batch.histograms) {
      model_.Put(tenant, labels_of(sample.series), sample.time_ms, {0, sample.histogram});
    }
  }

  // The next step of a flush.
  void Flush() {
    if (stage_ == Stage::kOpen) {
      // Encoding is outside of the gate: seals may come between it and the journal.
      if (random_() % 3 == 0) Commit();
      shard_->Seal();
      sealed_entries_ = journal_.size();
      stage_ = Stage::kSealed;
    } else if (stage_ == Stage::kSealed) {
      WriteBatch batch;
      ASSERT_OK(shard_->WriteSealed(&batch));
      if (random_() % 4 == 0) return;  // The write failed.
      ASSERT_OK(store_->Write(batch, Durability::kNoSync));
      journal_.erase(journal_.begin(), journal_.begin() + sealed_entries_);
      stage_ = Stage::kWritten;
    } else {
      shard_->DropSealed();
      stage_ = Stage::kOpen;
    }
  }

  // Some of the work that is due, or all blocks.
  void Compact() {
    if (random_() % 2 == 0) {
      ASSERT_OK(shard_->CompactAll());
    } else {
      ASSERT_OK(shard_->Compact(now_ms_ + (random_() % 2 == 0 ? 7'200'000 : 0), random_() % 2));
    }
  }

  void Restart() {
    shard_ = MetricShard::Create(kShard, store_, Options());
    refs_.clear();
    kept_.clear();
    encoded_.clear();
    stage_ = Stage::kOpen;
    ASSERT_OK(shard_->Load());
    for (const Entry& entry : journal_) ASSERT_OK(shard_->Replay(entry.tenant, entry.payload));
    if (model_.expired_before_ms() != INT64_MIN) DropBefore(model_.expired_before_ms());
  }

  void DropBefore(int64_t unix_ms) {
    unix_ms = std::max(unix_ms, model_.expired_before_ms());
    ASSERT_OK(shard_->DropBefore(unix_ms));
    model_.DropBefore(unix_ms);
  }

  void CheckAll() {
    for (const uint32_t tenant : {0, 1, 2}) {
      Check(*shard_->NewQuerier(TenantId{tenant}), TenantId{tenant}, RandomRange());
    }
  }

  // A querier that is older than a seal, a drop or a compaction sees the same.
  void CheckOverFlushes() {
    Commit();  // What comes later it need not see.
    const TenantId tenant = RandomTenant();
    const std::unique_ptr<MetricQuerier> querier = shard_->NewQuerier(tenant);
    for (int i = 0; i < 5; ++i) {
      Flush();
      if (random_() % 3 == 0) Compact();
      Check(*querier, tenant, RandomRange());
      if (::testing::Test::HasFatalFailure()) return;
    }
  }

  void Check(MetricQuerier& querier, TenantId tenant, TimeRange range) {
    SCOPED_TRACE(fmt::format("tenant {} range [{}, {}]", static_cast<uint32_t>(tenant),
                             range.start_ms, range.end_ms));
    ASSERT_OK_AND_ASSIGN(const std::vector<SeriesHandle> series, querier.Select({}, range));
    std::vector<std::string> selected;
    for (const SeriesHandle& handle : series) selected.push_back(handle.labels.ToString());
    // The model sorts by labels.
    const std::vector<std::string> allowed = model_.Select(tenant, range);
    ASSERT_THAT(allowed, ::testing::IsSupersetOf(selected));
    ASSERT_THAT(selected, ::testing::IsSupersetOf(model_.SelectExactly(tenant, range)));
    ASSERT_TRUE(std::is_sorted(series.begin(), series.end(),
                               [](const auto& a, const auto& b) { return a.labels < b.labels; }));
    ASSERT_EQ(std::set<std::string>(selected.begin(), selected.end()).size(), selected.size());
    for (const SeriesHandle& handle : series) {
      SampleColumns columns;
      ASSERT_OK(querier.Read(handle.ref, range, &columns));
      const ModelSamples expected = model_.Read(tenant, handle.labels, range);
      ASSERT_EQ(ToModel(columns), expected) << handle.labels.ToString();
      CheckNewest(querier.ReadNewest(handle.ref, range), expected);
    }
    CheckMatchers(querier, series, range);
    CheckKept(querier, tenant);
  }

  void CheckNewest(const NewestSample& newest, const ModelSamples& expected) {
    if (newest.kind == NewestSample::Kind::kUnknown) return;
    ++newest_known_;
    ASSERT_EQ(newest.kind == NewestSample::Kind::kNone, expected.empty());
    if (expected.empty()) return;
    ASSERT_EQ(newest.time_ms, expected.rbegin()->first);
    ASSERT_EQ(FloatValue(newest.value), expected.rbegin()->second);
  }

  // What was selected before and is said to hold is what is selected now.
  void CheckKept(MetricQuerier& querier, TenantId tenant) {
    static const std::vector<Matcher> kMatchers[] = {
        {},
        {Matcher::Equal(std::string(kMetricName), "metric_1")},
        {Matcher::Equal(std::string(kMetricName), "metric_2"), Matcher::Equal("id", "7")},
        {Matcher::Create(MatchType::kRegex, "id", "1.*").value()}};
    const size_t which = random_() % std::size(kMatchers);
    const TimeRange range = {now_ms_ - static_cast<int64_t>(random_() % 500), now_ms_};
    Kept& kept = kept_[{tenant, which}];
    const bool holds = querier.Holds(kept.stamp, range);
    SelectionStamp stamp = querier.StampOf(kMatchers[which], range);
    ASSERT_OK_AND_ASSIGN(const std::vector<SeriesHandle> series,
                         querier.Select(kMatchers[which], range));
    std::vector<SeriesRef> refs;
    for (const SeriesHandle& handle : series) refs.push_back(handle.ref);
    if (holds) {
      ++held_;
      ASSERT_EQ(refs, kept.refs) << "matchers " << which;
    }
    if (!holds || random_() % 4 == 0) kept = {std::move(stamp), std::move(refs)};
  }

  // What matchers find of a selection is what a look at all its labels finds.
  void CheckMatchers(MetricQuerier& querier, const std::vector<SeriesHandle>& all,
                     TimeRange range) {
    static const std::vector<Matcher> kMatchers[] = {
        {Matcher::Equal(std::string(kMetricName), "metric_1")},
        {Matcher::NotEqual(std::string(kMetricName), "metric_1"),
         Matcher::Create(MatchType::kRegex, "id", "1.*").value()},
        {Matcher::Create(MatchType::kRegex, "id", "3|7|11|none").value()},
        {Matcher::Create(MatchType::kNotRegex, "id", ".*[2-5]").value()}};
    const std::vector<Matcher>& matchers = kMatchers[random_() % std::size(kMatchers)];
    std::vector<SeriesRef> expected;
    std::set<std::string> ids;
    for (const SeriesHandle& handle : all) {
      if (!MatchesAll(matchers, handle.labels)) continue;
      expected.push_back(handle.ref);
      ids.emplace(handle.labels.Get("id"));
    }
    ASSERT_OK_AND_ASSIGN(const std::vector<SeriesHandle> series, querier.Select(matchers, range));
    std::vector<SeriesRef> found;
    for (const SeriesHandle& handle : series) found.push_back(handle.ref);
    ASSERT_EQ(found, expected);
    ASSERT_OK_AND_ASSIGN(const auto values, querier.LabelValues("id", matchers, range));
    ASSERT_EQ(values, std::vector<std::string>(ids.begin(), ids.end()));
    ASSERT_OK_AND_ASSIGN(const auto names, querier.LabelNames(matchers, range));
    ASSERT_EQ(names.size(), expected.empty() ? 0 : 2);
  }

  // A selection, and what it depended on.
  struct Kept {
    SelectionStamp stamp;
    std::vector<SeriesRef> refs;
  };

  KeyValueStore* const store_;
  std::mt19937 random_;
  std::map<std::pair<TenantId, size_t>, Kept> kept_;
  int held_ = 0;
  int newest_known_ = 0;
  ShardModel model_{kPartitionMs};
  std::unique_ptr<MetricShard> shard_;
  std::map<std::pair<TenantId, int>, std::optional<SeriesRef>> refs_;
  std::vector<Encoded> encoded_;
  std::vector<Entry> journal_;
  size_t sealed_entries_ = 0;
  Stage stage_ = Stage::kOpen;
  int64_t now_ms_ = 2000;  // The first samples are on both sides of the epoch.
};

TEST(MetricShardModelTest, InMemory) {
  const char* const seeds = std::getenv("VIGIL_MODEL_SEEDS");  // For longer runs by hand.
  int held = 0;
  int newest_known = 0;
  const uint32_t last_seed = seeds != nullptr ? std::atoi(seeds) : 40;
  for (uint32_t seed = 1; seed <= last_seed; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    MemoryStore store;
    Exerciser exerciser(&store, seed);
    exerciser.Run(600);
    if (HasFatalFailure()) return;
    held += exerciser.held();
    newest_known += exerciser.newest_known();
  }
  EXPECT_GT(held, 0);
  EXPECT_GT(newest_known, 0);
}

TEST(MetricShardModelTest, OnRocksDb) {
  constexpr uint32_t kSeed = 4711;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  const std::string directory = ::testing::TempDir() + "/metric_shard_model_test";
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<KeyValueStore> store,
                       OpenRocksDb({.directory = directory}));
  Exerciser(store.get(), kSeed).Run(1500);
}

}  // namespace
}  // namespace vigil::storage
