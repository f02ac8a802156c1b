// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_salvage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/ldb_tool.h>
#include <rocksdb/utilities/ldb_cmd.h>

#include "base/file.h"
#include "base/status.h"
#include "storage/kv/rocksdb_options.h"
#include "storage/kv/rocksdb_status.h"
#include "storage/kv/rocksdb_store.h"

namespace vigil::storage {
namespace {

// Longer than any key that is built of numbers; text keys that go on behind it count as the same.
constexpr size_t kKeyBytes = 64;
// Of a search for the end of damage: beyond it the rest of the family is given up.
constexpr int kMaxBlocks = 1 << 20;

// Keys as fractions of `kKeyBytes` bytes, to be halved.
std::string Padded(std::string_view key) {
  std::string padded(key.substr(0, kKeyBytes));
  padded.resize(kKeyBytes, '\0');
  return padded;
}

std::string Middle(std::string_view a, std::string_view b) {
  std::string middle(kKeyBytes, '\0');
  unsigned carry = 0;  // Of the sum, from the left: halved as it is added.
  std::vector<unsigned> sum(kKeyBytes + 1, 0);
  for (size_t i = kKeyBytes; i-- > 0;) {
    const unsigned digit = static_cast<uint8_t>(a[i]) + static_cast<uint8_t>(b[i]) + carry;
    sum[i + 1] = digit & 0xFF;
    carry = digit >> 8;
  }
  sum[0] = carry;
  for (size_t i = 0; i < kKeyBytes; ++i) {
    middle[i] = static_cast<char>(((sum[i] & 1) << 7) | (sum[i + 1] >> 1));
  }
  return middle;
}

// Goes on behind damage.
class Skipper {
 public:
  Skipper(OfflineRocksDb& offline, Family family) : offline_(offline), family_(family) {
    for (const OfflineRocksDb::Table& table : offline.Tables()) {
      if (table.family != family) continue;
      bounds_.push_back(table.smallest);
      bounds_.push_back(table.largest + '\0');
    }
    std::sort(bounds_.begin(), bounds_.end());
  }

  // The first place above `key` where another block or table may begin; nullopt if there is none.
  std::optional<std::string> NextPlace(const std::string& key) const {
    const auto bound = std::upper_bound(bounds_.begin(), bounds_.end(), key);
    std::optional<std::string> next;
    if (bound != bounds_.end()) next = *bound;
    const uint64_t here = offline_.OffsetOf(family_, key);
    // Offsets come from the tables' indexes and rise with the keys, block by block.
    std::string low = Padded(key);
    std::string high = next.has_value() ? Padded(*next) : std::string(kKeyBytes, '\xFF');
    if (offline_.OffsetOf(family_, high) == here) return next;
    while (true) {
      std::string middle = Middle(low, high);
      if (middle <= low || middle >= high) break;
      (offline_.OffsetOf(family_, middle) > here ? high : low) = std::move(middle);
    }
    if (high <= key) return next;
    return next.has_value() ? std::min(high, *next) : high;
  }

 private:
  OfflineRocksDb& offline_;
  const Family family_;
  std::vector<std::string> bounds_;
};

// Keeps what a library prints to standard output off it.
class QuietStdout {
 public:
  QuietStdout() : kept_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (kept_ >= 0 && nowhere >= 0) ::dup2(nowhere, STDOUT_FILENO);
    if (nowhere >= 0) ::close(nowhere);
  }
  ~QuietStdout() {
    std::fflush(stdout);
    if (kept_ < 0) return;
    ::dup2(kept_, STDOUT_FILENO);
    ::close(kept_);
  }
  QuietStdout(const QuietStdout&) = delete;
  QuietStdout& operator=(const QuietStdout&) = delete;

