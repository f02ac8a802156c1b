// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/series_rows.h"

#include <functional>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/kv/index_keys.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/corruption.h"
#include "storage/series/set_codec.h"

namespace vigil::storage {
namespace {

// So many new series of a group go to the store ahead of the batch: their rows take some 2 MB
// there.
constexpr size_t kSeriesWrittenAhead = 4096;

// The value of a row of hashes: the numbers, u32 big-endian each.
absl::StatusOr<std::vector<uint32_t>> DecodeNumbers(std::string_view value) {
  std::vector<uint32_t> numbers;
  KeyReader reader(value);
  for (size_t i = 0; i < value.size() / sizeof(uint32_t); ++i) numbers.push_back(reader.ReadU32());
  VIGIL_RETURN_IF_ERROR(reader.Finish("numbers of a labels hash"));
  return numbers;
}

std::string EncodeNumbers(const std::vector<uint32_t>& numbers) {
  KeyWriter writer;
  for (const uint32_t number : numbers) writer.AppendU32(number);
  return writer.Take();
}

}  // namespace

absl::StatusOr<std::optional<Labels>> SeriesRows::LabelsOf(uint32_t number) const {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                         store_.Get(Family::kSeries, SeriesKey{tenant_, shard_, number}.Encode()));
  if (!row.has_value()) return std::optional<Labels>();
  VIGIL_ASSIGN_OR_RETURN(Labels labels, Labels::FromPacked(*row));
  return std::optional(std::move(labels));
}

absl::StatusOr<std::vector<std::pair<uint32_t, Labels>>> SeriesRows::LabelsOf(
    const SeriesSet& numbers) const {
  std::vector<std::pair<uint32_t, Labels>> found;
  if (numbers.isEmpty()) return found;
  const std::unique_ptr<KeyValueIterator> rows =
      store_.NewIterator(Family::kSeries, PrefixRange(SeriesKey::Prefix(tenant_, shard_)));
  bool positioned = false;
  for (const uint32_t number : numbers) {
    const std::string key = SeriesKey{tenant_, shard_, number}.Encode();
    // Neighbours mostly are members too.
    if (positioned) rows->Next();
    if (!positioned || !rows->Valid() || rows->key() != key) rows->Seek(key);
    positioned = rows->Valid();
    if (!positioned || rows->key() != key) {
      VIGIL_RETURN_IF_ERROR(rows->status());
      positioned = false;
      continue;
    }
    absl::StatusOr<Labels> labels = Labels::FromPacked(rows->value());
    if (labels.ok()) {
      found.emplace_back(number, *std::move(labels));
    } else {
      ReportCorrupt("series row", key, labels.status());
    }
  }
  return found;
}

absl::StatusOr<std::optional<uint32_t>> SeriesRows::Find(const Labels& labels) const {
  const std::string key = LabelsHashKey{tenant_, shard_, labels.Hash()}.Encode();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> row, store_.Get(Family::kSeries, key));
  if (!row.has_value()) return std::optional<uint32_t>();
  const absl::StatusOr<std::vector<uint32_t>> numbers = DecodeNumbers(*row);
  if (!numbers.ok()) {
    ReportCorrupt("labels hash row", key, numbers.status());
    return std::optional<uint32_t>();
  }
  for (const uint32_t number : *numbers) {
    const absl::StatusOr<std::optional<Labels>> other = LabelsOf(number);
    if (other.status().code() == absl::StatusCode::kDataLoss) continue;  // Some other series' row.
    VIGIL_RETURN_IF_ERROR(other.status());
    if (*other == labels) return std::optional(number);
  }
  return std::optional<uint32_t>();
}

absl::Status SeriesRows::AddRemoval(uint32_t number, WriteBatch* batch) const {
  const absl::StatusOr<std::optional<Labels>> labels = LabelsOf(number);
  batch->Delete(Family::kSeries, SeriesKey{tenant_, shard_, number}.Encode());
  // Without labels nothing leads to the row of the hash; it names a series that is not there, which
  // look-ups pass over.
  if (labels.status().code() == absl::StatusCode::kDataLoss) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(labels.status());
  if (!labels->has_value()) return absl::OkStatus();
  std::string key = LabelsHashKey{tenant_, shard_, (*labels)->Hash()}.Encode();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> row, store_.Get(Family::kSeries, key));
  if (!row.has_value()) return absl::OkStatus();
  absl::StatusOr<std::vector<uint32_t>> numbers = DecodeNumbers(*row);
  if (numbers.ok()) std::erase(*numbers, number);
  if (!numbers.ok() || numbers->empty()) {
    batch->Delete(Family::kSeries, std::move(key));
  } else {
    batch->Put(Family::kSeries, std::move(key), EncodeNumbers(*numbers));
  }
  return absl::OkStatus();
}

