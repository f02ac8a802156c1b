// SPDX-License-Identifier: Apache-2.0
//
// One shard on its own: entries, flushes and what recovery makes of a journal.
#include "storage/shard/shard.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/journal/kv_journal.h"
#include "storage/kv/fault_store.h"
#include "storage/kv/memory_store.h"
#include "tests/storage/records/record_samples.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::DigestToken;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kStartMs;
using testing::kStartNs;
using testing::NumberToken;
using testing::PlainLog;
using vigil::testing::StatusIs;

constexpr uint32_t kNumber = 5;

class ShardTest : public ::testing::Test {
 protected:
  ShardTest() {
    auto store = FaultStore::Wrap(std::make_unique<MemoryStore>());
    VIGIL_CHECK_OK(store);
    store_ = *std::move(store);
    VIGIL_CHECK_OK(Open());
  }

  absl::Status Open() {
    Shard::Parts parts;
    VIGIL_ASSIGN_OR_RETURN(parts.journal,
                           KvJournal::Open(store_.get(), kNumber, Durability::kSync));
    parts.metrics = MetricShard::Create(kNumber, store_.get(), {});
    parts.logs = LogShard::Create(kNumber, store_.get(), {});
    parts.spans = SpanShard::Create(kNumber, store_.get(), {});
    shard_.reset();
    VIGIL_ASSIGN_OR_RETURN(shard_, Shard::Open(kNumber, store_.get(), std::move(parts), &clock_));
    return absl::OkStatus();
  }

  absl::Status Kill() {
    VIGIL_ASSIGN_OR_RETURN(auto left, store_->AfterKill());
    shard_.reset();
    VIGIL_ASSIGN_OR_RETURN(store_, FaultStore::Wrap(std::move(left)));
    return Open();
  }

  absl::StatusOr<bool> WriteLog(std::string body, const BatchToken& token = {}) {
    LogBatch batch;
    batch.streams.push_back({Labels{{"a", "b"}}, {PlainLog(kStartNs, std::move(body))}});
    std::string payload;
    shard_->logs().Encode(kDefaultTenant, batch, &payload);
    return shard_->Write(EntryKind::kLogs, kDefaultTenant, token, payload,
                         [&] { shard_->logs().Apply(kDefaultTenant, std::move(batch)); });
  }

  std::vector<std::string> Bodies() {
    LogSelection selection;
    selection.range = {0, INT64_MAX};
    selection.newest_first = false;
    std::vector<std::string> bodies;
    EXPECT_OK(shard_->logs().Read(kDefaultTenant, selection,
                                  [&](const Labels&, uint64_t, const LogRecord& record) {
                                    bodies.push_back(ToText(record.body));
                                    return true;
                                  }));
    return bodies;
  }

  int JournalEntries() {
    int count = 0;
    EXPECT_OK(ForEach(*store_, Family::kJournal, {}, [&](std::string_view, std::string_view) {
      ++count;
      return absl::OkStatus();
    }));
    return count;
  }

  ManualClock clock_{kStartMs};
  std::unique_ptr<FaultStore> store_;
  std::unique_ptr<Shard> shard_;
};

