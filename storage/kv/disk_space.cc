// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/disk_space.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::storage {
namespace {

// Kept free: room for the write buffers to be flushed, or that share of a small disk.
constexpr uint64_t kReservedBytes = uint64_t{64} << 20;
constexpr uint64_t kReservedShare = 32;

}  // namespace

DiskSpace::DiskSpace(std::string directory)
    : directory_(std::move(directory)), marker_(directory_ + "/CURRENT") {
  struct stat status = {};
  if (::stat(directory_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

absl::Status DiskSpace::CheckFree(uint64_t bytes) const {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(directory_, error);
  if (error) return absl::OkStatus();  // The write itself will tell.
  const uint64_t reserved = std::min<uint64_t>(kReservedBytes, space.capacity / kReservedShare);
  if (space.available >= reserved + bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("disk of {} is full: {} bytes are free, of which {} are kept in reserve; nothing "
                  "is taken in until there is space again",
                  directory_, space.available, reserved));
}

absl::Status DiskSpace::CheckThere() const {
  struct stat status = {};
  const bool same = ::stat(directory_.c_str(), &status) == 0 && status.st_dev == device_ &&
                    status.st_ino == inode_;
  if (same && ::stat(marker_.c_str(), &status) == 0) return absl::OkStatus();
  return absl::UnavailableError(fmt::format(
      "data directory {} has vanished: nothing is taken in; put it back and restart", directory_));
}

uint64_t DiskSpace::FreeBytes() const {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(directory_, error);
  return error ? 0 : space.available;
}

}  // namespace vigil::storage
