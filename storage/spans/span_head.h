// SPDX-License-Identifier: Apache-2.0
//
// Spans in memory, by tenant and trace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "storage/model/ids.h"
#include "storage/model/record.h"
#include "storage/records/chunk_list.h"

namespace vigil::storage {

inline int64_t TimeOf(const Span& span) { return span.start_ns; }
inline const Span& RecordOf(const Span& span) { return span; }

using SpanChunks = ChunkList<Span>;

// What makes a span: within a tenant, a later one of the same identity replaces the earlier.
using SpanIdentity = std::pair<TraceId, SpanId>;
inline SpanIdentity IdentityOf(const Span& span) { return {span.trace_id, span.span_id}; }

// A span with what keeps it alive.
using SpanRef = std::shared_ptr<const Span>;

// All that arrived, repeats included: readers resolve them. Not thread-safe; what readers take out
// may be used while spans are added.
class SpanHead {
 public:
  void Append(TenantId tenant, std::vector<Span> spans);

  // The spans of a trace in order of arrival.
  std::vector<SpanRef> Trace(TenantId tenant, const TraceId& trace_id) const;
  // All spans of the tenant in order of arrival.
  std::vector<SpanChunks::View> Spans(TenantId tenant) const;
  std::vector<TenantId> Tenants() const;

  size_t size() const { return size_; }
  size_t bytes() const { return bytes_; }

 private:
  // Where a span is: chunks neither move nor change.
  struct Place {
    uint32_t chunk;
    uint32_t index;
  };
  struct Tenant {
    SpanChunks spans;
    absl::flat_hash_map<TraceId, std::vector<Place>> places;

    void IndexFrom(size_t chunk, size_t index);
  };

  size_t size_ = 0;
  size_t bytes_ = 0;
  absl::flat_hash_map<TenantId, Tenant> tenants_;
};

}  // namespace vigil::storage
