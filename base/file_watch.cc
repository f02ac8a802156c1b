// SPDX-License-Identifier: Apache-2.0
#include "base/file_watch.h"

#include <sys/stat.h>

#include <utility>

#include "base/file.h"

namespace vigil {

void FileWatch::Watch(std::vector<std::string> patterns) {
  patterns_ = std::move(patterns);
  known_ = Find();
  last_seen_ = known_;
}

bool FileWatch::Look() {
  std::vector<File> found = Find();
  const bool stands_still = found == last_seen_;
  last_seen_ = std::move(found);
  if (!stands_still || last_seen_ == known_) return false;
  known_ = last_seen_;
  return true;
}

std::vector<FileWatch::File> FileWatch::Find() const {
  std::vector<File> files;
  for (const std::string& pattern : patterns_) {
    const auto paths = Glob(pattern);
    // What cannot be listed now is looked for next time.
    if (!paths.ok()) continue;
    for (const std::string& path : *paths) {
      // What a link leads to: that is what is read.
      struct stat status = {};
      if (stat(path.c_str(), &status) != 0) continue;
      files.push_back({path, status.st_ino, static_cast<uint64_t>(status.st_size),
                       status.st_mtim.tv_sec * int64_t{1'000'000'000} + status.st_mtim.tv_nsec});
    }
  }
  return files;
}

}  // namespace vigil
