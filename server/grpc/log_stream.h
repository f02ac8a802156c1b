// SPDX-License-Identifier: Apache-2.0
//
// What one Logs call asks for: records that are there, and what has come since the last look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include "proto/vigil/v1/query.pb.h"
#include "query/logql/log_query.h"
#include "query/logql/log_reader.h"
#include "storage/storage.h"

namespace vigil::server {

// A follower is told of records whose own time lies this far behind their arrival.
inline constexpr int64_t kFollowLatenessNs = 60 * 1'000'000'000LL;

// Not thread-safe. `storage` must outlive it.
class LogStream {
 public:
  // Takes a message of the answer; false to stop.
  using Sink = absl::FunctionRef<bool(v1::LogsResponse)>;

  LogStream(storage::Storage* storage, storage::TenantId tenant, logql::LogQuery query)
      : storage_(*storage), tenant_(tenant), query_(std::move(query)) {}

  // Hands over what the range holds.
  absl::Status Past(storage::TimeRangeNs range, uint32_t limit, bool newest_first, Sink sink);

  // Notes what is there already of the records that a look for news could see.
  absl::Status BeginFollowing(int64_t now_ns);
  // Hands over what has arrived since the last look. Nothing counts as seen when it fails.
  absl::Status News(int64_t now_ns, Sink sink);

 private:
  absl::Status Look(int64_t now_ns, logql::LogResultVisitor visit);

  storage::Storage& storage_;
  const storage::TenantId tenant_;
  logql::LogQuery query_;
  // The last number seen of each stream: numbers rise with arrival.
  std::map<storage::Labels, uint64_t> seen_;
};

}  // namespace vigil::server
