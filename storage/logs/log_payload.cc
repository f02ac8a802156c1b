// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_payload.h"

#include <utility>

#include "base/status.h"
#include "storage/codec/bytes.h"
#include "storage/logs/log_limits.h"
#include "storage/logs/log_stream.h"
#include "storage/model/record_codec.h"

namespace vigil::storage {
namespace {

//   +---------+---------+---------+
//   | version | origins | streams |   origins: see record_codec.h
//   +---------+---------+---------+
//   streams:  count, then each:
//   +--------+------------+--------------+--------------+-------+---------+
//   | number | defines u8 | labels, if 1 | first number | count | records |
//   +--------+------------+--------------+--------------+-------+---------+
//
// Numbers and counts are varints, labels packed with their size in front.
constexpr uint8_t kVersion = 1;

void AppendStream(const LogStreamBatch& stream, OriginTableBuilder* origins, std::string* out) {
  AppendVarint(stream.stream->number(), out);
  const bool defines = !stream.stream->Defined();
  out->push_back(defines ? 1 : 0);
  if (defines) AppendText(stream.labels.packed(), out);
  AppendVarint(stream.first_number, out);
  AppendVarint(stream.records.size(), out);
  for (const LogRecord& record : stream.records) AppendLogRecord(record, origins, out);
}

absl::StatusOr<JournaledStream> ReadStream(ByteReader* reader, const OriginTable& origins) {
  JournaledStream stream;
  stream.stream = reader->ReadVarintUpTo(kMaxLogNumber, "stream");
  if (reader->ok() && stream.stream == 0) reader->Fail("stream", "is 0");
  if (reader->ReadByte("definition") != 0) {
    const std::string_view packed = reader->ReadText("labels");
    if (!reader->ok()) return reader->status();
    VIGIL_ASSIGN_OR_RETURN_WITH(stream.labels, Labels::FromPacked(packed), "labels");
  }
  stream.first_number = reader->ReadVarintUpTo(kMaxLogNumber, "first number");
  // A record takes a byte at least, so a count beyond the bytes left is a lie.
  const uint64_t count = reader->ReadVarintUpTo(reader->remaining(), "number of records");
  for (uint64_t i = 0; i < count && reader->ok(); ++i) {
    stream.records.push_back(ReadLogRecord(reader, origins));
  }
  if (!reader->ok()) return reader->status();
  return stream;
}

}  // namespace

void AppendLogPayload(const LogBatch& batch, std::string* payload) {
  // The origins stand in front of the records but are known only behind them.
  OriginTableBuilder origins;
  std::string streams;
  uint64_t count = 0;
  for (const LogStreamBatch& stream : batch.streams) {
    if (stream.records.empty()) continue;
    ++count;
    AppendStream(stream, &origins, &streams);
  }
  payload->push_back(static_cast<char>(kVersion));
  origins.AppendTo(payload);
  AppendVarint(count, payload);
  *payload += streams;
}

absl::StatusOr<std::vector<JournaledStream>> DecodeLogPayload(std::string_view payload) {
  ByteReader reader(payload);
  if (reader.ReadByte("version") != kVersion) reader.Fail("version", "unknown");
  const OriginTable origins = ReadOriginTable(&reader);
  const uint64_t count = reader.ReadVarintUpTo(reader.remaining(), "number of streams");
  std::vector<JournaledStream> streams;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(JournaledStream stream, ReadStream(&reader, origins));
    streams.push_back(std::move(stream));
  }
  reader.ExpectEnd("logs");
  if (!reader.ok()) return reader.status();
  return streams;
}

}  // namespace vigil::storage
