// SPDX-License-Identifier: Apache-2.0
#include "query/logql/log_reader.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::logql {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kNowMs = 1'700'000'000'000;
constexpr int64_t kStartNs = kNowMs * kNanosPerMilli;

class LogReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(store_, storage::Storage::OpenOn(std::make_unique<storage::MemoryStore>(),
                                                          {.shards = 2}, &clock_));
  }

  // Stores a record of `service` that comes `second` seconds after the start.
  void Write(const std::string& service, int second, storage::Value body,
             storage::Attributes attributes = {}) {
    storage::LogRecord record;
    record.time_ns = kStartNs + second * 1'000'000'000LL;
    record.body = std::move(body);
    record.attributes = std::move(attributes);
    record.origin = std::make_shared<const storage::Origin>();
    storage::LogBatch batch;
    batch.streams.push_back({storage::Labels{{"service_name", service}}, {std::move(record)}});
    ASSERT_OK(store_->WriteLogs(storage::kDefaultTenant, std::move(batch), {}));
  }
  void WriteText(const std::string& service, int second, const std::string& text) {
    Write(service, second, storage::Value{text});
  }

  std::vector<std::string> Run(const std::string& query, uint32_t limit = 0,
                               bool newest_first = false, int from_second = 0,
                               int to_second = 1000) {
    std::vector<std::string> lines;
    const absl::StatusOr<LogQuery> parsed = ParseLogQuery(query);
    EXPECT_OK(parsed);
    if (!parsed.ok()) return lines;
    EXPECT_OK(RunLogQuery(
        *store_, storage::kDefaultTenant, *parsed,
        {kStartNs + from_second * 1'000'000'000LL, kStartNs + to_second * 1'000'000'000LL}, limit,
        newest_first, [&](const LogResult& result) {
          lines.push_back(result.line.text());
          last_fields_ = result.line.fields();
          return true;
        }));
    return lines;
  }

  ManualClock clock_{kNowMs};
  std::unique_ptr<storage::Storage> store_;
  std::vector<Field> last_fields_;
};

TEST_F(LogReaderTest, FindsLinesInTimeOrder) {
  WriteText("a", 1, "one error");
  WriteText("b", 2, "two error");
  WriteText("a", 3, "three");
  WriteText("a", 4, "four error");
  EXPECT_THAT(Run(R"({service_name=~".+"})"),
              ElementsAre("one error", "two error", "three", "four error"));
  EXPECT_THAT(Run(R"({service_name="a"} |= "error")"), ElementsAre("one error", "four error"));
  EXPECT_THAT(Run(R"({service_name=~".+"} |= "error")", 0, true),
              ElementsAre("four error", "two error", "one error"));
  EXPECT_THAT(Run(R"({service_name="c"})"), IsEmpty());
  EXPECT_THAT(Run(R"({service_name=~".+"})", 0, false, 2, 4), ElementsAre("two error", "three"));
}

TEST_F(LogReaderTest, LimitCountsKeptLines) {
  for (int i = 0; i < 10; ++i) WriteText("a", i, i % 2 == 0 ? "even" : "odd " + std::to_string(i));
  EXPECT_THAT(Run(R"({service_name="a"} |= "odd")", 2), ElementsAre("odd 1", "odd 3"));
  EXPECT_THAT(Run(R"({service_name="a"} |= "odd")", 2, true), ElementsAre("odd 9", "odd 7"));
}

TEST_F(LogReaderTest, VisitorCanStop) {
  for (int i = 0; i < 5; ++i) WriteText("a", i, "x");
  ASSERT_OK_AND_ASSIGN(const LogQuery query, ParseLogQuery(R"({service_name="a"})"));
  int visits = 0;
  ASSERT_OK(RunLogQuery(*store_, storage::kDefaultTenant, query,
                        {kStartNs, kStartNs + 1'000'000'000'000}, 0, true,
                        [&visits](const LogResult&) { return ++visits < 3; }));
  EXPECT_EQ(visits, 3);
}

TEST_F(LogReaderTest, FieldsOfRecordsCanBeFilteredOn) {
  Write("a", 1, storage::Value{std::string("x")}, {{"http.status", storage::Value{int64_t{503}}}});
  Write("a", 2, storage::Value{std::string("y")}, {{"http.status", storage::Value{int64_t{200}}}});
  EXPECT_THAT(Run(R"({service_name="a"} | http_status >= 500)"), ElementsAre("x"));
  EXPECT_THAT(last_fields_, ElementsAre(Field{"detected_level", "unknown", false},
                                        Field{"http_status", "503", false}));
}

TEST_F(LogReaderTest, StructuredBodiesAreJson) {
  Write("a", 1, storage::Value{storage::Attributes{{"user", storage::Value{std::string("eve")}}}});
  EXPECT_THAT(Run(R"({service_name="a"} |= "eve" | json | user="eve")"),
              ElementsAre(R"({"user":"eve"})"));
}

// The hints to the store must not lose lines: what is asked is found, flushed or not.
TEST_F(LogReaderTest, FlushedLinesAreFoundToo) {
  WriteText("a", 1, "needle in the hay");
  WriteText("a", 2, "hay");
  ASSERT_OK(store_->Flush());
  WriteText("a", 3, "fresh needles");
  for (const char* const query :
       {R"({service_name="a"} |= "needle")", R"({service_name="a"} |= "eedl")",
        R"({service_name="a"} |= "n" |= "needle")", R"({service_name="a"} |~ "need.e")",
        R"({service_name="a"} |= "needle" or "pin")"}) {
    EXPECT_THAT(Run(query), ElementsAre("needle in the hay", "fresh needles")) << query;
  }
}

}  // namespace
}  // namespace vigil::logql
