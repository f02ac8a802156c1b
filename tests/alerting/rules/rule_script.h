// SPDX-License-Identifier: Apache-2.0
//
// Scripts about the rule engine on a virtual clock. Time is told as distance from the first slot of
// the first group. Commands:
//
//   options key=value     before the first rules: interval, offset, tolerance, grace, resend, url;
//                         inputs=on watches whether selectors find series
//   rules                 the input is a rule file; loads it
//   load STEP             lines of series in PromQL's test notation, from time 0 on
//   load STEP from=T      likewise, from T on
//   advance D             runs what is due; prints how alerts change state
//   jump D                the same in one leap: what was due meanwhile is missed
//   alerts                pending and firing alerts
//   groups                health of groups and rules
//   sent                  what the sink got since this was asked last
//   sent urls             likewise, with generator URLs
//   sent count            how much that is
//   samples NAME          what was written under a name since this was asked last; "1m..5m=3 (5)"
//                         are five samples in a row with the same value
//   query EXPR            an instant query, now
//   restart down=D        the process ends; another one starts D later
//   rows                  the rows of rule state
//   writes                how often state was written since this was asked last
//   fail-metrics N        the next N writes of samples fail
//   fail-state N          the next N writes of state fail
//   fail-sink N           the next N hand-overs to the sink fail
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alerting/replay/memory_metrics.h"
#include "alerting/rules/rule_engine.h"
#include "storage/kv/memory_store.h"
#include "tests/testing/text_test.h"

namespace vigil::alerting {

// Keeps what it gets, and one row of its own for each hand-over.
class RecordingSink final : public AlertSink {
 public:
  absl::Status Receive(const std::vector<Alert>& alerts, int64_t now_ms,
                       storage::WriteBatch* batch) override;

  std::vector<Alert> Take() { return std::exchange(alerts_, {}); }
  void FailNext(int64_t count) { failures_ = count; }

 private:
  std::vector<Alert> alerts_;
  int64_t failures_ = 0;
};

// Counts writes and can be told to refuse some.
class CountingStore final : public storage::KeyValueStore {
 public:
  absl::Status Write(const storage::WriteBatch& batch, storage::Durability durability) override;
  void FailNext(int64_t count) { failures_ = count; }
  // "2 synced, 1 not", since it was asked last.
  std::string TakeWrites();

  absl::Status SyncLog() override { return inner_.SyncLog(); }
  absl::Status Ingest(storage::Family family,
                      const std::vector<std::pair<std::string, std::string>>& entries,
                      storage::TableEffort effort) override {
    return inner_.Ingest(family, entries, effort);
  }
  absl::StatusOr<std::optional<std::string>> Get(
      storage::Family family, std::string_view key,
      const storage::KeyValueSnapshot* snapshot) override {
    return inner_.Get(family, key, snapshot);
  }
  std::unique_ptr<storage::KeyValueIterator> NewIterator(storage::Family family,
                                                         storage::KeyRange range,
                                                         const storage::KeyValueSnapshot* snapshot,
                                                         storage::CacheUse cache) override {
    return inner_.NewIterator(family, std::move(range), snapshot, cache);
  }
  std::unique_ptr<storage::KeyValueSnapshot> NewSnapshot() override { return inner_.NewSnapshot(); }
  absl::Status DropRange(storage::Family family, std::string_view begin,
                         std::string_view end) override {
    return inner_.DropRange(family, begin, end);
  }
  absl::Status Flush() override { return inner_.Flush(); }
  absl::Status Compact(storage::Family family, const storage::KeyRange& range,
                       std::atomic<bool>* stop) override {
    return inner_.Compact(family, range, stop);
  }
  absl::Status Checkpoint(const std::string& path) override { return inner_.Checkpoint(path); }
  absl::StatusOr<uint64_t> ApproximateBytes(storage::Family family) override {
    return inner_.ApproximateBytes(family);
  }

 private:
  storage::MemoryStore inner_;
  std::atomic<int64_t> failures_ = 0;
  std::atomic<int64_t> synced_ = 0;
  std::atomic<int64_t> unsynced_ = 0;
};

class RuleScript {
 public:
  RuleScript();

  std::string Run(const ::vigil::testing::TextCase& text_case);

 private:
  using TextCase = ::vigil::testing::TextCase;

  std::string SetOptions(const TextCase& text_case);
  std::string SetRules(const TextCase& text_case);
  std::string Load(const TextCase& text_case);
  std::string Advance(int64_t duration_ms);
  std::string Jump(int64_t duration_ms);
  std::string Restart(const TextCase& text_case);
  std::string Alerts() const;
  std::string Groups() const;
  std::string Sent(const std::string& detail);
  std::string Samples(const std::string& name);
  std::string Query(const std::string& expr);
  std::string Rows();

  absl::Status Start();
  // Runs the engine once and tells how alerts changed.
  void RunOnce(int64_t time_ms, std::string* log);
  std::string Time(int64_t time_ms) const;
  std::string DescribeInputs(const InputStatus& inputs) const;
  std::string DescribeRun(const storage::SampleColumns& columns, size_t begin, size_t end,
                          std::string_view value) const;
  int64_t DurationArg(const TextCase& text_case, size_t index) const;

  RuleEngineOptions options_;
  const exec::Engine query_engine_;
  MemoryMetrics metrics_;
  CountingStore store_;
  RecordingSink sink_;
  std::vector<RuleGroup> groups_;
  std::unique_ptr<RuleEngine> engine_;
  int64_t zero_ms_ = -1;
  int64_t now_ms_ = 0;
  std::map<std::string, AlertState> states_;  // By rule and labels, as of the last run.
  std::map<std::string, int64_t> samples_shown_until_ms_;
};

}  // namespace vigil::alerting
