// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/directory_hold.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

namespace vigil::storage {
namespace {

namespace fs = std::filesystem;

// Who holds what we could not lock, for the message.
std::string HolderOf(int descriptor, short type) {
  struct flock asked = {};
  asked.l_type = type;
  asked.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_GETLK, &asked) == 0 && asked.l_type != F_UNLCK && asked.l_pid > 0) {
    return fmt::format("process {}", asked.l_pid);
  }
  return "another process";
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryHold>> DirectoryHold::Acquire(const std::string& directory,
                                                                      Mode mode) {
  std::error_code error;
  // What makes a directory a RocksDB: the file that names its catalogue.
  if (!fs::exists(directory + "/CURRENT", error)) {
    return absl::NotFoundError(
        fmt::format("{} is no data directory of vigil: it has no file CURRENT", directory));
  }
  const std::string path = directory + "/LOCK";
  const int flags = (mode == Mode::kWrite ? O_RDWR : O_RDONLY) | O_CLOEXEC;
  const int descriptor = ::open(path.c_str(), flags);
  if (descriptor < 0 && errno == ENOENT) {
    return std::unique_ptr<DirectoryHold>(new DirectoryHold(-1));
  }
  if (descriptor < 0) {
    return absl::PermissionDeniedError(fmt::format(
        "opening {}: {}", path, std::error_code(errno, std::generic_category()).message()));
  }
  struct flock lock = {};
  lock.l_type = mode == Mode::kWrite ? F_WRLCK : F_RDLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_SETLK, &lock) != 0) {
    const std::string holder = HolderOf(descriptor, lock.l_type);
    ::close(descriptor);
    return absl::FailedPreconditionError(
        fmt::format("{} is in use by {}: stop that one first", directory, holder));
  }
  return std::unique_ptr<DirectoryHold>(new DirectoryHold(descriptor));
}

DirectoryHold::~DirectoryHold() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace vigil::storage
