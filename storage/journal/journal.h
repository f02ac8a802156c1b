// SPDX-License-Identifier: Apache-2.0
//
// A shard's journal: what was accepted, in order, until it is in blocks. A data directory keeps it
// in files of its own (segment_journal.h), a store in memory with the rest (kv_journal.h). It is an
// interface because a shard that outgrows its machine reads it from elsewhere: a partition of a log
// service, written by stateless collectors.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"

namespace vigil::storage {

// Where an entry stands. Rises with each entry of a shard; 0 stands before the first.
using JournalPosition = uint64_t;

// Thread-safe. Concurrent appends share one sync to disk (group commit).
class Journal {
 public:
  virtual ~Journal() = default;

  // Adds an entry, which is `parts` one behind the other, and returns its position once it is as
  // durable as the journal was opened to make it. Positions are given in the order of calls that do
  // not overlap. On failure the caller must not acknowledge the entry, which may or may not be
  // there after a restart. Once a later append has succeeded it is not: its sender may have sent
  // something else in its place.
  virtual absl::StatusOr<JournalPosition> Append(std::span<const std::string_view> parts) = 0;
  absl::StatusOr<JournalPosition> Append(std::string_view entry) {
    return Append(std::span(&entry, 1));
  }

  // What was appended so far is on stable storage when it returns.
  virtual absl::Status Sync() = 0;

  // Calls `visit` for each entry behind `after` in order until it fails; returns that failure. An
  // entry that is damaged is reported and left out, or is DataLoss; see the implementations.
  virtual absl::Status Replay(
      JournalPosition after,
      absl::FunctionRef<absl::Status(JournalPosition, std::string_view)> visit) = 0;

  // Whether an entry was left out, so that others may speak of what only it told.
  virtual bool LostEntries() const = 0;

  // The position of the last entry, 0 if there never was one.
  virtual JournalPosition LastPosition() const = 0;

  // Adds to `batch` what forgets every entry up to and including `through`. The caller writes the
  // batch together with the blocks that now hold those entries, so that each is in one place only.
  virtual void AddTrim(JournalPosition through, WriteBatch* batch) = 0;
  // The batch with the trim is written and durable: what was kept of those entries may go.
  virtual void Trimmed(JournalPosition through) = 0;
};

}  // namespace vigil::storage
