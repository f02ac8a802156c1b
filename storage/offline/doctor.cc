// SPDX-License-Identifier: Apache-2.0
#include "storage/offline/doctor.h"

#include <filesystem>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/file.h"
#include "base/status.h"
#include "storage/format_version.h"
#include "storage/kv/directory_hold.h"
#include "storage/kv/rocksdb_offline.h"
#include "storage/kv/rocksdb_salvage.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/offline/store_check.h"

namespace vigil::storage {
namespace {

namespace fs = std::filesystem;

// Beside the directory: a copy that is made to open, the repaired directory while it grows, and
// what it replaces.
constexpr const char* kWorkSuffix = ".doctor";
constexpr const char* kGrowingSuffix = ".repairing";
constexpr const char* kKeptSuffix = ".damaged";
// Entries are put into the repaired directory in tables of about this size.
constexpr size_t kTableBytes = 32 << 20;
// Tables that cannot be opened are taken out one by one, up to here.
constexpr int kMaxForgotten = 10'000;

// A copy of a directory to work on. Tables are never written to, so links will do for them.
class WorkingCopy {
 public:
  explicit WorkingCopy(std::string path) : path_(std::move(path)) {}
  ~WorkingCopy() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  WorkingCopy(const WorkingCopy&) = delete;
  WorkingCopy& operator=(const WorkingCopy&) = delete;

  absl::Status Make(const std::string& directory) {
    std::error_code error;
    fs::remove_all(path_, error);
    if (!fs::create_directory(path_, error)) return ErrnoStatus(error.value(), "making", path_);
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      // The journal's files are read where they are.
      if (!entry->is_regular_file(error) || entry->path().filename() == "LOCK" ||
          entry->path().extension() == ".seg") {
        continue;
      }
      const fs::path target = fs::path(path_) / entry->path().filename();
      if (entry->path().extension() == ".sst") {
        fs::create_hard_link(entry->path(), target, error);
        if (!error) continue;
      }
      fs::copy_file(entry->path(), target, error);
      if (error) return ErrnoStatus(error.value(), "copying to", target);
    }
    return error ? ErrnoStatus(error.value(), "listing", directory) : absl::OkStatus();
  }

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// Opens a directory for reading, whatever it takes.
class Opener {
 public:
  Opener(std::string directory, Diagnosis* diagnosis)
      : directory_(std::move(directory)), copy_(directory_ + kWorkSuffix), diagnosis_(*diagnosis) {}

  absl::StatusOr<OfflineRocksDb*> Open() {
    VIGIL_RETURN_IF_ERROR(OpenAsItIs());
    if (offline_ == nullptr) VIGIL_RETURN_IF_ERROR(OpenRebuilt());
    VIGIL_RETURN_IF_ERROR(VerifyTables());
    return offline_.get();
  }

 private:
  absl::Status TryOpen(OfflineRocksDb::LogMode mode) {
    offline_.reset();
    auto opened = OfflineRocksDb::Open({.directory = where_, .log_mode = mode});
    if (!opened.ok()) return opened.status();
    offline_ = *std::move(opened);
    return absl::OkStatus();
  }

  static bool IsDamage(const absl::Status& status) {
    // A file that the catalogue names and that is gone is told as a failure of the system.
    return status.code() == absl::StatusCode::kDataLoss ||
           status.code() == absl::StatusCode::kNotFound ||
           status.code() == absl::StatusCode::kUnavailable;
  }

  // Leaves offline_ null when the catalogue or a table is too damaged for that.
  absl::Status OpenAsItIs() {
    where_ = directory_;
    reason_ = CheckCatalogueEnd(directory_);
    if (!reason_.ok()) return absl::OkStatus();
    const absl::Status whole = TryOpen(OfflineRocksDb::LogMode::kWhole);
    if (whole.ok()) return whole;
    const absl::Status partly = TryOpen(OfflineRocksDb::LogMode::kUntilDamage);
    if (partly.ok()) {
      diagnosis_.Add("log", fmt::format("is damaged or torn; what was written behind that place is "
                                        "lost: {}",
                                        MessageOf(whole)));
      return partly;
    }
    if (!IsDamage(partly)) return partly;
    reason_ = partly;
    return absl::OkStatus();
  }

