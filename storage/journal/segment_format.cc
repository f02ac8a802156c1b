// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/segment_format.h"

#include <cstring>

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "storage/codec/bytes.h"

namespace vigil::storage {
namespace {

constexpr std::string_view kSegmentMagic = "vigiljnl";
constexpr uint32_t kSegmentVersion = 1;
constexpr size_t kHeadCopyBytes = 64;
constexpr size_t kHeadSumAt = kHeadCopyBytes - 4;
// The second copy is in another page of the disk.
constexpr size_t kSecondCopyAt = 4096;

constexpr uint32_t kRecordMagic = 0x4C4A4756;  // "VGJL"
constexpr size_t kSummedAt = 8;                // The header's checksum covers what is behind it.

uint32_t Low(XXH64_hash_t hash) { return static_cast<uint32_t>(hash); }

template <typename T>
T Load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

template <typename T>
void Store(T value, char* at) {
  std::memcpy(at, &value, sizeof(value));
}

// One of the two copies of a segment's head; all integers little-endian:
//
//   +------------+-------------+----------+--------------+------------+----------------+
//   | "vigiljnl" | version u32 | zero u32 | number u64   | salt u64   | previous u64   |
//   +------------+-------------+----------+--------------+------------+----------------+
//   | end of previous u64 | first position u64 | zero u32 | checksum of the above u32   |
//   +---------------------+--------------------+----------+-----------------------------+
std::string EncodeHeadCopy(const SegmentHead& head) {
  std::string copy(kSegmentMagic);
  AppendFixed32(kSegmentVersion, &copy);
  AppendFixed32(0, &copy);
  for (const uint64_t field :
       {head.number, head.salt, head.previous, head.previous_end, head.first_position}) {
    AppendFixed64(field, &copy);
  }
  AppendFixed32(0, &copy);
  AppendFixed32(Low(XXH3_64bits(copy.data(), copy.size())), &copy);
  return copy;
}

absl::StatusOr<SegmentHead> DecodeHeadCopy(std::string_view bytes) {
  if (bytes.size() < kHeadCopyBytes) return absl::DataLossError("the head is cut short");
  if (!bytes.starts_with(kSegmentMagic)) return absl::DataLossError("it is no segment");
  if (Load<uint32_t>(bytes.data() + kHeadSumAt) != Low(XXH3_64bits(bytes.data(), kHeadSumAt))) {
    return absl::DataLossError("the head has a wrong checksum");
  }
  const uint32_t version = Load<uint32_t>(bytes.data() + kSegmentMagic.size());
  if (version != kSegmentVersion) {
    return absl::FailedPreconditionError(
        fmt::format("it has version {}, this vigil reads {}", version, kSegmentVersion));
  }
  const char* at = bytes.data() + kSegmentMagic.size() + 8;
  SegmentHead head;
  for (uint64_t* field :
       {&head.number, &head.salt, &head.previous, &head.previous_end, &head.first_position}) {
    *field = Load<uint64_t>(at);
    at += sizeof(uint64_t);
  }
  return head;
}

bool IsBlank(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

// The part of a record's header that has a checksum, with the segment's salt.
uint32_t HeaderChecksum(const char* header, uint64_t salt) {
  return Low(
      XXH3_64bits_withSeed(header + kSummedAt, kRecordHeaderBytes - kSummedAt, XXH64_hash_t{salt}));
}

}  // namespace

std::string EncodeSegmentHead(const SegmentHead& head) {
  const std::string copy = EncodeHeadCopy(head);
  std::string bytes(kSegmentHeadBytes, '\0');
  bytes.replace(0, copy.size(), copy);
  bytes.replace(kSecondCopyAt, copy.size(), copy);
  return bytes;
}

absl::StatusOr<SegmentHead> DecodeSegmentHead(std::string_view bytes) {
  absl::StatusOr<SegmentHead> head = DecodeHeadCopy(bytes);
  if (head.ok()) return head;
  if (bytes.empty()) return absl::NotFoundError("the file is empty");
  if (bytes.size() < kSecondCopyAt) return head;
  const std::string_view rest = bytes.substr(kSecondCopyAt);
  const absl::StatusOr<SegmentHead> second = DecodeHeadCopy(rest);
  if (second.ok()) return second;
  if (IsBlank(bytes.substr(0, kHeadCopyBytes)) && IsBlank(rest.substr(0, kHeadCopyBytes))) {
    return absl::NotFoundError("the head was never written");
  }
  return head;
}

// Behind the header are the entry's bytes, then zeros up to a multiple of eight:
//
//   +-----------+---------------------+----------+-----------------------+
//   | magic u32 | header checksum u32 | size u32 | entry's checksum u32  |
//   +-----------+---------------------+----------+-----------------------+
//   | position u64                    | shard u8 | 7 bytes of zero       |
//   +---------------------------------+----------+-----------------------+
void EncodeRecordHeader(const RecordHeader& record, uint64_t salt, char* out) {
  std::memset(out, 0, kRecordHeaderBytes);
  Store(kRecordMagic, out);
  Store(record.size, out + 8);
  Store(record.checksum, out + 12);
  Store(record.position, out + 16);
  Store(record.shard, out + 24);
  Store(HeaderChecksum(out, salt), out + 4);
}

std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, uint64_t salt) {
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  const char* const at = bytes.data();
  if (Load<uint32_t>(at) != kRecordMagic) return std::nullopt;
  if (Load<uint32_t>(at + 4) != HeaderChecksum(at, salt)) return std::nullopt;
  RecordHeader record;
  record.size = Load<uint32_t>(at + 8);
  record.checksum = Load<uint32_t>(at + 12);
  record.position = Load<JournalPosition>(at + 16);
  record.shard = Load<uint8_t>(at + 24);
  if (record.size >= kMaxEntryBytes || record.position == 0) return std::nullopt;
  return record;
}

uint32_t EntryChecksum(std::span<const std::string_view> parts) {
  if (parts.size() == 1) return Low(XXH3_64bits(parts[0].data(), parts[0].size()));
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  for (const std::string_view part : parts) XXH3_64bits_update(&state, part.data(), part.size());
  return Low(XXH3_64bits_digest(&state));
}

}  // namespace vigil::storage