TEST_F(ShardTest, AnEntryIsAppliedOnceItIsDurable) {
  store_->FailAt(FaultStore::Operation::kWrite, 1, absl::UnavailableError("sick"));
  bool applied = false;
  EXPECT_THAT(shard_->Write(EntryKind::kToken, kDefaultTenant, NumberToken("s", 1), {},
                            [&] { applied = true; }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(applied);
  EXPECT_EQ(shard_->deliveries().LastNumber(kDefaultTenant, "s"), 0);
  EXPECT_TRUE(*shard_->Write(EntryKind::kToken, kDefaultTenant, NumberToken("s", 1), {},
                             [&] { applied = true; }));
  EXPECT_TRUE(applied);
  applied = false;
  EXPECT_FALSE(*shard_->Write(EntryKind::kToken, kDefaultTenant, NumberToken("s", 1), {},
                              [&] { applied = true; }));
  EXPECT_FALSE(applied);
}

TEST_F(ShardTest, FlushingMovesEntriesIntoBlocksInOneWrite) {
  EXPECT_OK(WriteLog("a"));
  EXPECT_OK(WriteLog("b"));
  EXPECT_EQ(JournalEntries(), 2);
  EXPECT_GT(shard_->HeadBytes(), 0);
  ASSERT_OK(shard_->Flush());
  EXPECT_EQ(JournalEntries(), 0);
  EXPECT_THAT(Bodies(), ElementsAre("a", "b"));
  ASSERT_OK(Kill());
  EXPECT_THAT(Bodies(), ElementsAre("a", "b"));
}

TEST_F(ShardTest, FlushingNothingWritesNothing) {
  store_->FailAt(FaultStore::Operation::kWrite, 1, absl::InternalError("nothing to write"));
  EXPECT_OK(shard_->Flush());
  EXPECT_OK(shard_->FlushIfDue(1, 0));
}

TEST_F(ShardTest, AFlushCanFailAtAnyWriteAndIsTakenUpAgain) {
  EXPECT_OK(WriteLog("a"));
  store_->FailAt(FaultStore::Operation::kWrite, 1, absl::ResourceExhaustedError("full"));
  EXPECT_THAT(shard_->Flush(),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("writing blocks")));
  EXPECT_OK(WriteLog("b"));
  EXPECT_THAT(Bodies(), ElementsAre("a", "b"));
  // The sealed head first; what came since waits for the next one.
  ASSERT_OK(shard_->Flush());
  EXPECT_EQ(JournalEntries(), 1);
  ASSERT_OK(Kill());
  EXPECT_THAT(Bodies(), ElementsAre("a", "b"));
  ASSERT_OK(shard_->Flush());
  EXPECT_EQ(JournalEntries(), 0);
}

TEST_F(ShardTest, WhatWasReplayedIsFlushedWhenItIsOldEnough) {
  EXPECT_OK(WriteLog("a"));
  ASSERT_OK(Kill());
  ASSERT_OK(shard_->FlushIfDue(SIZE_MAX, 1000));
  EXPECT_EQ(JournalEntries(), 1);
  clock_.AdvanceMs(1000);
  ASSERT_OK(shard_->FlushIfDue(SIZE_MAX, 1000));
  EXPECT_EQ(JournalEntries(), 0);
  EXPECT_THAT(Bodies(), ElementsAre("a"));
}

// An append whose sync failed may be found by the next start. Its batch was not acknowledged, so
// that its sender may have sent another in its place.
TEST_F(ShardTest, AFailedAppendDoesNotComeBackInPlaceOfAnAcknowledgedOne) {
  store_->FailAt(FaultStore::Operation::kSync, 1, absl::UnavailableError("sick"));
  EXPECT_THAT(WriteLog("not acknowledged", NumberToken("s", 1)),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(*WriteLog("acknowledged", NumberToken("s", 1)));
  EXPECT_THAT(Bodies(), ElementsAre("acknowledged"));
  ASSERT_OK(Kill());
  EXPECT_THAT(Bodies(), ElementsAre("acknowledged"));
}

TEST_F(ShardTest, AnAppendThatFailedAndWasNotSentAgainIsThereOnceOrNot) {
  EXPECT_TRUE(*WriteLog("first", DigestToken(0)));
  store_->FailAt(FaultStore::Operation::kSync, 1, absl::UnavailableError("sick"));
  EXPECT_THAT(WriteLog("second", DigestToken(1)), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK(Kill());
  EXPECT_THAT(Bodies(), ElementsAre("first", "second"));
  EXPECT_FALSE(*WriteLog("second", DigestToken(1))) << "it is durable now";
  EXPECT_THAT(Bodies(), ElementsAre("first", "second"));
}

// Puts an entry that no shard wrote into the journal and opens.
class BrokenJournalTest : public ShardTest {
 protected:
  absl::Status OpenWith(std::string_view entry) {
    shard_.reset();
    auto journal = KvJournal::Open(store_.get(), kNumber, Durability::kSync);
    VIGIL_CHECK_OK(journal);
    VIGIL_CHECK_OK((*journal)->Append(entry));
    return Open();
  }
};

// kind, tenant, time, token kind, source size; then source, number, payload.
std::string Header(char kind, char token_kind, std::string source, std::string_view rest) {
  return std::string(1, kind) + std::string(4, '\0') + std::string(8, '\x80') +
         std::string(1, token_kind) + std::string(3, '\0') +
         std::string(1, static_cast<char>(source.size())) + source + std::string(rest);
}

TEST_F(BrokenJournalTest, ATokenAloneIsFine) {
  ASSERT_OK(OpenWith(Header(0, 2, "src", std::string("\0\0\0\0\0\0\0\x09", 8))));
  EXPECT_EQ(shard_->deliveries().LastNumber(kDefaultTenant, "src"), 9);
}

// No shard writes such a journal; recovery does not rely on that.
TEST_F(BrokenJournalTest, OfEntriesWithOneTokenTheFirstCounts) {
  const std::string number("\0\0\0\0\0\0\0\x01", 8);
  for (const std::string body : {"first", "second"}) {
    LogBatch batch;
    batch.streams.push_back({Labels{{"a", "b"}}, {PlainLog(kStartNs, body)}});
    std::string payload;
    shard_->logs().Encode(kDefaultTenant, batch, &payload);
    ASSERT_OK(OpenWith(Header(2, 2, "src", number + payload)));
  }
  EXPECT_THAT(Bodies(), ElementsAre("first"));
  EXPECT_EQ(shard_->deliveries().LastNumber(kDefaultTenant, "src"), 1);
}

TEST_F(BrokenJournalTest, EntriesThatAreNoneAreDataLoss) {
  const std::string number(8, '\0');
  const std::vector<std::string> entries = {
      "",
      "x",
      Header(4, 0, "", number),                             // Unknown kind.
      Header(0, 3, "", number),                             // Unknown kind of token.
      Header(0, 0, "", number.substr(1)),                   // Cut short.
      Header(1, 0, "", number),                             // Metrics without payload.
      Header(2, 0, "", number + "\x7f rubbish"),            // Logs of another version.
      Header(3, 0, "", number + "\x01\xff\xff"),            // Spans cut short.
      std::string(14, '\0') + "\xff\xff\xff\xff" + number,  // A source longer than the entry.
  };
  for (const std::string& entry : entries) {
    EXPECT_THAT(OpenWith(entry), StatusIs(absl::StatusCode::kDataLoss,
                                          HasSubstr("recovering shard 5: journal entry")))
        << ::testing::PrintToString(entry);
    auto fresh = FaultStore::Wrap(std::make_unique<MemoryStore>());
    VIGIL_CHECK_OK(fresh);
    store_ = *std::move(fresh);
  }
}

}  // namespace
}  // namespace vigil::storage