  absl::Status OpenRebuilt() {
    VIGIL_RETURN_IF_ERROR(copy_.Make(directory_));
    where_ = copy_.path();
    VIGIL_RETURN_IF_ERROR_WITH(RebuildCatalogue(where_), "making the catalogue anew");
    diagnosis_.Add("catalogue",
                   fmt::format("is damaged, or a table that it names is: {}", MessageOf(reason_)));
    VIGIL_RETURN_IF_ERROR(TryOpen(OfflineRocksDb::LogMode::kUntilDamage));
    // Tables that could not be read were put aside.
    std::error_code error;
    for (fs::directory_iterator entry(where_ + "/lost", error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().extension() != ".sst") continue;
      diagnosis_.Add(fmt::format("table {}", entry->path().filename().string()),
                     "cannot be read; all that only it held is lost");
    }
    return absl::OkStatus();
  }

  // Tables in which single blocks are damaged stay: the others can be read.
  absl::Status VerifyTables() {
    for (int forgotten = 0; forgotten < kMaxForgotten; ++forgotten) {
      const auto broken = FindUnreadable();
      if (broken.path.empty()) return absl::OkStatus();
      diagnosis_.Add(
          fmt::format("table {}", fs::path(broken.path).filename().string()),
          fmt::format("cannot be opened; its entries of {} are lost", FamilyName(broken.family)));
      offline_.reset();
      if (where_ == directory_) VIGIL_RETURN_IF_ERROR(copy_.Make(directory_));
      where_ = copy_.path();
      VIGIL_RETURN_IF_ERROR(ForgetTable(where_, broken.path));
      VIGIL_RETURN_IF_ERROR(TryOpen(OfflineRocksDb::LogMode::kUntilDamage));
    }
    return absl::DataLossError("there are too many broken tables");
  }

  // The first table that is not only damaged but unreadable; those that are damaged are noted.
  OfflineRocksDb::Table FindUnreadable() {
    for (const OfflineRocksDb::Table& table : offline_->Tables()) {
      const std::string name = fs::path(table.path).filename().string();
      if (!verified_.insert(name).second) continue;
      if (!CanOpenTable(table.path).ok()) return table;
      ++diagnosis_.tables;
      const absl::Status status = VerifyTable(table.path);
      if (status.ok()) continue;
      diagnosis_.Add(fmt::format("table {}", name),
                     fmt::format("is damaged: {}", MessageOf(status)));
    }
    return {};
  }

  const std::string directory_;
  WorkingCopy copy_;
  Diagnosis& diagnosis_;
  std::string where_;  // What offline_ reads.
  absl::Status reason_;
  std::set<std::string> verified_;
  std::unique_ptr<OfflineRocksDb> offline_;
};

// Takes entries in ascending order per family and writes them as tables.
class TableWriter {
 public:
  explicit TableWriter(KeyValueStore* store) : store_(*store) {}

  absl::Status Add(Family family, std::string_view key, std::string_view value) {
    const bool fits = family == family_ && (entries_.empty() || entries_.back().first < key);
    if (!fits || bytes_ >= kTableBytes) VIGIL_RETURN_IF_ERROR(Finish());
    family_ = family;
    bytes_ += key.size() + value.size();
    entries_.emplace_back(key, value);
    return absl::OkStatus();
  }
  absl::Status Finish() {
    const auto entries = std::exchange(entries_, {});
    bytes_ = 0;
    return entries.empty() ? absl::OkStatus()
                           : store_.Ingest(family_, entries, TableEffort::kAtRest);
  }