absl::Status SeriesRows::DropPostings(uint32_t group) const {
  const std::string prefix = PostingKey::GroupPrefix(tenant_, shard_, group);
  return store_.DropRange(Family::kPostings, prefix, PrefixEnd(prefix));
}

absl::Status SeriesRowWriter::Add(uint32_t number, Labels labels) {
  if (!pending_.empty() && GroupOf(pending_.back().first) != GroupOf(number)) {
    VIGIL_RETURN_IF_ERROR(WritePending());
  }
  pending_.emplace_back(number, std::move(labels));
  return absl::OkStatus();
}

absl::Status SeriesRowWriter::Finish() { return WritePending(); }

absl::Status SeriesRowWriter::WritePending() {
  if (pending_.empty()) return absl::OkStatus();
  WriteBatch ahead;
  WriteBatch* const batch = pending_.size() >= kSeriesWrittenAhead ? &ahead : &batch_;
  for (const auto& [number, labels] : pending_) {
    batch->Put(Family::kSeries, SeriesKey{tenant_, shard_, number}.Encode(),
               std::string(labels.packed()));
    VIGIL_RETURN_IF_ERROR(AddHashRow(number, labels.Hash(), batch));
  }
  AddPostings(batch);
  pending_.clear();
  if (ahead.empty()) return absl::OkStatus();
  // They count once the batch does, which is synced after them.
  VIGIL_RETURN_IF_ERROR_WITH(store_.Write(ahead, Durability::kNoSync), "writing series rows");
  hashes_ahead_.clear();
  return absl::OkStatus();
}

absl::Status SeriesRowWriter::AddHashRow(uint32_t number, uint64_t hash, WriteBatch* batch) {
  std::string key = LabelsHashKey{tenant_, shard_, hash}.Encode();
  // The batch takes effect last, so what it says of a hash it must say all.
  if (hashes_in_batch_.contains(hash)) batch = &batch_;
  std::string& row = batch == &batch_ ? hashes_in_batch_[hash] : hashes_ahead_[hash];
  if (row.empty()) {
    VIGIL_ASSIGN_OR_RETURN(std::optional<std::string> stored, store_.Get(Family::kSeries, key));
    if (stored.has_value()) row = *std::move(stored);
  }
  absl::StatusOr<std::vector<uint32_t>> numbers = DecodeNumbers(row);
  if (!numbers.ok()) numbers = std::vector<uint32_t>();
  std::erase(*numbers, number);
  numbers->push_back(number);
  row = EncodeNumbers(*numbers);
  batch->Put(Family::kSeries, std::move(key), row);
  return absl::OkStatus();
}

void SeriesRowWriter::AddPostings(WriteBatch* batch) {
  // Keyed by texts of pending_.
  using Values = absl::flat_hash_map<std::string_view, PostingList, StringHash, std::equal_to<>>;
  absl::flat_hash_map<std::string_view, Values, StringHash, std::equal_to<>> names;
  for (const auto& [number, labels] : pending_) {
    for (const LabelView& label : labels) names[label.name][label.value].Add(number);
  }
  const uint32_t group = GroupOf(pending_.front().first);
  const uint64_t sequence = next_sequence_++;
  for (const auto& [name, values] : names) {
    const std::string prefix = PostingKey::NamePrefix(tenant_, shard_, group, name);
    const auto put = [&](std::string_view value, const SeriesSet& set) {
      batch->Put(Family::kPostings,
                 KeyWriter().AppendBytes(prefix).AppendTerminated(value).AppendU64(sequence).Take(),
                 EncodeGroup(set, group));
    };
    SeriesSet any;
    for (const auto& [value, list] : values) {
      SeriesSet set;
      list.AddTo(&set);
      put(value, set);
      any |= set;
    }
    put({}, any);
  }
}

}  // namespace vigil::storage
