// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil {
namespace {

// Closes a file descriptor at the end of a scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status WriteAll(int fd, std::string_view contents, const std::string& path) {
  while (!contents.empty()) {
    const ssize_t written = ::write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, "writing", path);
    contents.remove_prefix(written);
  }
  if (::fsync(fd) != 0) return ErrnoStatus(errno, "syncing", path);
  return absl::OkStatus();
}

}  // namespace

absl::Status ErrnoStatus(int error, std::string_view action, const std::string& path) {
  const std::string message = fmt::format(
      "{} {}: {}", action, path, std::error_code(error, std::generic_category()).message());
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
      return absl::FailedPreconditionError(message);
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status SyncPath(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return ErrnoStatus(errno, "opening", path);
  return ::fsync(file.get()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, "syncing", path);
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return ErrnoStatus(errno, "opening", path);
  std::string contents;
  char buffer[65536];
  while (true) {
    const ssize_t count = ::read(file.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "reading", path);
    if (count == 0) return contents;
    contents.append(buffer, count);
  }
}

absl::Status WriteFile(const std::string& path, std::string_view contents) {
  const std::string temporary = path + ".new";
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return ErrnoStatus(errno, "creating", temporary);
    VIGIL_RETURN_IF_ERROR(WriteAll(file.get(), contents, temporary));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return ErrnoStatus(errno, "renaming to", path);
  return absl::OkStatus();
}

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return ErrnoStatus(error.value(), "making directory", path);
  return absl::OkStatus();
}

absl::Status CheckWritable(const std::string& path) {
  const std::string probe = path + "/.writable";
  {
    const Descriptor file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (file.get() < 0) return ErrnoStatus(errno, "writing to directory", path);
  }
  ::unlink(probe.c_str());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Glob(const std::string& pattern) {
  glob_t found = {};
  const int result = ::glob(pattern.c_str(), GLOB_BRACE | GLOB_TILDE, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  // glob sorts what each alternative in braces gives.
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  if (result != 0 && result != GLOB_NOMATCH) {
    return absl::UnavailableError(fmt::format("listing files that match {} failed", pattern));
  }
  return paths;
}

absl::StatusOr<uint64_t> FreeBytes(const std::string& path) {
  struct statvfs stats = {};
  if (::statvfs(path.c_str(), &stats) != 0)
    return ErrnoStatus(errno, "asking for free space of", path);
  return uint64_t{stats.f_bavail} * stats.f_frsize;
}

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Acquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus(errno, "opening", path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(fd);
    if (error != EWOULDBLOCK) return ErrnoStatus(error, "locking", path);
    const absl::StatusOr<std::string> holder = ReadFile(path);
    return absl::FailedPreconditionError(
        fmt::format("{} is locked by process {}", path,
                    holder.ok() && !holder->empty() ? Trim(*holder) : "of unknown number"));
  }
  const std::string holder = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::write(fd, holder.data(), holder.size()) < 0) {
    // The number only serves the message above; the lock holds without it.
  }
  return std::unique_ptr<FileLock>(new FileLock(fd));
}

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace vigil