 private:
  KeyValueStore& store_;
  Family family_ = Family::kMeta;
  std::vector<std::pair<std::string, std::string>> entries_;
  size_t bytes_ = 0;
};

absl::Status WriteRepaired(const std::string& directory, OfflineRocksDb* source,
                           const std::string& target, Diagnosis* diagnosis) {
  RocksDbOptions options;
  options.directory = target;
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<KeyValueStore> store, OpenRocksDb(options));
  TableWriter writer(store.get());
  StoreCheck check(directory, source, diagnosis);
  VIGIL_RETURN_IF_ERROR(check.Run([&](Family family, std::string_view key, std::string_view value) {
    return writer.Add(family, key, value);
  }));
  VIGIL_RETURN_IF_ERROR(writer.Finish());
  VIGIL_RETURN_IF_ERROR(check.RebuildSeriesRows(store.get()));
  WriteBatch derived;
  VIGIL_RETURN_IF_ERROR(check.AddDerivedRows(&derived));
  VIGIL_RETURN_IF_ERROR(store->Write(derived, Durability::kSync));
  return store->Flush();
}

// Where the row is lost or damaged, the check tells.
absl::Status CheckFormatOf(OfflineRocksDb* offline) {
  const auto format = offline->store().Get(Family::kMeta, kFormatRow);
  return format.ok() && format->has_value() ? CheckFormat(**format) : absl::OkStatus();
}

absl::Status CheckNothingAt(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{} exists, perhaps of an earlier repair: move it away first", path));
}

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

absl::StatusOr<Diagnosis> Examine(const std::string& directory) {
  VIGIL_ASSIGN_OR_RETURN(const auto hold,
                         DirectoryHold::Acquire(directory, DirectoryHold::Mode::kRead));
  Diagnosis diagnosis;
  Opener opener(WithoutSlash(directory), &diagnosis);
  VIGIL_ASSIGN_OR_RETURN(OfflineRocksDb* const offline, opener.Open());
  VIGIL_RETURN_IF_ERROR(CheckFormatOf(offline));
  StoreCheck check(WithoutSlash(directory), offline, &diagnosis);
  VIGIL_RETURN_IF_ERROR(
      check.Run([](Family, std::string_view, std::string_view) { return absl::OkStatus(); }));
  return diagnosis;
}

absl::StatusOr<Repair> RepairDirectory(const std::string& path) {
  const std::string directory = WithoutSlash(path);
  VIGIL_ASSIGN_OR_RETURN(const auto hold,
                         DirectoryHold::Acquire(directory, DirectoryHold::Mode::kWrite));
  const std::string growing = directory + kGrowingSuffix;
  Repair repair;
  std::error_code error;
  fs::remove_all(growing, error);
  {
    Opener opener(directory, &repair.diagnosis);
    VIGIL_ASSIGN_OR_RETURN(OfflineRocksDb* const offline, opener.Open());
    VIGIL_RETURN_IF_ERROR(CheckFormatOf(offline));
    const absl::Status written = WriteRepaired(directory, offline, growing, &repair.diagnosis);
    if (!written.ok() || repair.diagnosis.clean()) {
      fs::remove_all(growing, error);
      if (written.ok()) return repair;
      return written;
    }
  }
  const std::string kept = directory + kKeptSuffix;
  absl::Status status = CheckNothingAt(kept);
  if (status.ok()) {
    fs::rename(directory, kept, error);
    if (error) status = ErrnoStatus(error.value(), "moving aside", directory);
  }
  if (status.ok()) {
    fs::rename(growing, directory, error);
    if (error) {
      status = ErrnoStatus(error.value(), "renaming the repaired copy to", directory);
      fs::rename(kept, directory, error);
    }
  }
  if (!status.ok()) {
    fs::remove_all(growing, error);
    return status;
  }
  repair.kept_as = kept;
  return repair;
}

}  // namespace vigil::storage
