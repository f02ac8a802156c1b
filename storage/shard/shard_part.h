// SPDX-License-Identifier: Apache-2.0
//
// What a shard asks of each kind of data in it (metrics, logs, spans): take part in recovery from
// the shard's journal and in moving what is in memory into blocks.
//
// The life of a record: its batch is encoded into a journal entry, appended, and then applied to
// the part's open head. When the shard flushes it stops writers for a moment, seals the heads of
// all parts at one journal position, lets writers go on with fresh heads, has the parts write their
// sealed heads as blocks into one batch, adds the journal's trim to that batch, writes it in one
// step, and has the parts drop their sealed heads. So a record is in the journal or in a block,
// never in both or none.
//
// Metrics, which are most of what there is, go past the store's log: WriteSealed ingests their
// blocks before the batch is written. A crash in between leaves blocks whose samples the journal
// has too; replay brings those again, at the same instants of the same series, so nobody sees it.
// That is sound because WriteSealed, before it ingests, has written with a sync that the sequences
// in use are taken (ids of shared columns among them: a later one could else mean other times), and
// because the journal entries behind the blocks (which define the series that the blocks name) are
// durable before it is called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <absl/status/status.h>

#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Thread-safe. Reads go on during every call here and see each record exactly once.
class ShardPart {
 public:
  virtual ~ShardPart() = default;

  // Loads what blocks do not tell (series, streams). Called once, before anything else.
  virtual absl::Status Load() = 0;

  // Applies the payload of a journal entry that an earlier run of this part encoded. DataLoss when
  // it is not such a payload.
  virtual absl::Status Replay(TenantId tenant, std::string_view payload) = 0;

  // The open head becomes the sealed one. Requires: no sealed head; no writer is between append and
  // apply (the shard sees to that).
  virtual void Seal() = 0;

  // Adds the sealed head's blocks, unless it ingests them, and what Load needs to `batch`. May be
  // called again if the write of the batch failed.
  virtual absl::Status WriteSealed(WriteBatch* batch) = 0;

  // The batch is written: readers find the sealed head's records in blocks from now on.
  virtual void DropSealed() = 0;

  // Drops every partition that ends at or before `unix_ms`, and what names only such partitions.
  virtual absl::Status DropBefore(int64_t unix_ms) = 0;

  // About the memory of both heads, bytes.
  virtual size_t HeadBytes() const = 0;
};

}  // namespace vigil::storage
