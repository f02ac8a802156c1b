// SPDX-License-Identifier: Apache-2.0
//
// What a native stream does with its batches: from messages to the store. Knows nothing of gRPC.
#pragma once

#include <cstdint>
#include <string>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/clock.h"
#include "collector/otlp/otlp_export.h"
#include "storage/storage.h"

namespace vigil::v1 {
class LogBatch;
class MetricBatch;
}  // namespace vigil::v1

namespace vigil::collector {

// Takes the metric batches of one stream, in order. Not thread-safe. Borrows the storage.
class MetricBatchWriter {
 public:
  using Batch = v1::MetricBatch;
  static constexpr char kKind =
      'm';  // Tells the numbers of metric streams from those of log streams.

  MetricBatchWriter(storage::Storage* storage, const Clock* clock, storage::TenantId tenant,
                    std::string source)
      : storage_(*storage), tenant_(tenant), source_(std::move(source)) {}

  // Returns once the batch is durable (or was before). InvalidArgument when its columns differ in
  // length; samples that cannot be taken cost only themselves.
  absl::StatusOr<ExportOutcome> Write(const v1::MetricBatch& batch);

 private:
  // What a client's number for a series stands for.
  struct Series {
    storage::SeriesRef ref{};
    std::string refusal;  // Why there is none; "" if there is.
  };
  void Define(const v1::MetricBatch& batch);

  storage::Storage& storage_;
  const storage::TenantId tenant_;
  const std::string source_;
  absl::flat_hash_map<uint32_t, Series> series_;
};

// Takes the log batches of one stream; as above.
class LogBatchWriter {
 public:
  using Batch = v1::LogBatch;
  static constexpr char kKind = 'l';

  LogBatchWriter(storage::Storage* storage, const Clock* clock, storage::TenantId tenant,
                 std::string source)
      : storage_(*storage), clock_(*clock), tenant_(tenant), source_(std::move(source)) {}

  absl::StatusOr<ExportOutcome> Write(const v1::LogBatch& batch);

 private:
  storage::Storage& storage_;
  const Clock& clock_;
  const storage::TenantId tenant_;
  const std::string source_;
};

}  // namespace vigil::collector
