// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/cold_index.h"

#include <memory>
#include <string_view>

#include <absl/functional/function_ref.h>

#include "base/status.h"
#include "storage/kv/index_keys.h"
#include "storage/metrics/corruption.h"
#include "storage/series/selection.h"
#include "storage/series/set_codec.h"

namespace vigil::storage {
namespace {

// Up to so many series, reading their labels takes less than walking over the values of a name.
constexpr uint64_t kFewSeries = 64;

// The posting rows of one group, cut to the candidates in it.
class GroupPostings final : public PostingSource {
 public:
  GroupPostings(KeyValueStore* store, TenantId tenant, uint8_t shard, uint32_t group,
                SeriesSet candidates)
      : tenant_(tenant),
        shard_(shard),
        group_(group),
        candidates_(std::move(candidates)),
        series_rows_(store, tenant, shard) {
    const std::string prefix = PostingKey::GroupPrefix(tenant, shard, group);
    rows_ = store->NewIterator(Family::kPostings, {prefix, PrefixEnd(prefix)});
  }

  absl::StatusOr<SeriesSet> All() override { return candidates_; }

  absl::StatusOr<SeriesSet> WithName(std::string_view name) override { return WithPair(name, {}); }

  absl::StatusOr<SeriesSet> WithPair(std::string_view name, std::string_view value) override {
    SeriesSet set;
    const std::string prefix = PostingKey::ValuePrefix(tenant_, shard_, group_, name, value);
    for (rows_->Seek(prefix); rows_->Valid() && rows_->key().starts_with(prefix); rows_->Next()) {
      AddRow(&set);
    }
    VIGIL_RETURN_IF_ERROR(rows_->status());
    set &= candidates_;
    return set;
  }

  absl::StatusOr<SeriesSet> WithValues(
      std::string_view name, std::string_view prefix,
      absl::FunctionRef<bool(std::string_view value)> wanted) override {
    SeriesSet set;
    // Several rows, one behind the other, may be of one value.
    std::string last;
    bool last_wanted = false;
    VIGIL_RETURN_IF_ERROR(ForEachValue(name, prefix, [&](const std::string& value) {
      if (value != last) {
        last = value;
        last_wanted = wanted(value);
      }
      if (last_wanted) AddRow(&set);
    }));
    set &= candidates_;
    return set;
  }

  bool PrefersSeries(std::string_view, uint64_t series) override { return series <= kFewSeries; }

  absl::StatusOr<std::string> ValueOf(uint32_t number, std::string_view name) override {
    VIGIL_ASSIGN_OR_RETURN(const auto labels,
                           series_rows_.LabelsOf(SeriesSet::bitmapOf(1, number)));
    return labels.empty() ? std::string() : std::string(labels.front().second.Get(name));
  }

  // Calls `visit` for each row of a value of `name` that begins with `prefix`, in order; AddRow may
  // be called from there.
  absl::Status ForEachValue(std::string_view name, std::string_view prefix,
                            absl::FunctionRef<void(const std::string& value)> visit) {
    const std::string begin = PostingKey::ValuesPrefix(tenant_, shard_, group_, name, prefix);
    for (rows_->Seek(begin); rows_->Valid() && rows_->key().starts_with(begin); rows_->Next()) {
      const absl::StatusOr<PostingKey> key = PostingKey::Decode(rows_->key());
      if (!key.ok()) {
        ReportCorrupt("posting key", rows_->key(), key.status());
      } else if (!key->value.empty()) {
        visit(key->value);
      }
    }
    return rows_->status();
  }

  // Calls `visit` for each name, in order, with the candidates that have it.
  absl::Status ForEachName(
      absl::FunctionRef<void(const std::string& name, const SeriesSet& set)> visit) {
    rows_->Seek(PostingKey::GroupPrefix(tenant_, shard_, group_));
    while (rows_->Valid()) {
      const absl::StatusOr<PostingKey> key = PostingKey::Decode(rows_->key());
      if (!key.ok()) {
        ReportCorrupt("posting key", rows_->key(), key.status());
        rows_->Next();
        continue;
      }
      VIGIL_ASSIGN_OR_RETURN(const SeriesSet set, WithName(key->name));
      visit(key->name, set);
      rows_->Seek(PrefixEnd(PostingKey::NamePrefix(tenant_, shard_, group_, key->name)));
    }
    return rows_->status();
  }

  // Adds the members of the row at hand to `*set`, candidates or not.
  void AddRow(SeriesSet* set) {
    if (DecodeGroup(rows_->value(), group_, set)) return;
    ReportCorrupt("posting row", rows_->key(), absl::DataLossError("not a set of series"));
  }

 private:
  const TenantId tenant_;
  const uint8_t shard_;
  const uint32_t group_;
  const SeriesSet candidates_;
  const SeriesRows series_rows_;
  std::unique_ptr<KeyValueIterator> rows_;
};

// Calls visit(group, members in it) for each group that `set` has members in, until it fails.
absl::Status ForEachGroup(const SeriesSet& set,
                          absl::FunctionRef<absl::Status(uint32_t, SeriesSet)> visit) {
  for (auto at = set.begin(); at != set.end();) {
    const uint32_t group = GroupOf(*at);
    VIGIL_RETURN_IF_ERROR(visit(group, MembersOf(set, group)));
    if (group == kGroups - 1) break;
    at.equalorlarger((group + 1) << kGroupBits);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SeriesSet> ColdIndex::Select(const std::vector<Matcher>& matchers,
                                            const SeriesSet& candidates) const {
  if (matchers.empty()) return candidates;
  SeriesSet selected;
  VIGIL_RETURN_IF_ERROR(ForEachGroup(candidates, [&](uint32_t group, SeriesSet members) {
    GroupPostings postings(&store_, tenant_, shard_, group, std::move(members));
    VIGIL_ASSIGN_OR_RETURN(const SeriesSet found, SelectSeries(postings, matchers));
    selected |= found;
    return absl::OkStatus();
  }));
  return selected;
}

absl::Status ColdIndex::AddNames(const SeriesSet& set, std::set<std::string>* names) const {
  return ForEachGroup(set, [&](uint32_t group, SeriesSet members) {
    GroupPostings postings(&store_, tenant_, shard_, group, std::move(members));
    return postings.ForEachName([names](const std::string& name, const SeriesSet& with_name) {
      if (!with_name.isEmpty()) names->insert(name);
    });
  });
}

absl::Status ColdIndex::AddValues(const std::string& name, const SeriesSet& set,
                                  std::set<std::string>* values) const {
  if (set.cardinality() <= kFewSeries) {
    VIGIL_ASSIGN_OR_RETURN(const auto series, rows_.LabelsOf(set));
    for (const auto& [number, labels] : series) {
      if (labels.Has(name)) values->emplace(labels.Get(name));
    }
    return absl::OkStatus();
  }
  return ForEachGroup(set, [&](uint32_t group, SeriesSet members) {
    GroupPostings postings(&store_, tenant_, shard_, group, members);
    return postings.ForEachValue(name, {}, [&](const std::string& value) {
      SeriesSet with_value;
      postings.AddRow(&with_value);
      if (with_value.intersect(members)) values->insert(value);
    });
  });
}

}  // namespace vigil::storage
