// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_head.h"

#include <algorithm>

#include "storage/records/memory_size.h"

namespace vigil::storage {

void SpanHead::Append(TenantId tenant_id, std::vector<Span> spans) {
  MemoryCounter memory;
  for (const Span& span : spans) memory.Add(span);
  bytes_ += memory.bytes();
  size_ += spans.size();
  Tenant& tenant = tenants_[tenant_id];
  const std::vector<SpanChunks::View>& views = tenant.spans.views();
  const size_t chunk = views.empty() ? 0 : views.size() - 1;
  const size_t index = views.empty() ? 0 : views.back().records.size();
  tenant.spans.Append(std::move(spans));
  tenant.IndexFrom(chunk, index);
}

void SpanHead::Tenant::IndexFrom(size_t chunk, size_t index) {
  for (; chunk < spans.views().size(); ++chunk, index = 0) {
    const std::span<const Span> records = spans.views()[chunk].records;
    for (; index < records.size(); ++index) {
      places[records[index].trace_id].push_back(
          {static_cast<uint32_t>(chunk), static_cast<uint32_t>(index)});
    }
  }
}

std::vector<SpanRef> SpanHead::Trace(TenantId tenant_id, const TraceId& trace_id) const {
  std::vector<SpanRef> spans;
  const auto tenant = tenants_.find(tenant_id);
  if (tenant == tenants_.end()) return spans;
  const auto places = tenant->second.places.find(trace_id);
  if (places == tenant->second.places.end()) return spans;
  for (const Place& place : places->second) {
    const SpanChunks::View& view = tenant->second.spans.views()[place.chunk];
    spans.emplace_back(view.chunk, &view.records[place.index]);
  }
  return spans;
}

std::vector<SpanChunks::View> SpanHead::Spans(TenantId tenant_id) const {
  const auto tenant = tenants_.find(tenant_id);
  return tenant == tenants_.end() ? std::vector<SpanChunks::View>() : tenant->second.spans.views();
}

std::vector<TenantId> SpanHead::Tenants() const {
  std::vector<TenantId> tenants;
  for (const auto& [id, tenant] : tenants_) tenants.push_back(id);
  std::sort(tenants.begin(), tenants.end());
  return tenants;
}

}  // namespace vigil::storage
