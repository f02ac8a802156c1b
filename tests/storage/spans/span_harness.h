// SPDX-License-Identifier: Apache-2.0
//
// A span shard with the part of a shard's work that it relies on: a journal (in memory), flushes
// and restarts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "storage/kv/kv_store.h"
#include "storage/spans/span_shard.h"

namespace vigil::storage::testing {

// Not thread-safe.
class SpanHarness {
 public:
  static constexpr uint32_t kShard = 3;

  // `store` must outlive the harness.
  explicit SpanHarness(KeyValueStore* store, const SpanOptions& options = {});

  // Encodes, journals and applies.
  void Append(TenantId tenant, std::vector<Span> spans);
  void Append(std::vector<Span> spans) { Append(kDefaultTenant, std::move(spans)); }

  // The steps of a flush, and all of them.
  void Seal();
  absl::Status WriteSealed();
  void DropSealed();
  void Flush();

  // A restart: a new shard that loads what is in the store and replays the journal.
  absl::Status Restart();

  std::vector<Span> Trace(const TraceId& trace_id, TenantId tenant = kDefaultTenant);
  std::vector<Span> Read(int64_t start_ns, int64_t end_ns, TenantId tenant = kDefaultTenant);
  // Names of all spans, in the order of a read.
  std::vector<std::string> Names();

  SpanShard& shard() { return *shard_; }

 private:
  KeyValueStore& store_;
  const SpanOptions options_;
  std::unique_ptr<SpanShard> shard_;
  std::vector<std::pair<TenantId, std::string>> journal_;
  size_t sealed_entries_ = 0;
};

}  // namespace vigil::storage::testing
