// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/stream_row.h"

#include <utility>

#include "base/status.h"
#include "storage/codec/bytes.h"
#include "storage/logs/log_limits.h"

namespace vigil::storage {
namespace {

constexpr uint8_t kVersion = 1;

void CheckVersion(ByteReader* reader) {
  if (reader->ReadByte("version") != kVersion && reader->ok()) {
    reader->Fail("version", "unknown");
  }
}

}  // namespace

std::string StreamRow::Encode() const {
  std::string bytes(1, static_cast<char>(kVersion));
  AppendVarint(next_record, &bytes);
  AppendVarint(partitions.size(), &bytes);
  for (const int64_t start_ns : partitions) AppendZigzag(start_ns, &bytes);
  bytes += labels.packed();
  return bytes;
}

absl::StatusOr<StreamRow> StreamRow::Decode(std::string_view bytes) {
  ByteReader reader(bytes);
  StreamRow row;
  CheckVersion(&reader);
  row.next_record = reader.ReadVarintUpTo(kMaxLogNumber, "next record");
  const uint64_t count = reader.ReadVarintUpTo(reader.remaining(), "partitions");
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const int64_t start_ns = reader.ReadZigzag("partition");
    if (i > 0 && start_ns <= row.partitions.back()) reader.Fail("partition", "out of order");
    row.partitions.push_back(start_ns);
  }
  if (!reader.ok()) return reader.status();
  VIGIL_ASSIGN_OR_RETURN_WITH(row.labels, Labels::FromPacked(reader.rest()), "labels");
  return row;
}

std::string EncodeNextStream(uint64_t next_stream) {
  std::string bytes(1, static_cast<char>(kVersion));
  AppendVarint(next_stream, &bytes);
  return bytes;
}

absl::StatusOr<uint64_t> DecodeNextStream(std::string_view bytes) {
  ByteReader reader(bytes);
  CheckVersion(&reader);
  const uint64_t next_stream = reader.ReadVarintUpTo(kMaxLogNumber, "next stream");
  reader.ExpectEnd("next stream");
  if (!reader.ok()) return reader.status();
  return next_stream;
}

}  // namespace vigil::storage
