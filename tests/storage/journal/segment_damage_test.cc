// SPDX-License-Identifier: Apache-2.0
//
// What is found in segments that somebody broke: everything that is whole, nothing else, and each
// place that is not.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/journal/segment_check.h"
#include "storage/journal/segment_log.h"
#include "storage/journal/trim_rows.h"
#include "storage/kv/memory_store.h"
#include "tests/storage/journal/fault_segments.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FaultDisk;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::vigil::testing::StatusIs;

constexpr SegmentLogOptions kSmall = {.segment_bytes = kSegmentHeadBytes + 1000};
constexpr int kEntries = 40;

std::string EntryOf(int i) { return fmt::format("entry{} {}", i, std::string(i * 13 % 90, 'x')); }

// Entries of two shards in several segments.
void Fill(FaultDisk& disk, SegmentLogOptions options = kSmall) {
  const auto log = SegmentLog::Open(disk.Open(), {}, options);
  ASSERT_OK(log);
  for (int i = 0; i < kEntries; ++i) {
    const std::string entry = EntryOf(i);
    const std::string_view part = entry;
    ASSERT_OK((*log)->Append(i % 2, {&part, 1}));
  }
}

struct Found {
  std::map<JournalPosition, std::string> entries;
  std::vector<JournalDamage> damages;
};

Found Check(FaultDisk& disk, KeyValueStore* store = nullptr) {
  Found found;
  MemoryStore empty;
  const auto directory = disk.Open();
  EXPECT_OK(CheckSegments(
      *directory, store != nullptr ? *store : empty,
      [&](uint8_t shard, JournalPosition position, std::string_view entry) {
        EXPECT_EQ(shard, (position - 1) % 2);
        EXPECT_TRUE(found.entries.emplace(position, entry).second) << position << " twice";
        return absl::OkStatus();
      },
      [&](const JournalDamage& damage) { found.damages.push_back(damage); }));
  return found;
}

// Where the record of each entry stands: (segment, offset, bytes).
struct Place {
  uint64_t segment;
  uint64_t offset;
  uint64_t bytes;
};

std::vector<Place> PlacesOf(const FaultDisk& disk) {
  std::vector<Place> places;
  for (const auto& [number, contents] : disk.Files()) {
    uint64_t offset = kSegmentHeadBytes;
    while (offset < contents.size()) {
      const uint64_t bytes = RecordBytes(EntryOf(static_cast<int>(places.size())).size());
      places.push_back({number, offset, bytes});
      offset += bytes;
    }
  }
  EXPECT_THAT(places, SizeIs(kEntries));
  return places;
}

TEST(SegmentDamageTest, WhatIsWholeIsFoundAndTrimmedEntriesAreNot) {
  FaultDisk disk;
  Fill(disk);
  EXPECT_THAT(Check(disk).entries, SizeIs(kEntries));
  EXPECT_THAT(Check(disk).damages, IsEmpty());
  MemoryStore store;
  WriteBatch batch;
  AddTrimRow(0, 21, &batch);
  ASSERT_OK(store.Write(batch, Durability::kSync));
  const Found found = Check(disk, &store);
  EXPECT_THAT(found.entries, SizeIs(kEntries - 11));
  EXPECT_FALSE(found.entries.contains(21));
  EXPECT_TRUE(found.entries.contains(20));
}

TEST(SegmentDamageTest, AnyBytesMayBreak) {
  constexpr uint64_t kSeed = 20261129;
  FaultDisk whole;
  Fill(whole);
  const std::map<uint64_t, std::string> files = whole.Files();
  ASSERT_GT(files.size(), 3u);
  const std::vector<Place> places = PlacesOf(whole);
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", kSeed, round));
    std::unique_ptr<FaultDisk> disk = whole.AfterKill();
    const auto& [number, contents] = *std::next(files.begin(), random() % files.size());
    // A few bytes in a row, somewhere behind the head.
    std::string damaged = contents;
    const uint64_t behind = contents.size() - kSegmentHeadBytes;
    const uint64_t at = kSegmentHeadBytes + random() % behind;
    const uint64_t count = std::min<uint64_t>(1 + random() % 20, contents.size() - at);
    for (uint64_t i = 0; i < count; ++i) {
      damaged[at + i] = static_cast<char>(damaged[at + i] ^ (1 + random() % 255));
    }
    disk->SetFile(number, damaged);
    const Found found = Check(*disk);
    bool hit = false;
    for (size_t i = 0; i < places.size(); ++i) {
      const Place& place = places[i];
      const std::string entry = EntryOf(static_cast<int>(i));
      const uint64_t end = place.offset + kRecordHeaderBytes + entry.size();
      const bool touched = place.segment == number && at < end && at + count > place.offset;
      hit |= touched;
      const auto one = found.entries.find(i + 1);
      EXPECT_EQ(one != found.entries.end(), !touched) << "entry " << i;
      if (one != found.entries.end()) {
        EXPECT_EQ(one->second, entry);
      }
    }
    EXPECT_EQ(!found.damages.empty(), hit);
    for (const JournalDamage& damage : found.damages) {
      EXPECT_EQ(damage.segment, number);
      EXPECT_LT(damage.offset, at + count);
    }
    // The server finds the same, and goes on.
    const auto log = SegmentLog::Open(disk->Open(), {}, kSmall);
    ASSERT_OK(log);
    const std::string_view next = "next";
    ASSERT_OK_AND_ASSIGN(const JournalPosition position, (*log)->Append(7, {&next, 1}));
    EXPECT_GT(position, found.entries.rbegin()->first);
  }
}

