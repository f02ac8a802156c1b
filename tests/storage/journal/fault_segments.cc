// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/journal/fault_segments.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::storage::testing {
namespace {

constexpr uint64_t kPageBytes = 4096;

}  // namespace

class FaultFile final : public SegmentFile {
 public:
  FaultFile(FaultDisk* disk, FaultDisk::FilePtr file) : disk_(*disk), file_(std::move(file)) {}

  absl::StatusOr<size_t> Write(uint64_t offset, std::span<const iovec> pieces) override {
    const MutexLock lock(&disk_.mutex_);
    std::string bytes;
    for (const iovec& piece : pieces) {
      bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    const absl::Status outcome = disk_.NextOutcomeLocked();
    size_t count = std::min(bytes.size(), disk_.longest_write_);
    // What failed may have begun.
    if (!outcome.ok()) count = disk_.random_() % (bytes.size() + 1);
    bytes.resize(count);
    if (count > 0) {
      file_->cached.resize(std::max<size_t>(file_->cached.size(), offset + count));
      file_->cached.replace(offset, count, bytes);
      const uint64_t last = (offset + count - 1) / kPageBytes;
      for (uint64_t page = offset / kPageBytes; page <= last; ++page) file_->dirty.insert(page);
    }
    VIGIL_RETURN_IF_ERROR(outcome);
    return count;
  }

  absl::StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) override {
    const MutexLock lock(&disk_.mutex_);
    VIGIL_RETURN_IF_ERROR(disk_.NextOutcomeLocked());
    if (offset >= file_->cached.size()) return 0;
    const size_t count = std::min<size_t>(size, file_->cached.size() - offset);
    std::memcpy(buffer, file_->cached.data() + offset, count);
    return count;
  }

  absl::Status Sync() override {
    const MutexLock lock(&disk_.mutex_);
    while (disk_.hold_syncs_) {
      disk_.sync_waits_ = true;
      disk_.sync_changed_.notify_all();
      disk_.sync_changed_.wait(disk_.mutex_);
    }
    ++disk_.syncs_;
    const absl::Status outcome = disk_.NextOutcomeLocked();
    // A sync that fails has written some pages and takes the others for clean from now on.
    for (const uint64_t page : file_->dirty) {
      if (outcome.ok() || disk_.random_() % 2 == 0) {
        FaultDisk::PersistPage(*file_, page, &file_->durable);
      }
    }
    file_->dirty.clear();
    if (outcome.ok() && file_->durable.size() > file_->cached.size()) {
      file_->durable.resize(file_->cached.size());
    }
    return outcome;
  }

  absl::Status Truncate(uint64_t size) override {
    const MutexLock lock(&disk_.mutex_);
    VIGIL_RETURN_IF_ERROR(disk_.NextOutcomeLocked());
    file_->cached.resize(size);
    std::erase_if(file_->dirty, [&](uint64_t page) { return page * kPageBytes >= size; });
    return absl::OkStatus();
  }

  void Reserve(uint64_t offset, uint64_t bytes) override {}

 private:
  FaultDisk& disk_;
  const FaultDisk::FilePtr file_;
};

class FaultDirectory final : public SegmentDirectory {
 public:
  explicit FaultDirectory(FaultDisk* disk) : disk_(*disk) {}

  absl::StatusOr<std::vector<Entry>> List() override {
    const MutexLock lock(&disk_.mutex_);
    VIGIL_RETURN_IF_ERROR(disk_.NextOutcomeLocked());
    std::vector<Entry> entries;
    for (const auto& [number, file] : disk_.files_)
      entries.push_back({number, file->cached.size()});
    return entries;
  }

  absl::StatusOr<std::unique_ptr<SegmentFile>> Create(uint64_t number) override {
    const MutexLock lock(&disk_.mutex_);
    const absl::Status outcome = disk_.NextOutcomeLocked();
    if (disk_.files_.contains(number)) return absl::AlreadyExistsError(NameOf(number));
    // What failed may be there all the same.
    if (outcome.ok() || disk_.random_() % 2 == 0) {
      disk_.files_[number] = std::make_shared<FaultDisk::File>();
    }
    VIGIL_RETURN_IF_ERROR(outcome);
    return std::make_unique<FaultFile>(&disk_, disk_.files_[number]);
  }

  absl::StatusOr<std::unique_ptr<SegmentFile>> Open(uint64_t number) override {
    const MutexLock lock(&disk_.mutex_);
    VIGIL_RETURN_IF_ERROR(disk_.NextOutcomeLocked());
    const auto file = disk_.files_.find(number);
    if (file == disk_.files_.end()) return absl::NotFoundError(NameOf(number));
    return std::make_unique<FaultFile>(&disk_, file->second);
  }

  absl::Status Remove(uint64_t number) override {
    const MutexLock lock(&disk_.mutex_);
    VIGIL_RETURN_IF_ERROR(disk_.NextOutcomeLocked());
    const auto file = disk_.files_.find(number);
    if (file == disk_.files_.end()) return absl::OkStatus();
    if (file->second->named) disk_.removed_.insert(*file);
    disk_.files_.erase(file);
    return absl::OkStatus();
  }

