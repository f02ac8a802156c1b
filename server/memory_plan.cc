// SPDX-License-Identifier: Apache-2.0
#include "server/memory_plan.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/byte_size.h"
#include "base/memory.h"
#include "server/config.h"

namespace vigil::server {
namespace {

constexpr double kDefaultShare = 0.6;
// Shares of the limit. They leave two fifths for the series with their index, which may have most
// of it, and for what is not planned: the program, what the allocator holds back, and heads once
// more while they become blocks.
constexpr double kStoreShare = 0.15;
constexpr double kHeadFlushShare = 0.06;
constexpr double kMaxHeadShare = 0.12;
constexpr double kInFlightShare = 0.06;
constexpr double kRequestShare = 0.04;
constexpr double kQueryShare = 0.15;
constexpr double kQueryCacheShare = 0.02;
constexpr double kKeptSelectionShare = 0.02;
constexpr double kSeriesShare = 0.35;
// What a machine with much memory gains nothing by exceeding.
constexpr double kMostStoreBytes = 256 << 20;
constexpr double kMostHeadFlushBytes = 256 << 20;
constexpr double kMostHeadBytes = 2048.0 * (1 << 20);
constexpr double kMostInFlightBytes = 256 << 20;
constexpr double kMostQueryCacheBytes = 64 << 20;
constexpr double kMostKeptSelectionBytes = 256 << 20;
constexpr double kMostRequestBytes = 64 << 20;
// Requests of the largest size for which there is room while they arrive.
constexpr size_t kArrivingRequests = 3;
// A sample of a query: instant and value, once as read and in part once as computed.
constexpr double kBytesPerQuerySample = 24;
constexpr double kMostQuerySamples = 50e6;
constexpr double kLeastQuerySamples = 1e6;
constexpr unsigned kMostQueries = 16;
// Of the limit: beyond it, memory is short.
constexpr double kShortShare = 0.65;

template <typename T>
T Share(uint64_t limit_bytes, double share, double most) {
  return static_cast<T>(std::min(static_cast<double>(limit_bytes) * share, most));
}

template <typename T, typename U>
void FillIn(T* value, U planned) {
  if (*value == 0) *value = static_cast<T>(planned);
}

}  // namespace

MemoryPlan DivideMemory(uint64_t limit_bytes, unsigned cores) {
  MemoryPlan plan;
  plan.limit_bytes = limit_bytes;
  plan.store_bytes = Share<size_t>(limit_bytes, kStoreShare, kMostStoreBytes);
  plan.head_flush_bytes = Share<size_t>(limit_bytes, kHeadFlushShare, kMostHeadFlushBytes);
  plan.max_head_bytes = Share<size_t>(limit_bytes, kMaxHeadShare, kMostHeadBytes);
  plan.max_bytes_in_flight = Share<size_t>(limit_bytes, kInFlightShare, kMostInFlightBytes);
  plan.max_request_bytes = Share<int>(limit_bytes, kRequestShare, kMostRequestBytes);
  plan.arriving_bytes = kArrivingRequests * static_cast<size_t>(plan.max_request_bytes);
  // Two queries for each core, unless they would have to share too little.
  const double query_bytes = static_cast<double>(limit_bytes) * kQueryShare;
  const double fit = query_bytes / (kLeastQuerySamples * kBytesPerQuerySample);
  const unsigned wanted = std::clamp(2 * cores, 2u, kMostQueries);
  plan.max_queries = std::clamp<size_t>(static_cast<size_t>(fit), 2, wanted);
  plan.max_query_samples = static_cast<int64_t>(
      std::min(query_bytes / static_cast<double>(plan.max_queries) / kBytesPerQuerySample,
               kMostQuerySamples));
  plan.query_cache_bytes = Share<size_t>(limit_bytes, kQueryCacheShare, kMostQueryCacheBytes);
  plan.max_series_bytes = static_cast<uint64_t>(static_cast<double>(limit_bytes) * kSeriesShare);
  plan.kept_selection_bytes =
      Share<size_t>(limit_bytes, kKeptSelectionShare, kMostKeptSelectionBytes);
  return plan;
}

uint64_t DefaultMemoryLimitBytes() {
  return static_cast<uint64_t>(static_cast<double>(AvailableMemoryBytes()) * kDefaultShare);
}

absl::Status ApplyMemoryPlan(Config* config) {
  if (config->memory_limit_bytes == 0) {
    config->memory_limit_bytes = std::max(kMinMemoryLimitBytes, DefaultMemoryLimitBytes());
  }
  if (config->memory_limit_bytes < kMinMemoryLimitBytes) {
    return absl::InvalidArgumentError(fmt::format(
        "a memory limit (--memory-limit, server.memory_limit) of {} is too small: give at least {}",
        FormatByteSize(config->memory_limit_bytes), FormatByteSize(kMinMemoryLimitBytes)));
  }
  const MemoryPlan plan =
      DivideMemory(config->memory_limit_bytes, std::thread::hardware_concurrency());
  storage::StorageOptions& storage = config->storage;
  collector::AdmissionOptions& admission = config->admission;
  FillIn(&storage.store_memory_bytes, plan.store_bytes);
  FillIn(&storage.head_flush_bytes,
         std::min(plan.head_flush_bytes, admission.max_head_bytes == 0 ? plan.head_flush_bytes
                                                                       : admission.max_head_bytes));
  FillIn(&storage.max_series_bytes, plan.max_series_bytes);
  FillIn(&admission.max_head_bytes, std::max(plan.max_head_bytes, storage.head_flush_bytes));
  FillIn(&admission.max_bytes_in_flight, plan.max_bytes_in_flight);
  FillIn(&admission.max_request_bytes, plan.max_request_bytes);
  FillIn(&config->arriving_bytes, kArrivingRequests * admission.max_request_bytes);
  FillIn(&config->kept_selection_bytes, plan.kept_selection_bytes);
  FillIn(&config->queries.max_running, plan.max_queries);
  FillIn(&config->max_query_samples, plan.max_query_samples);
  if (!config->query_cache_bytes.has_value()) config->query_cache_bytes = plan.query_cache_bytes;
  if (admission.max_head_bytes < storage.head_flush_bytes) {
    return absl::InvalidArgumentError(
        fmt::format("max_head_bytes ({}) is less than flush_bytes ({}): senders would be refused "
                    "before anything is written",
                    admission.max_head_bytes, storage.head_flush_bytes));
  }
  return absl::OkStatus();
}

MemoryState JudgeMemory(uint64_t resident_bytes, uint64_t limit_bytes) {
  return static_cast<double>(resident_bytes) > static_cast<double>(limit_bytes) * kShortShare
             ? MemoryState::kShort
             : MemoryState::kPlenty;
}

}  // namespace vigil::server