TEST(SegmentDamageTest, AFileMayEndAnywhere) {
  FaultDisk whole;
  Fill(whole);
  const std::map<uint64_t, std::string> files = whole.Files();
  const std::vector<Place> places = PlacesOf(whole);
  for (const uint64_t number : {files.begin()->first, files.rbegin()->first}) {
    const bool last = number == files.rbegin()->first;
    const std::string& contents = files.at(number);
    for (uint64_t size = kSegmentHeadBytes; size < contents.size(); ++size) {
      SCOPED_TRACE(fmt::format("segment {} ends at {}", number, size));
      std::unique_ptr<FaultDisk> disk = whole.AfterKill();
      disk->SetFile(number, contents.substr(0, size));
      const Found found = Check(*disk);
      bool torn = false;
      for (size_t i = 0; i < places.size(); ++i) {
        const bool kept = places[i].segment != number || places[i].offset + places[i].bytes <= size;
        EXPECT_EQ(found.entries.contains(i + 1), kept) << "entry " << i;
        torn |= !kept && places[i].offset < size;
      }
      if (last) {
        EXPECT_EQ(found.damages.size(), torn ? 1u : 0u);
      } else {
        EXPECT_THAT(found.damages, Not(IsEmpty()));
      }
      for (const JournalDamage& damage : found.damages) EXPECT_EQ(damage.torn_end, last);
    }
  }
}

TEST(SegmentDamageTest, AMissingFileAndAHeadThatIsLostAreTold) {
  FaultDisk whole;
  Fill(whole);
  const uint64_t second = whole.Files().begin()->first + 1;
  std::unique_ptr<FaultDisk> disk = whole.AfterKill();
  disk->RemoveFile(second);
  EXPECT_THAT(Check(*disk).damages,
              ElementsAre(AllOf(Field(&JournalDamage::segment, second),
                                Field(&JournalDamage::what, HasSubstr("missing")))));

  disk = whole.AfterKill();
  std::string damaged = whole.Files().at(second);
  damaged[3] ^= 1;
  disk->SetFile(second, damaged);
  EXPECT_THAT(Check(*disk).damages, IsEmpty()) << "there is another copy";
  damaged[4099] ^= 1;
  disk->SetFile(second, damaged);
  EXPECT_THAT(Check(*disk).damages,
              ElementsAre(AllOf(Field(&JournalDamage::segment, second),
                                Field(&JournalDamage::what, HasSubstr("head")))));
  // The first may have been removed because nobody needed it.
  disk = whole.AfterKill();
  disk->RemoveFile(second - 1);
  EXPECT_THAT(Check(*disk).damages, IsEmpty());
}

TEST(SegmentDamageTest, AFileUnderAnothersNameIsTold) {
  FaultDisk disk;
  Fill(disk);
  disk.SetFile(1, disk.Files().at(2));
  EXPECT_THAT(Check(disk).damages,
              ElementsAre(Field(&JournalDamage::what, HasSubstr("it is segment 2"))));
}

TEST(SegmentDamageTest, EntriesOfAnotherSegmentAreNotTakenForItsOwn) {
  FaultDisk disk;
  // An entry that is what another journal holds, head and all.
  FaultDisk other;
  Fill(other, {.segment_bytes = 1 << 20});
  const std::string inner = other.Files().begin()->second.substr(kSegmentHeadBytes);
  {
    const auto log = SegmentLog::Open(disk.Open(), {}, {});
    ASSERT_OK(log);
    for (const std::string_view entry :
         {std::string_view("a"), std::string_view(inner), std::string_view("b")}) {
      ASSERT_OK((*log)->Append(0, {&entry, 1}));
    }
  }
  // Its header is lost, so that the next record is searched for within the entry.
  std::string contents = disk.Files().begin()->second;
  contents[kSegmentHeadBytes + RecordBytes(1)] ^= 1;
  disk.SetFile(1, contents);
  std::vector<std::string> found;
  const auto log = SegmentLog::Open(disk.Open(), {}, {});
  ASSERT_OK(log);
  EXPECT_TRUE((*log)->damaged());
  ASSERT_OK((*log)->Replay(0, 0, [&](JournalPosition, std::string_view entry) {
    found.emplace_back(entry);
    return absl::OkStatus();
  }));
  EXPECT_THAT(found, ElementsAre("a", "b"));
}

TEST(SegmentDamageTest, ADiskThatDoesNotReadEndsTheStartButNotTheCheck) {
  FaultDisk disk;
  Fill(disk, {.segment_bytes = 1 << 20});
  disk.FailAt(1, absl::UnavailableError("input/output error"));
  EXPECT_THAT(SegmentLog::Open(disk.Open(), {}, kSmall), StatusIs(absl::StatusCode::kUnavailable));
  // Behind List, Open and the head: what the walk reads.
  disk.FailAt(5, absl::UnavailableError("input/output error"), 2);
  const Found found = Check(disk);
  EXPECT_THAT(found.damages, Not(IsEmpty()));
}

}  // namespace
}  // namespace vigil::storage
