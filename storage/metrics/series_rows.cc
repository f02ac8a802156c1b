// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/series_rows.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include <absl/container/node_hash_map.h>
#include <absl/functional/function_ref.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/kv/index_keys.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/kv/sort_entries.h"
#include "storage/metrics/corruption.h"
#include "storage/series/set_codec.h"

namespace vigil::storage {
namespace {

// So many new series are worth tables of their own, three of them.
constexpr size_t kSeriesWorthTables = 8192;
// Series whose rows are made at once. In few tables: each is one more place to look for labels.
constexpr size_t kSeriesAtOnce = 65536;

// The series that have each label pair. Neighbours mostly have the same, so a label is looked up
// where the series before had it. Keeps views of the labels.
class PairLists {
 public:
  using Values = absl::node_hash_map<std::string_view, PostingList, StringHash, std::equal_to<>>;

  void Add(uint32_t number, const Labels& labels) {
    size_t place = 0;
    for (const LabelView& label : labels) {
      if (place == last_.size()) last_.emplace_back();
      auto& [last, list] = last_[place++];
      if (list == nullptr || last != label) {
        last = label;
        list = &names_[label.name][label.value];
      }
      list->Add(number);
    }
  }
  void ForEachName(absl::FunctionRef<void(std::string_view, const Values&)> visit) const {
    for (const auto& [name, values] : names_) visit(name, values);
  }

 private:
  absl::node_hash_map<std::string_view, Values, StringHash, std::equal_to<>> names_;
  // The labels of the last series, and where the lists of theirs are.
  std::vector<std::pair<LabelView, PostingList*>> last_;
};

// `group` is the key of the rows, but for name and value.
void AddPostings(const PairLists& lists, const PostingKey& group,
                 std::vector<std::pair<std::string, std::string>>* entries) {
  lists.ForEachName([&](std::string_view name, const PairLists::Values& values) {
    const std::string prefix = PostingKey::NamePrefix(group.tenant, group.shard, group.group, name);
    const auto put = [&](std::string_view value, const SeriesSet& set) {
      entries->emplace_back(
          KeyWriter().AppendBytes(prefix).AppendTerminated(value).AppendU64(group.sequence).Take(),
          EncodeGroup(set, group.group));
    };
    SeriesSet any;
    for (const auto& [value, list] : values) {
      SeriesSet set;
      list.AddTo(&set);
      list.AddTo(&any);
      put(value, set);
    }
    put({}, any);
  });
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
  const std::string prefix = LabelsHashKey::Prefix(tenant_, shard_, labels.Hash());
  const std::unique_ptr<KeyValueIterator> rows =
      store_.NewIterator(Family::kSeries, PrefixRange(prefix));
  for (rows->Seek(prefix); rows->Valid(); rows->Next()) {
    const absl::StatusOr<LabelsHashKey> key = LabelsHashKey::Decode(rows->key());
    if (!key.ok()) {
      ReportCorrupt("labels hash key", rows->key(), key.status());
      continue;
    }
    const absl::StatusOr<std::optional<Labels>> other = LabelsOf(key->number);
    if (other.status().code() == absl::StatusCode::kDataLoss) continue;  // Some other series' row.
    VIGIL_RETURN_IF_ERROR(other.status());
    if (*other == labels) return std::optional(key->number);
  }
  VIGIL_RETURN_IF_ERROR(rows->status());
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
  batch->Delete(Family::kSeries,
                LabelsHashKey{tenant_, shard_, (*labels)->Hash(), number}.Encode());
  return absl::OkStatus();
}

absl::Status SeriesRows::DropPostings(uint32_t group) const {
  const std::string prefix = PostingKey::GroupPrefix(tenant_, shard_, group);
  return store_.DropRange(Family::kPostings, prefix, PrefixEnd(prefix));
}

absl::Status SeriesRowWriter::Add(uint32_t number, Labels labels) {
  if (pending_.size() == kSeriesAtOnce) VIGIL_RETURN_IF_ERROR(WritePending());
  pending_.emplace_back(number, std::move(labels));
  return absl::OkStatus();
}

absl::Status SeriesRowWriter::Finish() { return WritePending(); }

absl::Status SeriesRowWriter::WritePending() {
  if (pending_.empty()) return absl::OkStatus();
  const bool in_bulk = pending_.size() >= kSeriesWorthTables;
  Entries postings = PostingEntries();
  if (in_bulk) VIGIL_RETURN_IF_ERROR(before_ingest_());
  VIGIL_RETURN_IF_ERROR(Write(Family::kPostings, std::move(postings), in_bulk));
  VIGIL_RETURN_IF_ERROR(Write(Family::kSeries, HashEntries(), in_bulk));
  VIGIL_RETURN_IF_ERROR(Write(Family::kSeries, LabelEntries(), in_bulk));
  pending_.clear();
  return absl::OkStatus();
}

absl::Status SeriesRowWriter::Write(Family family, Entries entries, bool in_bulk) {
  if (in_bulk)
    return Annotate(store_.Ingest(family, entries, TableEffort::kQuick), "writing series rows");
  for (auto& [key, value] : entries) batch_.Put(family, std::move(key), std::move(value));
  return absl::OkStatus();
}

SeriesRowWriter::Entries SeriesRowWriter::LabelEntries() const {
  Entries entries;
  entries.reserve(pending_.size());
  for (const auto& [number, labels] : pending_) {
    entries.emplace_back(SeriesKey{tenant_, shard_, number}.Encode(), labels.packed());
  }
  return entries;
}

SeriesRowWriter::Entries SeriesRowWriter::HashEntries() const {
  std::vector<std::pair<uint64_t, uint32_t>> hashes;
  hashes.reserve(pending_.size());
  for (const auto& [number, labels] : pending_) {
    hashes.emplace_back(labels.Hash() & kLabelsHashMask, number);
  }
  std::sort(hashes.begin(), hashes.end());
  Entries entries;
  entries.reserve(hashes.size());
  for (const auto& [hash, number] : hashes) {
    entries.emplace_back(LabelsHashKey{tenant_, shard_, hash, number}.Encode(), std::string());
  }
  return entries;
}

SeriesRowWriter::Entries SeriesRowWriter::PostingEntries() {
  const uint64_t sequence = next_sequence_++;
  Entries entries;
  for (size_t begin = 0, end = 0; begin < pending_.size(); begin = end) {
    const uint32_t group = GroupOf(pending_[begin].first);
    PairLists lists;
    for (; end < pending_.size() && GroupOf(pending_[end].first) == group; ++end) {
      lists.Add(pending_[end].first, pending_[end].second);
    }
    AddPostings(lists, {tenant_, shard_, group, {}, {}, sequence}, &entries);
  }
  SortByKey(&entries);
  return entries;
}

}  // namespace vigil::storage
