// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/segment_journal.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/journal/posix_segment_directory.h"
#include "storage/journal/trim_rows.h"
#include "storage/kv/fault_store.h"
#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

constexpr uint8_t kShard = 3;

std::string Contents(Journal& journal, JournalPosition after = 0) {
  std::string text;
  EXPECT_OK(journal.Replay(after, [&](JournalPosition position, std::string_view entry) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", position, entry);
    return absl::OkStatus();
  }));
  return text;
}

class SegmentJournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "/segment_journal." +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    std::ofstream(directory_ + "/CURRENT") << "the key-value store's\n";
    ASSERT_OK_AND_ASSIGN(store_, FaultStore::Wrap(std::make_unique<MemoryStore>()));
    Reopen();
  }
  void Reopen() {
    journal_.reset();
    log_.reset();
    ASSERT_OK_AND_ASSIGN(log_, OpenSegmentLog(OpenSegmentDirectory(directory_), *store_, {}));
    journal_ = std::make_unique<SegmentJournal>(log_.get(), kShard);
  }
  void Append(const std::vector<std::string>& entries) {
    for (const std::string& entry : entries) ASSERT_OK(journal_->Append(entry));
  }
  void Trim(JournalPosition through) {
    WriteBatch batch;
    journal_->AddTrim(through, &batch);
    ASSERT_OK(store_->Write(batch, Durability::kSync));
    journal_->Trimmed(through);
  }

  std::string directory_;
  std::unique_ptr<FaultStore> store_;
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<SegmentJournal> journal_;
};

TEST_F(SegmentJournalTest, ReplaysExactlyWhatWasAppendedAfterReopening) {
  EXPECT_EQ(journal_->LastPosition(), 0u);
  EXPECT_EQ(Contents(*journal_), "");
  const std::string binary("\0\xFF\n", 3);
  Append({"a", "", binary});
  EXPECT_EQ(journal_->LastPosition(), 3u);
  Reopen();
  EXPECT_EQ(journal_->LastPosition(), 3u);
  Append({"d"});
  EXPECT_EQ(Contents(*journal_), "1:a 2: 3:" + binary + " 4:d");
  EXPECT_EQ(Contents(*journal_, 3), "4:d");
  EXPECT_EQ(Contents(*journal_, 4), "");
  EXPECT_EQ(Contents(*journal_, ~JournalPosition{0}), "");
  EXPECT_FALSE(journal_->LostEntries());
}

TEST_F(SegmentJournalTest, TrimsForgetForGoodAndPositionsGoOn) {
  Append({"a", "b", "c"});
  Trim(2);
  EXPECT_EQ(Contents(*journal_), "3:c");
  Trim(3);
  EXPECT_EQ(Contents(*journal_), "");
  Reopen();
  EXPECT_EQ(journal_->LastPosition(), 3u);
  Append({"d"});
  Reopen();
  EXPECT_EQ(Contents(*journal_), "4:d");
}

TEST_F(SegmentJournalTest, ATrimWhoseBatchWasNotWrittenTakesNothing) {
  Append({"a", "b", "c"});
  WriteBatch lost;
  journal_->AddTrim(2, &lost);
  EXPECT_EQ(Contents(*journal_), "1:a 2:b 3:c");
  Reopen();
  EXPECT_EQ(Contents(*journal_), "1:a 2:b 3:c");
}

TEST_F(SegmentJournalTest, TrimGoesNeitherBackNorBeyondTheEnd) {
  Append({"a", "b"});
  Trim(100);
  Reopen();
  Append({"c"});
  WriteBatch batch;
  journal_->AddTrim(1, &batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(Contents(*journal_), "3:c");
}

TEST_F(SegmentJournalTest, OneOfTheTwoRowsOfATrimWillDo) {
  Append({"a", "b", "c"});
  Trim(2);
  for (const Family family : {Family::kMeta, Family::kState}) {
    WriteBatch batch;
    batch.Put(family, "journal/3", "short");
    ASSERT_OK(store_->Write(batch, Durability::kSync));
    Reopen();
    EXPECT_EQ(Contents(*journal_), "3:c");
    batch.Clear();
    AddTrimRow(kShard, 2, &batch);
    ASSERT_OK(store_->Write(batch, Durability::kSync));
  }
  WriteBatch batch;
  for (const Family family : {Family::kMeta, Family::kState}) {
    batch.Put(family, "journal/3", "short");
  }
  ASSERT_OK(store_->Write(batch, Durability::kSync));
  EXPECT_THAT(OpenSegmentLog(OpenSegmentDirectory(directory_), *store_, {}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("journal 3")));
}

TEST_F(SegmentJournalTest, ReplayStopsAtTheVisitorsFailure) {
  Append({"a", "b", "c"});
  int visits = 0;
  EXPECT_THAT(journal_->Replay(0,
                               [&](JournalPosition, std::string_view) {
                                 return ++visits == 2 ? absl::AbortedError("stop")
                                                      : absl::OkStatus();
                               }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(visits, 2);
}

TEST_F(SegmentJournalTest, WhatLeavesTheFilesAloneIsNotItsOwn) {
  std::ofstream(directory_ + "/journal-12.seg.old") << "x";
  std::ofstream(directory_ + "/journal-x.seg") << "x";
  Append({"a"});
  Reopen();
  EXPECT_EQ(Contents(*journal_), "1:a");
  EXPECT_FALSE(journal_->LostEntries());
}

}  // namespace
}  // namespace vigil::storage
