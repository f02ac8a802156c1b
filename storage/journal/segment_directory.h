// SPDX-License-Identifier: Apache-2.0
//
// The files that a journal is kept in, as its other units see them: a few calls of the system, each
// of which may fail or do less than it was asked for. Behind it stand a directory of the file
// system (posix_segment_directory.h) and, in tests, one in memory that fails and loses power.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace vigil::storage {

// A file that is open. One thread may write while others read and sync.
class SegmentFile {
 public:
  virtual ~SegmentFile() = default;

  // Writes the pieces one behind the other from `offset` on and returns how many bytes it wrote,
  // which may be fewer than there are, but at least one.
  virtual absl::StatusOr<size_t> Write(uint64_t offset, std::span<const iovec> pieces) = 0;
  // Reads up to `size` bytes and returns how many; 0 at the end of the file.
  virtual absl::StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) = 0;
  // What was written before the call is on stable storage when it returns. After a failure some of
  // it may never be, whatever later calls return.
  virtual absl::Status Sync() = 0;
  virtual absl::Status Truncate(uint64_t size) = 0;
  // May take room on the disk for [offset, offset + bytes), so that writing there is cheaper. The
  // file does not get longer by it.
  virtual void Reserve(uint64_t offset, uint64_t bytes) = 0;
};

// Thread-safe.
class SegmentDirectory {
 public:
  struct Entry {
    uint64_t number = 0;
    uint64_t bytes = 0;
  };

  virtual ~SegmentDirectory() = default;

  // The segments that are there, by rising number.
  virtual absl::StatusOr<std::vector<Entry>> List() = 0;
  // A new file, for reading and writing. Fails if there is one of that number.
  virtual absl::StatusOr<std::unique_ptr<SegmentFile>> Create(uint64_t number) = 0;
  // A file that is there, for reading and syncing.
  virtual absl::StatusOr<std::unique_ptr<SegmentFile>> Open(uint64_t number) = 0;
  virtual absl::Status Remove(uint64_t number) = 0;
  // Which files there are is on stable storage when it returns.
  virtual absl::Status SyncNames() = 0;

  // ResourceExhausted unless there is room for that many bytes more.
  virtual absl::Status CheckRoom(uint64_t bytes) = 0;
  // Unavailable when the directory is not the one that was opened any more.
  virtual absl::Status CheckThere() = 0;

  // Puts a segment, or its first `bytes` bytes, into the directory `target` of the file system,
  // whole ones by a hard link where it can; what is copied is on stable storage when it returns.
  virtual absl::Status CopyTo(const std::string& target, uint64_t number,
                              std::optional<uint64_t> bytes) = 0;

  // What the file is called, for messages.
  virtual std::string NameOf(uint64_t number) const = 0;
};

}  // namespace vigil::storage
