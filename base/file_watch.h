// SPDX-License-Identifier: Apache-2.0
//
// Notices that files have changed by looking at their names, sizes and times: what does that works
// on every file system, costs a few system calls, and needs no descriptors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vigil {

// Not thread-safe.
class FileWatch {
 public:
  // Patterns from now on (see Glob). What they match now counts as known.
  void Watch(std::vector<std::string> patterns);

  // Whether there is something new that stands still: files have come, gone or changed since it was
  // true last (or since Watch), and are the same as when this was called last. Copying a file takes
  // a moment; nothing is to be read in the middle of it.
  bool Look();

 private:
  struct File {
    std::string path;
    uint64_t inode = 0;
    uint64_t size_bytes = 0;
    int64_t changed_ns = 0;
    friend bool operator==(const File&, const File&) = default;
  };
  std::vector<File> Find() const;

  std::vector<std::string> patterns_;
  std::vector<File> known_;
  std::vector<File> last_seen_;
};

}  // namespace vigil