 private:
  const int kept_;
};

// Makes the families of which no table was found anew. Tables stay as they are: a compaction would
// hide what is damaged in them.
absl::Status MakeMissingFamilies(const std::string& directory, RocksDbTuning tuning) {
  for (rocksdb::ColumnFamilyDescriptor& family : tuning.families) {
    family.options.disable_auto_compactions = true;
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  VIGIL_RETURN_IF_ERROR(
      FromRocksDb(rocksdb::DB::Open(tuning.store, directory, tuning.families, &handles, &opened)));
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  return FromRocksDb(db->Close());
}

}  // namespace

absl::Status WalkReadable(
    OfflineRocksDb& offline, Family family,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)> visit,
    absl::FunctionRef<void(const Gap& gap)> gap) {
  std::optional<Skipper> skipper;
  std::string last;   // The last key that was read.
  std::string place;  // Where reading begins.
  std::optional<absl::Status> damage;
  for (int blocks = 0; blocks < kMaxBlocks; ++blocks) {
    const auto iterator = offline.store().NewIterator(family, {}, nullptr);
    for (iterator->Seek(place); iterator->Valid(); iterator->Next()) {
      if (damage.has_value()) {
        gap({last, std::string(iterator->key()), *damage});
        damage.reset();
      }
      last = iterator->key();
      VIGIL_RETURN_IF_ERROR(visit(iterator->key(), iterator->value()));
    }
    if (iterator->status().ok()) {
      if (damage.has_value()) gap({last, "", *damage});
      return absl::OkStatus();
    }
    if (!damage.has_value()) damage = iterator->status();
    if (!skipper.has_value()) skipper.emplace(offline, family);
    // Above what was read, and above the places that were tried.
    std::optional<std::string> next = skipper->NextPlace(std::max(place, last));
    if (!next.has_value()) break;
    place = *std::move(next);
  }
  gap({last, "", *damage});
  return absl::OkStatus();
}

// Blocks of 32 kB, each a sequence of records that do not cross its end:
// +--------------+---------------+------+----------------------------+-----------+
// | checksum u32 | length u16 LE | type | log number u32, types 5..8 | length    |
// +--------------+---------------+------+----------------------------+-----------+
absl::Status CheckCatalogueEnd(const std::string& directory) {
  constexpr size_t kBlockBytes = 32 << 10;
  constexpr size_t kHeaderBytes = 7;
  VIGIL_ASSIGN_OR_RETURN(std::string name, ReadFile(directory + "/CURRENT"));
  while (name.ends_with('\n')) name.pop_back();
  VIGIL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(fmt::format("{}/{}", directory, name)));
  for (size_t at = 0; at < bytes.size();) {
    const size_t left_in_block = kBlockBytes - at % kBlockBytes;
    if (left_in_block < kHeaderBytes) {
      at += left_in_block;  // Filled with zeroes.
      continue;
    }
    if (bytes.size() - at < kHeaderBytes) break;
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[at + i]); };
    const size_t length = byte(4) | size_t{byte(5)} << 8;
    const bool recycled = byte(6) >= 5 && byte(6) <= 8;
    const size_t record = kHeaderBytes + (recycled ? 4 : 0) + length;
    if (record > left_in_block || record > bytes.size() - at) {
      return absl::DataLossError(fmt::format("{} ends in a record that is torn or damaged", name));
    }
    at += record;
  }
  return absl::OkStatus();
}

absl::Status RebuildCatalogue(const std::string& directory) {
  const RocksDbTuning tuning = MakeTuning({.directory = directory});
  VIGIL_RETURN_IF_ERROR(FromRocksDb(
      rocksdb::RepairDB(directory, tuning.store, tuning.families, rocksdb::ColumnFamilyOptions())));
  return MakeMissingFamilies(directory, tuning);
}

absl::Status ForgetTable(const std::string& directory, const std::string& path) {
  // Tables are called 000123.sst.
  const std::string name = std::filesystem::path(path).stem().string();
  uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  if (parsed.ec != std::errc()) {
    return absl::InvalidArgumentError(fmt::format("{} is no table", path));
  }
  // RocksDB has this as a command only.
  const std::string db = "--db=" + directory;
  const std::string table = fmt::to_string(number);
  const char* const arguments[] = {"ldb", db.c_str(), "unsafe_remove_sst_file", table.c_str()};
  const RocksDbTuning tuning = MakeTuning({.directory = directory});
  rocksdb::Options options(tuning.store, tuning.families.front().options);
  options.create_if_missing = false;
  const QuietStdout quiet;
  const int exit_status = rocksdb::LDBCommandRunner::RunCommand(
      std::size(arguments), arguments, options, rocksdb::LDBOptions(), &tuning.families);
  if (exit_status == 0) return absl::OkStatus();
  return absl::DataLossError(
      fmt::format("table {} cannot be taken out of the catalogue of {}", path, directory));
}

}  // namespace vigil::storage
