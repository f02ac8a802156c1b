// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_payload.h"

#include <cstdint>

#include "storage/codec/bytes.h"
#include "storage/model/record_codec.h"

namespace vigil::storage {
namespace {

//   +---------+---------+--------------+-------+
//   | version | origins | count varint | spans |   origins and spans: see record_codec.h
//   +---------+---------+--------------+-------+
constexpr uint8_t kVersion = 1;

}  // namespace

void AppendSpanPayload(const std::vector<Span>& spans, std::string* payload) {
  // The origins stand in front of the spans but are known only behind them.
  OriginTableBuilder origins;
  std::string encoded;
  for (const Span& span : spans) AppendSpan(span, &origins, &encoded);
  payload->push_back(static_cast<char>(kVersion));
  origins.AppendTo(payload);
  AppendVarint(spans.size(), payload);
  *payload += encoded;
}

absl::StatusOr<std::vector<Span>> DecodeSpanPayload(std::string_view payload) {
  ByteReader reader(payload);
  if (reader.ReadByte("version") != kVersion) reader.Fail("version", "unknown");
  const OriginTable origins = ReadOriginTable(&reader);
  // A span takes a byte at least, so a count beyond the bytes left is a lie.
  const uint64_t count = reader.ReadVarintUpTo(reader.remaining(), "number of spans");
  std::vector<Span> spans;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    spans.push_back(ReadSpan(&reader, origins));
  }
  reader.ExpectEnd("spans");
  if (!reader.ok()) return reader.status();
  return spans;
}

}  // namespace vigil::storage
