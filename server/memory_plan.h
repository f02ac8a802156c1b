// SPDX-License-Identifier: Apache-2.0
//
// Divides the memory that the process may have among those who take it. The one place that does.
#pragma once

#include <cstddef>
#include <cstdint>

#include <absl/status/status.h>

namespace vigil::server {

struct Config;

// Below it there is no room for the program itself and one request.
inline constexpr uint64_t kMinMemoryLimitBytes = 128 << 20;

// What each part may have, of a limit.
struct MemoryPlan {
  uint64_t limit_bytes = 0;
  // Cached blocks and write buffers of the key-value store.
  size_t store_bytes = 0;
  // What is not in blocks yet: when it is written, and when senders wait for that.
  size_t head_flush_bytes = 0;
  size_t max_head_bytes = 0;
  // Requests between arrival and answer, and one of them. Each costs some times its size.
  size_t max_bytes_in_flight = 0;
  int max_request_bytes = 0;
  // What gRPC may hold of requests that are still arriving.
  size_t arriving_bytes = 0;
  // Queries that run at once, and the samples that each may hold.
  size_t max_queries = 0;
  int64_t max_query_samples = 0;
  // Answers of range queries that are kept.
  size_t query_cache_bytes = 0;
  // Series and their index, of all tenants together.
  uint64_t max_series_bytes = 0;
  // What selectors of rules have found, kept from one evaluation to the next.
  size_t kept_selection_bytes = 0;
};

MemoryPlan DivideMemory(uint64_t limit_bytes, unsigned cores);

// 60 % of what this process may have.
uint64_t DefaultMemoryLimitBytes();

// Fills in what `config` leaves open (0) by the plan for its limit, or for the default one.
// InvalidArgument when what it says does not go together.
absl::Status ApplyMemoryPlan(Config* config);

// How short memory is, by what the process really has: allocators keep more than they are asked
// for.
enum class MemoryState : uint8_t {
  kPlenty,
  kShort,  // Senders wait while heads are written and free memory goes back to the system.
};
MemoryState JudgeMemory(uint64_t resident_bytes, uint64_t limit_bytes);

}  // namespace vigil::server
