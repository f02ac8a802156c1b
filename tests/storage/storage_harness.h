// SPDX-License-Identifier: Apache-2.0
//
// A whole store on memory that can be killed, cut off from power and opened again, and everything
// that is in it, in a form that tests compare.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "base/clock.h"
#include "storage/kv/fault_store.h"
#include "storage/storage.h"

namespace vigil::storage::testing {

// 2026-01-02T03:04:05Z: when harness clocks begin.
inline constexpr int64_t kStartMs = 1'767'323'045'000;
inline constexpr int64_t kStartNs = kStartMs * kNanosPerMilli;

// What a tenant has. A log record that is told twice is in here twice.
struct Contents {
  // Series as text, then values by time.
  std::map<std::string, std::map<int64_t, double>> samples;
  std::multiset<std::string> logs;   // "{labels} time body".
  std::multiset<std::string> spans;  // "trace span start name".

  friend bool operator==(const Contents&, const Contents&) = default;
  friend void PrintTo(const Contents& contents, std::ostream* out);
};

// Not thread-safe, except through storage().
class StorageHarness {
 public:
  explicit StorageHarness(uint32_t shards, StorageOptions options = {});

  Storage& storage() { return *storage_; }
  FaultStore& store() { return *store_; }
  ManualClock& clock() { return clock_; }

  // Ends the storage without any farewell and opens what the disk holds then. Plans to fail end.
  absl::Status Kill();
  // The same with what was not synced gone.
  absl::Status LosePower();
  // Opens a storage, or says why it cannot be, on a copy of what the disk holds.
  absl::StatusOr<std::unique_ptr<Storage>> OpenCopy();

  Contents Read(TenantId tenant = kDefaultTenant);

 private:
  absl::Status OpenOn(std::unique_ptr<KeyValueStore> inner);

  StorageOptions options_;
  ManualClock clock_{kStartMs};
  std::unique_ptr<Storage> storage_;
  FaultStore* store_ = nullptr;  // Belongs to storage_.
};

// Everything that `storage` tells of the tenant.
Contents ReadAll(Storage& storage, TenantId tenant = kDefaultTenant);

// A labelled sample of metric `name`; series of different jobs are in different shards, as far as
// their hashes allow.
LabeledSample SampleOf(std::string_view name, std::string_view job, int64_t time_ms, double value);

// Batches of the three kinds, with records in several shards. The number makes the batch: the same
// one gives the same batch, others share no record. `expected` gets what the batch adds.
struct Batches {
  static MetricBatch Metrics(Storage& storage, int number, Contents* expected);
  static LogBatch Logs(int number, Contents* expected);
  static std::vector<Span> Spans(int number, Contents* expected);
};

BatchToken NumberToken(std::string_view source, uint64_t number);
BatchToken DigestToken(int number);

}  // namespace vigil::storage::testing
