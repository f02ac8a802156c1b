// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/exemplar_rows.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <memory>
#include <utility>

#include "base/status.h"
#include "storage/codec/bytes.h"
#include "storage/codec/checksum.h"
#include "storage/kv/keys.h"
#include "storage/metrics/corruption.h"

// The value of a row; times are zigzags of the difference to the one before, the first to 0.
//
//   +-------------+---------+------------------------------------+--------------+
//   | version = 1 | count n | n times: time, value f64, labels   | checksum u32 |
//   |     u8      | varint  |          zigzag           text     |              |
//   +-------------+---------+------------------------------------+--------------+
namespace vigil::storage {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kLeastExemplarBytes = 10;

// Where rows of a series stand within a partition.
using Place = std::pair<uint64_t, uint64_t>;
Place PlaceOf(const ExemplarTarget& target) { return {target.metric, target.number}; }

}  // namespace

std::string EncodeExemplars(std::span<const Exemplar> exemplars) {
  std::string out(1, static_cast<char>(kVersion));
  AppendVarint(exemplars.size(), &out);
  uint64_t previous = 0;
  for (const Exemplar& exemplar : exemplars) {
    const auto time = static_cast<uint64_t>(exemplar.time_ms);
    AppendZigzag(static_cast<int64_t>(time - previous), &out);
    AppendFixed64(std::bit_cast<uint64_t>(exemplar.value), &out);
    AppendText(exemplar.labels.packed(), &out);
    previous = time;
  }
  AppendChecksum(&out);
  return out;
}

absl::StatusOr<std::vector<Exemplar>> DecodeExemplars(std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(const std::string_view row, VerifyChecksum(bytes));
  ByteReader reader(row);
  if (reader.ReadByte("version") != kVersion) reader.Fail("version", "is unknown");
  const uint64_t count = reader.ReadVarintUpTo(reader.remaining() / kLeastExemplarBytes, "count");
  std::vector<Exemplar> exemplars;
  uint64_t time = 0;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    Exemplar exemplar;
    time += static_cast<uint64_t>(reader.ReadZigzag("time"));
    exemplar.time_ms = static_cast<int64_t>(time);
    exemplar.value = std::bit_cast<double>(reader.ReadFixed64("value"));
    absl::StatusOr<Labels> labels = Labels::FromPacked(reader.ReadText("labels"));
    if (labels.ok()) {
      exemplar.labels = *std::move(labels);
    } else {
      reader.Fail("labels", MessageOf(labels.status()));
    }
    exemplars.push_back(std::move(exemplar));
  }
  reader.ExpectEnd("exemplars");
  if (!reader.ok()) return Annotate(reader.status(), "exemplars");
  return exemplars;
}

void WriteExemplars(ExemplarKey key, std::span<const Exemplar> exemplars,
                    const Partitioning& partitioning, int64_t expired_before_ms,
                    WriteBatch* batch) {
  for (size_t begin = 0, end = 0; begin < exemplars.size(); begin = end) {
    const int64_t last_ms = partitioning.EndOf(exemplars[begin].time_ms);
    while (end < exemplars.size() && exemplars[end].time_ms <= last_ms) ++end;
    key.partition_start_ms = partitioning.StartOf(exemplars[begin].time_ms);
    if (key.partition_start_ms < expired_before_ms) continue;
    batch->Put(Family::kExemplars, key.Encode(),
               EncodeExemplars(exemplars.subspan(begin, end - begin)));
  }
}

absl::Status ReadExemplars(KeyValueStore* store, TenantId tenant, uint8_t shard, TimeRange range,
                           const Partitioning& partitioning, std::vector<ExemplarTarget> targets) {
  if (targets.empty()) return absl::OkStatus();
  std::sort(targets.begin(), targets.end(), [](const ExemplarTarget& a, const ExemplarTarget& b) {
    return PlaceOf(a) < PlaceOf(b);
  });
  const auto iterator =
      store->NewIterator(Family::kExemplars, PrefixRange(ShardPrefix(tenant, shard)));
  iterator->Seek(PartitionPrefix(tenant, shard, partitioning.StartOf(range.start_ms)));
  while (iterator->Valid()) {
    const absl::StatusOr<ExemplarKey> key = ExemplarKey::Decode(iterator->key());
    if (!key.ok()) {
      ReportCorrupt("exemplar key", iterator->key(), key.status());
      iterator->Next();
      continue;
    }
    if (key->partition_start_ms > range.end_ms) break;
    // The first target that stands here or further on; rows that are not asked for are jumped over.
    const auto target = std::lower_bound(targets.begin(), targets.end(), *key,
                                         [](const ExemplarTarget& one, const ExemplarKey& at) {
                                           return PlaceOf(one) < Place(at.metric, at.series);
                                         });
    if (target == targets.end()) {
      iterator->Seek(PartitionPrefix(tenant, shard, key->partition_start_ms + 1));
      continue;
    }
    if (PlaceOf(*target) != Place(key->metric, key->series)) {
      iterator->Seek(
          ExemplarKey{tenant, shard, key->partition_start_ms, target->metric, target->number, 0}
              .Encode());
      continue;
    }
    absl::StatusOr<std::vector<Exemplar>> row = DecodeExemplars(iterator->value());
    if (row.ok()) {
      std::move(row->begin(), row->end(), std::back_inserter(*target->exemplars));
    } else {
      ReportCorrupt("exemplars", iterator->key(), row.status());
    }
    iterator->Next();
  }
  return iterator->status();
}

}  // namespace vigil::storage
