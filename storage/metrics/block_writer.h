// SPDX-License-Identifier: Apache-2.0
//
// Makes metric blocks of samples of one tenant's series: cuts them at partition boundaries and
// stores once each column of times that several series share. Two passes over the same samples:
// Survey all of them, then Write all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "storage/codec/effort.h"
#include "storage/metrics/block_presence.h"
#include "storage/metrics/partitioning.h"
#include "storage/model/ids.h"
#include "storage/model/sample.h"

namespace vigil::storage {

// Samples of a block at most. Reading one sample decodes a block, some 20 microseconds at this
// size; beyond it what a block costs by being (key, header, checksum) is less than a hundredth
// already.
inline constexpr size_t kMaxSamplesPerBlock = 8192;

// Columns of times that encode to less stay in their blocks: a row and its look-up cost more.
inline constexpr size_t kMinSharedColumnBytes = 32;

// Keys and values for Family::kBlocks, in no particular order.
using BlockRows = std::vector<std::pair<std::string, std::string>>;

// Not thread-safe.
class BlockWriter {
 public:
  // Where blocks go. `*next_sequence` gives the sequences of blocks and the ids of columns.
  struct Target {
    TenantId tenant;
    uint8_t shard;
    BlockRows* rows;
    BlockPresence* presence;
    uint64_t* next_sequence;
    CodecEffort effort = CodecEffort::kGuess;  // Compaction codes what flushes write once more.
  };
  BlockWriter(const Target& target, Partitioning partitioning)
      : target_(target), partitioning_(partitioning) {}

  void Survey(const SampleColumns& columns);
  // The same for floats that `series` series have at the same instants.
  void SurveyTimes(std::span<const int64_t> times_ms, uint32_t series);
  // Instead of Survey, when it is known by other means that several series share these times.
  void SurveyShared(const SampleColumns& columns);
  // `metric` is MetricHash of the series' metric name.
  void Write(uint32_t number, uint32_t metric, const SampleColumns& columns);

  // The partitions that blocks were written for.
  const std::set<int64_t>& partitions() const { return written_partitions_; }
  // About the memory that shared columns take, bytes.
  size_t size_bytes() const { return size_bytes_; }
  // Forgets the shared columns: the same times get a new one.
  void ForgetColumns();

 private:
  // Samples [begin, end) of one kind, which make a block.
  struct Stretch {
    size_t begin;
    size_t end;
    int64_t partition_ms;
  };
  // A column of times in one partition.
  struct Column {
    uint32_t uses = 0;
    bool refused = false;  // Not worth a row.
    uint64_t id = 0;       // 0 until it has a row.
    std::vector<int64_t> times_ms;
  };
  using ColumnHash = std::pair<uint64_t, uint64_t>;

  std::vector<Stretch> Cut(std::span<const int64_t> times_ms) const;
  std::vector<Stretch> CutHistograms(const SampleColumns& columns) const;
  void CountUses(const SampleColumns& columns, uint32_t uses);
  ColumnHash HashOf(std::span<const int64_t> times_ms);
  // The shared column that holds `times_ms`, stored at first use; nullopt when there should be
  // none.
  std::optional<uint64_t> SharedColumn(int64_t partition_ms, std::span<const int64_t> times_ms);
  void Put(uint32_t number, uint32_t metric, int64_t partition_ms, int64_t first_ms,
           std::string block);

  const Target target_;
  const Partitioning partitioning_;
  absl::flat_hash_map<ColumnHash, Column> columns_;
  // The times that were hashed last: those of the next series are mostly the same.
  std::vector<int64_t> hashed_ms_;
  ColumnHash hash_;
  size_t size_bytes_ = 0;
  std::set<int64_t> written_partitions_;
};

}  // namespace vigil::storage