  absl::Status SyncNames() override {
    const MutexLock lock(&disk_.mutex_);
    VIGIL_RETURN_IF_ERROR(disk_.NextOutcomeLocked());
    for (const auto& [number, file] : disk_.files_) file->named = true;
    disk_.removed_.clear();
    return absl::OkStatus();
  }

  absl::Status CheckRoom(uint64_t bytes) override {
    const MutexLock lock(&disk_.mutex_);
    return disk_.NextOutcomeLocked();
  }

  absl::Status CheckThere() override {
    const MutexLock lock(&disk_.mutex_);
    VIGIL_RETURN_IF_ERROR(disk_.NextOutcomeLocked());
    return disk_.vanished_ ? absl::UnavailableError("vanished") : absl::OkStatus();
  }

  absl::Status CopyTo(const std::string& target, uint64_t number,
                      std::optional<uint64_t> bytes) override {
    return absl::UnimplementedError("not on this disk");
  }

  std::string NameOf(uint64_t number) const override { return fmt::format("segment {}", number); }

 private:
  FaultDisk& disk_;
};

std::unique_ptr<SegmentDirectory> FaultDisk::Open() {
  return std::make_unique<FaultDirectory>(this);
}

void FaultDisk::PersistPage(const File& from, uint64_t page, std::string* to) {
  const uint64_t begin = page * kPageBytes;
  if (begin >= from.cached.size()) return;
  const std::string bytes = from.cached.substr(begin, kPageBytes);
  to->resize(std::max<size_t>(to->size(), begin + bytes.size()));
  to->replace(begin, bytes.size(), bytes);
}

void FaultDisk::FailAt(int64_t nth, absl::Status error, int64_t count) {
  const MutexLock lock(&mutex_);
  skip_ = nth - 1;
  count_ = count;
  error_ = std::move(error);
}

int64_t FaultDisk::failures() const {
  const MutexLock lock(&mutex_);
  return failures_;
}

void FaultDisk::SetLongestWrite(size_t bytes) {
  const MutexLock lock(&mutex_);
  longest_write_ = bytes;
}

void FaultDisk::SetVanished(bool vanished) {
  const MutexLock lock(&mutex_);
  vanished_ = vanished;
}

void FaultDisk::HoldSyncs(bool hold) {
  const MutexLock lock(&mutex_);
  hold_syncs_ = hold;
  sync_waits_ = false;
  sync_changed_.notify_all();
}

void FaultDisk::AwaitHeldSync() {
  const MutexLock lock(&mutex_);
  while (!sync_waits_) sync_changed_.wait(mutex_);
}

int64_t FaultDisk::syncs() const {
  const MutexLock lock(&mutex_);
  return syncs_;
}

absl::Status FaultDisk::NextOutcomeLocked() {
  if (skip_ > 0) {
    --skip_;
    return absl::OkStatus();
  }
  if (count_ == 0) return absl::OkStatus();
  --count_;
  ++failures_;
  return error_;
}

std::unique_ptr<FaultDisk> FaultDisk::AfterKill() const {
  const MutexLock lock(&mutex_);
  auto left = std::make_unique<FaultDisk>();
  const MutexLock other(&left->mutex_);
  for (const auto& [number, file] : files_) {
    left->files_[number] = std::make_shared<File>(*file);
  }
  return left;
}

std::unique_ptr<FaultDisk> FaultDisk::AfterPowerLoss(uint64_t seed) const {
  const MutexLock lock(&mutex_);
  std::mt19937_64 random(seed);
  const auto perhaps = [&] { return random() % 2 == 0; };
  auto left = std::make_unique<FaultDisk>();
  const MutexLock other(&left->mutex_);
  const auto keep = [&](uint64_t number, const File& file) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    auto kept = std::make_shared<File>();
    kept->durable = file.durable;
    for (const uint64_t page : file.dirty) {
      if (perhaps()) PersistPage(file, page, &kept->durable);
    }
    // A file that got shorter, or longer by pages that are not there.
    if (perhaps()) kept->durable.resize(file.cached.size());
    kept->cached = kept->durable;
    kept->named = true;
    left->files_[number] = std::move(kept);
  };
  for (const auto& [number, file] : files_) {
    if (file->named || perhaps()) keep(number, *file);
  }
  for (const auto& [number, file] : removed_) {
    if (perhaps()) keep(number, *file);
  }
  return left;
}

std::map<uint64_t, std::string> FaultDisk::Files() const {
  const MutexLock lock(&mutex_);
  std::map<uint64_t, std::string> files;
  for (const auto& [number, file] : files_) files[number] = file->cached;
  return files;
}

void FaultDisk::SetFile(uint64_t number, std::string contents) {
  const MutexLock lock(&mutex_);
  auto file = std::make_shared<File>();
  file->cached = file->durable = std::move(contents);
  file->named = true;
  files_[number] = std::move(file);
}

void FaultDisk::RemoveFile(uint64_t number) {
  const MutexLock lock(&mutex_);
  files_.erase(number);
}

}  // namespace vigil::storage::testing
