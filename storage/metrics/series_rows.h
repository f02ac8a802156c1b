// SPDX-License-Identifier: Apache-2.0
//
// The rows of series in the store: labels by number, number by labels, postings. They outlive the
// series' place in memory; see series_catalog.h for what is where, docs/format/series_rows.md for
// the format.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"
#include "storage/series/labels.h"
#include "storage/series/posting_list.h"

namespace vigil::storage {

// Reads the rows of one tenant in one shard. Thread-safe.
class SeriesRows {
 public:
  // `store` must outlive the reader.
  SeriesRows(KeyValueStore* store, TenantId tenant, uint8_t shard)
      : store_(*store), tenant_(tenant), shard_(shard) {}

  // nullopt when there is no row.
  absl::StatusOr<std::optional<Labels>> LabelsOf(uint32_t number) const;
  // The labels of those of `numbers` that have rows, ascending by number. Damaged rows are reported
  // and skipped.
  absl::StatusOr<std::vector<std::pair<uint32_t, Labels>>> LabelsOf(const SeriesSet& numbers) const;
  // The series with exactly these labels.
  absl::StatusOr<std::optional<uint32_t>> Find(const Labels& labels) const;

  // Adds to `*batch` what removes the rows of a series, but for its postings, which go with those
  // of its group.
  absl::Status AddRemoval(uint32_t number, WriteBatch* batch) const;
  // Removes the postings of a group.
  absl::Status DropPostings(uint32_t group) const;

 private:
  KeyValueStore& store_;
  const TenantId tenant_;
  const uint8_t shard_;
};

// Writes the rows of series that have none yet. Writing them again does no harm: rows say the same
// of a series whenever they are written, so where there are many they go to the store ahead of the
// batch, as tables. For one flush of one tenant. Not thread-safe.
class SeriesRowWriter {
 public:
  // Sees to it that whatever the writer was told of so far survives a loss of power, and that
  // sequences before `*next_sequence` are never given out again. Called before rows are put into
  // the store; else they might outlive what made them, and speak of numbers that others get.
  using BeforeIngest = std::function<absl::Status()>;

  // `*next_sequence` gives the sequences of posting rows.
  SeriesRowWriter(KeyValueStore* store, TenantId tenant, uint8_t shard, uint64_t* next_sequence,
                  WriteBatch* batch, BeforeIngest before_ingest)
      : store_(*store),
        tenant_(tenant),
        shard_(shard),
        next_sequence_(*next_sequence),
        batch_(*batch),
        before_ingest_(std::move(before_ingest)) {}

  // Requires: numbers ascend.
  absl::Status Add(uint32_t number, Labels labels);
  // All is written, or in the batch.
  absl::Status Finish();

 private:
  // Ascending by key.
  using Entries = std::vector<std::pair<std::string, std::string>>;

  absl::Status WritePending();
  absl::Status Write(Family family, Entries entries, bool in_bulk);
  // The rows of pending_.
  Entries LabelEntries() const;
  Entries HashEntries() const;
  Entries PostingEntries();

  KeyValueStore& store_;
  const TenantId tenant_;
  const uint8_t shard_;
  uint64_t& next_sequence_;
  WriteBatch& batch_;
  const BeforeIngest before_ingest_;
  // Ascending by number.
  std::vector<std::pair<uint32_t, Labels>> pending_;
};

}  // namespace vigil::storage
