// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/posix_segment_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/status.h"
#include "storage/kv/disk_space.h"

namespace vigil::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".seg";
constexpr size_t kCopyBytes = size_t{1} << 20;

class PosixSegmentFile final : public SegmentFile {
 public:
  PosixSegmentFile(int descriptor, std::string path)
      : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixSegmentFile() override { ::close(descriptor_); }

  absl::StatusOr<size_t> Write(uint64_t offset, std::span<const iovec> pieces) override {
    const int count = static_cast<int>(std::min<size_t>(pieces.size(), IOV_MAX));
    ssize_t written;
    do {
      written = ::pwritev(descriptor_, pieces.data(), count, static_cast<off_t>(offset));
    } while (written < 0 && errno == EINTR);
    if (written < 0) return ErrnoStatus(errno, "writing to", path_);
    if (written == 0) return absl::UnavailableError(fmt::format("{} takes nothing", path_));
    return static_cast<size_t>(written);
  }

  absl::StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) override {
    ssize_t count;
    do {
      count = ::pread(descriptor_, buffer, size, static_cast<off_t>(offset));
    } while (count < 0 && errno == EINTR);
    if (count < 0) return ErrnoStatus(errno, "reading", path_);
    return static_cast<size_t>(count);
  }

  absl::Status Sync() override {
    if (::fdatasync(descriptor_) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, "syncing", path_);
  }

  absl::Status Truncate(uint64_t size) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, "truncating", path_);
  }

  void Reserve(uint64_t offset, uint64_t bytes) override {
    // Where it fails (no room, another kind of file system), writing takes the room as it goes.
    if (::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>(bytes)) != 0) {
      return;
    }
  }

 private:
  const int descriptor_;
  const std::string path_;
};

std::optional<uint64_t> NumberOf(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == name.data() + name.size();
  if (!whole || number == 0) return std::nullopt;
  return number;
}

class PosixSegmentDirectory final : public SegmentDirectory {
 public:
  explicit PosixSegmentDirectory(const std::string& directory)
      : directory_(directory), disk_(directory) {}

  absl::StatusOr<std::vector<Entry>> List() override {
    std::vector<Entry> entries;
    std::error_code error;
    for (fs::directory_iterator entry(directory_, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::optional<uint64_t> number = NumberOf(entry->path().filename().string());
      if (!number) continue;
      std::error_code gone;
      const uint64_t bytes = entry->file_size(gone);
      if (gone == std::errc::no_such_file_or_directory) continue;
      if (gone) return ErrnoStatus(gone.value(), "looking at", entry->path().string());
      entries.push_back({*number, bytes});
    }
    if (error) return ErrnoStatus(error.value(), "listing", directory_);
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.number < b.number; });
    return entries;
  }

  absl::StatusOr<std::unique_ptr<SegmentFile>> Create(uint64_t number) override {
    return OpenFile(PathOf(number), O_RDWR | O_CREAT | O_EXCL, "creating");
  }

  absl::StatusOr<std::unique_ptr<SegmentFile>> Open(uint64_t number) override {
    return OpenFile(PathOf(number), O_RDONLY, "opening");
  }

  absl::Status Remove(uint64_t number) override {
    const std::string path = PathOf(number);
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
    return ErrnoStatus(errno, "removing", path);
  }

  absl::Status SyncNames() override { return SyncPath(directory_); }
  absl::Status CheckRoom(uint64_t bytes) override { return disk_.CheckFree(bytes); }
  absl::Status CheckThere() override { return disk_.CheckThere(); }

  absl::Status CopyTo(const std::string& target, uint64_t number,
                      std::optional<uint64_t> bytes) override {
    const std::string from = PathOf(number);
    const std::string to = target + "/" + NameOf(number);
    if (!bytes && ::link(from.c_str(), to.c_str()) == 0) return SyncPath(target);
    VIGIL_ASSIGN_OR_RETURN(const auto source, OpenFile(from, O_RDONLY, "opening"));
    VIGIL_ASSIGN_OR_RETURN(const auto copy, OpenFile(to, O_RDWR | O_CREAT | O_EXCL, "creating"));
    VIGIL_RETURN_IF_ERROR(CopyBytes(*source, bytes.value_or(UINT64_MAX), copy.get()));
    VIGIL_RETURN_IF_ERROR(copy->Sync());
    return SyncPath(target);
  }

  std::string NameOf(uint64_t number) const override {
    return fmt::format("{}{:010}{}", kPrefix, number, kSuffix);
  }

 private:
  std::string PathOf(uint64_t number) const { return directory_ + "/" + NameOf(number); }

  static absl::StatusOr<std::unique_ptr<SegmentFile>> OpenFile(const std::string& path, int flags,
                                                               std::string_view doing) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    if (descriptor < 0) return ErrnoStatus(errno, doing, path);
    return std::make_unique<PosixSegmentFile>(descriptor, path);
  }

  static absl::Status CopyBytes(SegmentFile& source, uint64_t bytes, SegmentFile* copy) {
    std::string buffer(kCopyBytes, '\0');
    uint64_t offset = 0;
    while (offset < bytes) {
      const size_t wanted = std::min<uint64_t>(buffer.size(), bytes - offset);
      VIGIL_ASSIGN_OR_RETURN(const size_t count, source.Read(offset, buffer.data(), wanted));
      if (count == 0) break;
      for (size_t done = 0; done < count;) {
        const iovec piece = {buffer.data() + done, count - done};
        VIGIL_ASSIGN_OR_RETURN(const size_t written, copy->Write(offset + done, {&piece, 1}));
        done += written;
      }
      offset += count;
    }
    return absl::OkStatus();
  }

  const std::string directory_;
  const DiskSpace disk_;
};

}  // namespace

std::unique_ptr<SegmentDirectory> OpenSegmentDirectory(const std::string& directory) {
  return std::make_unique<PosixSegmentDirectory>(directory);
}

}  // namespace vigil::storage
