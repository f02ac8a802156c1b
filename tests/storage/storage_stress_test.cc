// SPDX-License-Identifier: Apache-2.0
//
// Writers of all kinds, readers, flushes and maintenance at once. Meant for ThreadSanitizer too; by
// itself it checks that readers see every record once that was stored before they asked.
#include <array>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/storage.h"
#include "tests/storage/records/record_samples.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using testing::kStartMs;
using testing::kStartNs;
using testing::NumberToken;
using testing::PlainLog;
using testing::PlainSpan;
using testing::SampleOf;
using ::testing::SizeIs;
using testing::StorageHarness;

constexpr int kWriters = 2;
constexpr int kRounds = 120;

// Writer w writes round r as one sample at r, one log record, and one span with start r.
class Stress {
 public:
  Stress() : harness_(3) {}

  void Run() {
    std::vector<std::thread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([this, writer] { Write(writer); });
    }
    threads.emplace_back([this] {
      while (running_ > 0) EXPECT_OK(storage().Flush());
    });
    threads.emplace_back([this] {
      while (running_ > 0) {
        EXPECT_OK(storage().Maintain());
        storage().Status();
        storage().HeadBytes();
      }
    });
    threads.emplace_back([this] {
      while (running_ > 0) Read();
    });
    for (std::thread& thread : threads) thread.join();
    Read();
    ASSERT_OK(harness_.Kill());
    Read();
  }

 private:
  Storage& storage() { return harness_.storage(); }

  void Write(int writer) {
    const std::string name = fmt::format("writer{}", writer);
    const auto sink = storage().MetricSinkFor(kDefaultTenant);
    for (int round = 1; round <= kRounds; ++round) {
      EXPECT_OK(sink->Append({SampleOf("m", name, kStartMs + round, round)}, {}));
      LogBatch batch;
      batch.streams.push_back({Labels{{"writer", name}}, {PlainLog(kStartNs + round, name)}});
      EXPECT_OK(storage().WriteLogs(kDefaultTenant, batch, NumberToken("l/" + name, round)));
      EXPECT_OK(storage().WriteSpans(kDefaultTenant,
                                     {PlainSpan(static_cast<uint8_t>(round),
                                                static_cast<uint8_t>(writer + 1), kStartNs, name)},
                                     {}));
      written_[writer] = round;
    }
    --running_;
  }

  void Read() {
    std::map<std::string, size_t> at_least;
    for (int i = 0; i < kWriters; ++i) at_least[fmt::format("writer{}", i)] = written_[i];
    const testing::Contents contents = harness_.Read();
    std::map<std::string, size_t> logs;
    std::map<std::string, size_t> spans;
    for (const std::string& log : contents.logs) ++logs[log.substr(log.rfind(' ') + 1)];
    for (const std::string& span : contents.spans) ++spans[span.substr(span.rfind(' ') + 1)];
    ASSERT_THAT(std::set<std::string>(contents.logs.begin(), contents.logs.end()),
                SizeIs(contents.logs.size()))
        << "a record came twice";
    for (const auto& [writer, count] : at_least) {
      const std::string series = fmt::format("m{{job=\"{}\"}}", writer);
      const auto samples = contents.samples.find(series);
      EXPECT_GE(samples == contents.samples.end() ? 0 : samples->second.size(), count);
      EXPECT_GE(logs[writer], count);
      EXPECT_GE(spans[writer], count);
    }
  }

  StorageHarness harness_;
  std::array<std::atomic<int>, kWriters> written_ = {};
  std::atomic<int> running_{kWriters};
};

TEST(StorageStressTest, ReadersSeeEverythingOnce) { Stress().Run(); }

}  // namespace
}  // namespace vigil::storage
