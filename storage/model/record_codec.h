// SPDX-License-Identifier: Apache-2.0
//
// The binary form of log records and spans, as journal payloads and block columns hold it. Records
// that come together mostly share their origin, so a payload has each distinct origin once, in a
// table in front, and records name it by its number there.
//
//   origins        count, then each: resource, scope name, scope version, scope attributes
//   log record     presence bits, time, what the bits say is there, number of the origin
//   span           presence bits, ids, name, kind, times, what the bits say, number of the origin
//
// Counts, sizes and bits are varints, times eight bytes, attributes as EncodeAttributes writes
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include "base/strings.h"
#include "storage/codec/bytes.h"
#include "storage/model/record.h"

namespace vigil::storage {

// Numbers the distinct origins of what is being encoded, from 0. Not thread-safe. Borrows the
// origins.
class OriginTableBuilder {
 public:
  // Equal origins get equal numbers. Requires: `origin` is not null and lives as long as this.
  uint64_t NumberOf(const Origin* origin);
  // Appends the table of those that were numbered.
  void AppendTo(std::string* out) const;

 private:
  absl::flat_hash_map<const Origin*, uint64_t> by_address_;
  StringMap<uint64_t> by_bytes_;
  std::string encoded_;  // One behind the other, in order of their numbers.
};

using OriginTable = std::vector<std::shared_ptr<const Origin>>;

// The readers below fail through `reader` and then return something empty.
OriginTable ReadOriginTable(ByteReader* reader);

void AppendLogRecord(const LogRecord& record, OriginTableBuilder* origins, std::string* out);
LogRecord ReadLogRecord(ByteReader* reader, const OriginTable& origins);

void AppendSpan(const Span& span, OriginTableBuilder* origins, std::string* out);
Span ReadSpan(ByteReader* reader, const OriginTable& origins);

// The same pieces on their own, as block columns hold them. Decoding gives DataLoss unless `bytes`
// are exactly what the encoder wrote.
std::string EncodeOrigin(const Origin& origin);
absl::StatusOr<Origin> DecodeOrigin(std::string_view bytes);
std::string EncodeEvents(const std::vector<SpanEvent>& events);
absl::StatusOr<std::vector<SpanEvent>> DecodeEvents(std::string_view bytes);
std::string EncodeLinks(const std::vector<SpanLink>& links);
absl::StatusOr<std::vector<SpanLink>> DecodeLinks(std::string_view bytes);

}  // namespace vigil::storage
