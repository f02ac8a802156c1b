// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/records/record_samples.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using testing::PlainLog;

LogStream MakeStream(StreamRow row) { return LogStream(kDefaultTenant, 1, std::move(row)); }

TEST(LogStreamTest, NumbersRiseAndSkip) {
  LogStream stream = MakeStream({.next_record = 5});
  EXPECT_EQ(stream.TakeNumbers(3), 5u);
  EXPECT_EQ(stream.TakeNumbers(1), 8u);
  stream.SkipNumbersBelow(4);
  EXPECT_EQ(stream.TakeNumbers(1), 9u);
  stream.SkipNumbersBelow(100);
  EXPECT_EQ(stream.Row().next_record, 100u);
}

TEST(LogStreamTest, IsDefinedWhileTheOpenHeadHasRecords) {
  LogStream stream = MakeStream({});
  EXPECT_FALSE(stream.Defined());
  stream.Append(1, {PlainLog(1, "")});
  EXPECT_TRUE(stream.Defined());
  EXPECT_TRUE(stream.SealHead());
  EXPECT_FALSE(stream.Defined());
}

TEST(LogStreamTest, SnapshotHasSealedBeforeOpenRecords) {
  LogStream stream = MakeStream({.partitions = {10, 20}});
  stream.Append(1, {PlainLog(5, "")});
  stream.SealHead();
  stream.Append(2, {PlainLog(3, "")});
  const LogStream::Snapshot snapshot = stream.TakeSnapshot();
  stream.DropSealed();
  ASSERT_EQ(snapshot.records.size(), 2u);
  EXPECT_EQ(snapshot.records[0].records[0].number, 1u);
  EXPECT_EQ(snapshot.records[1].records[0].number, 2u);
  EXPECT_THAT(snapshot.partitions, ElementsAre(10, 20));
  EXPECT_EQ(stream.TakeSnapshot().records.size(), 1u);
}

TEST(LogStreamTest, ForgetsOldPartitionsOfFlushesThatAreDone) {
  LogStream stream = MakeStream({.partitions = {10, 20}});
  stream.AddPartition(15, 1);
  stream.AddPartition(10, 2);
  EXPECT_THAT(stream.TakeSnapshot().partitions, ElementsAre(10, 15, 20));
  stream.ForgetPartitions(20, 1);
  EXPECT_THAT(stream.TakeSnapshot().partitions, ElementsAre(10, 20));
  EXPECT_EQ(stream.OldestPartition(), 10);
  stream.ForgetPartitions(21, 2);
  EXPECT_TRUE(stream.Empty());
  EXPECT_EQ(stream.OldestPartition(), std::nullopt);
}

}  // namespace
}  // namespace vigil::storage
