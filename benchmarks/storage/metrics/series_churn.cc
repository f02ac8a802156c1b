// SPDX-License-Identifier: Apache-2.0
//
// A day in which series come and go: LIVING are there at any time, of which a part lives for half
// an hour and is followed by others, so that DEAD are gone in the end. Prints by the half hour what
// new series and samples take, and what memory and disk hold.
//
//     series_churn DIRECTORY LIVING DEAD [SCRAPES]
//
// The directory must not exist. SCRAPES are the samples of a series in half an hour. The last line
// is the day as JSON: samples, CPU seconds by what they went into, memory. benchmarks/churn.py runs
// it twice, with DEAD = 0 for a day without churn, and compares.
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/metrics/metric_shard.h"

namespace vigil::storage {
namespace {

constexpr TenantId kTenant{1};
constexpr int64_t kMinuteMs = 60'000;
constexpr int kHalfHours = 48;
constexpr int64_t kHalfHourMs = 30 * kMinuteMs;
// Few, so that what series cost is not lost among them.
constexpr int kDefaultScrapes = 6;
constexpr size_t kBatchSize = 10'000;

double CpuSeconds() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double RssMegabytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

Labels LabelsOf(uint64_t i) {
  const uint64_t pod = i / 20;
  return {{kMetricName, fmt::format("http_server_requests_{}_total", i % 20)},
          {"cluster", "eu-central-1"},
          {"instance", fmt::format("10.{}.{}.{}:9090", pod >> 16, pod >> 8 & 255, pod & 255)},
          {"job", fmt::format("service-{}", pod % 200)},
          {"namespace", fmt::format("team-{}", pod % 50)},
          {"pod", fmt::format("service-{}-{:08x}", pod % 200, pod * 2654435761u)},
          {"status", fmt::format("{}", 200 + i % 5)},
          {"version", "1.27.3-alpine"}};
}

class Day {
 public:
  Day(const std::string& directory, uint64_t living, uint64_t dead, int scrapes)
      : living_(living), born_(dead / kHalfHours), scrapes_(scrapes) {
    auto store = OpenRocksDb({.directory = directory});
    VIGIL_CHECK_OK(store.status());
    store_ = *std::move(store);
    shard_ = MetricShard::Create(0, store_.get(), {});
    VIGIL_CHECK_OK(shard_->Load());
  }

  void Run() {
    std::vector<SeriesRef> living;
    Make(living_ - born_, &living);
    fmt::print(
        "half hour  new series us  samples ns  flush ns/sample   RSS MB  in memory  disk MB\n");
    for (int i = 0; i < kHalfHours; ++i) HalfHour(i, living);
    const Totals& all = totals_;
    fmt::print(R"({{"living":{},"dead":{},"samples":{},"new_series_cpu_seconds":{:.3f},)"
               R"("samples_cpu_seconds":{:.3f},"flush_cpu_seconds":{:.3f},)"
               R"("rss_bytes":{:.0f},"peak_rss_bytes":{:.0f},"series_in_memory":{}}})"
               "\n",
               living_, born_ * kHalfHours, all.samples, all.made, all.written, all.flushed,
               RssMegabytes() * 1e6, all.peak_rss_mb * 1e6, shard_->Stats().series);
  }

 private:
  // Of the day. CPU seconds went into new series, samples and flushes.
  struct Totals {
    uint64_t samples = 0;
    double made = 0;
    double written = 0;
    double flushed = 0;
    double peak_rss_mb = 0;
  };

  // Series that were never there.
  void Make(uint64_t count, std::vector<SeriesRef>* refs) {
    for (uint64_t i = 0; i < count; ++i) {
      refs->push_back(shard_->GetOrCreate(kTenant, LabelsOf(next_++), {}).value());
    }
  }

  void HalfHour(int i, const std::vector<SeriesRef>& living) {
    const double start = CpuSeconds();
    std::vector<SeriesRef> refs;
    Make(born_, &refs);
    const double made = CpuSeconds();
    refs.insert(refs.end(), living.begin(), living.end());
    for (int scrape = 0; scrape < scrapes_; ++scrape) {
      Write(refs, i * kHalfHourMs + scrape * kHalfHourMs / scrapes_);
    }
    const double written = CpuSeconds();
    Flush();
    const double flushed = CpuSeconds();
    // Before memory goes back to the system: after a flush is when it is at its height.
    totals_.peak_rss_mb = std::max(totals_.peak_rss_mb, RssMegabytes());
    malloc_trim(0);
    const double samples = static_cast<double>(refs.size()) * scrapes_;
    totals_.samples += refs.size() * static_cast<uint64_t>(scrapes_);
    totals_.made += made - start;
    totals_.written += written - made;
    totals_.flushed += flushed - written;
    uint64_t disk_bytes = 0;
    for (const Family family : {Family::kSeries, Family::kPostings}) {
      disk_bytes += store_->ApproximateBytes(family).value_or(0);
    }
    fmt::print("{:9} {:14.2f} {:11.0f} {:16.0f} {:8.0f} {:10} {:8.1f}\n", i,
               born_ > 0 ? (made - start) / static_cast<double>(born_) * 1e6 : 0.0,
               (written - made) / samples * 1e9, (flushed - written) / samples * 1e9,
               RssMegabytes(), shard_->Stats().series, static_cast<double>(disk_bytes) / 1e6);
    std::fflush(stdout);
  }

  void Write(const std::vector<SeriesRef>& refs, int64_t time_ms) {
    MetricBatch batch;
    for (size_t begin = 0; begin < refs.size(); begin += kBatchSize) {
      batch.Clear();
      for (size_t i = begin; i < std::min(refs.size(), begin + kBatchSize); ++i) {
        batch.Add(refs[i], time_ms, static_cast<double>(i % 100));
      }
      payload_.clear();
      shard_->Encode(kTenant, batch, &payload_);
      shard_->Apply(kTenant, batch);
    }
  }

  void Flush() {
    shard_->Seal();
    WriteBatch batch;
    VIGIL_CHECK_OK(shard_->WriteSealed(&batch));
    VIGIL_CHECK_OK(store_->Write(batch, Durability::kNoSync));
    shard_->DropSealed();
  }

  const uint64_t living_;
  const uint64_t born_;
  const int scrapes_;
  Totals totals_;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<MetricShard> shard_;
  uint64_t next_ = 0;
  std::string payload_;
};

}  // namespace
}  // namespace vigil::storage

int main(int argc, char** argv) {
  const int scrapes = argc == 5 ? std::atoi(argv[4]) : vigil::storage::kDefaultScrapes;
  if (argc < 4 || argc > 5 || scrapes < 1) {
    std::fprintf(stderr, "usage: series_churn DIRECTORY LIVING DEAD [SCRAPES]\n");
    return 2;
  }
  const uint64_t living = std::strtoull(argv[2], nullptr, 10);
  const uint64_t dead = std::strtoull(argv[3], nullptr, 10);
  if (dead / vigil::storage::kHalfHours > living) {
    std::fprintf(stderr, "more would die in half an hour than live: LIVING is too small\n");
    return 2;
  }
  vigil::storage::Day(argv[1], living, dead, scrapes).Run();
  return 0;
}
