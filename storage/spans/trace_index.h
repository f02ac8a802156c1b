// SPDX-License-Identifier: Apache-2.0
//
// The trace index: for each trace and block the ids of the trace's spans in that block. It leads
// from a trace to its blocks, and tells whether a span came again later without opening the block
// that has it. The layout is in docs/format/records.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/block/row_block.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"
#include "storage/model/ids.h"
#include "storage/model/record.h"

namespace vigil::storage {

// Adds the index entries of a block that holds `spans`.
void AddTraceIndex(const SpanBlockKey& block, std::span<const Span* const> spans,
                   WriteBatch* batch);

// Adds their removal, given the traces of the block's rows.
void RemoveTraceIndex(const SpanBlockKey& block, const TraceIdColumn& trace_ids, WriteBatch* batch);

// The value of an entry. DataLoss if `bytes` are not whole ids.
std::string EncodeSpanIds(std::span<const SpanId> span_ids);
absl::StatusOr<std::vector<SpanId>> DecodeSpanIds(std::string_view bytes);

}  // namespace vigil::storage
