// SPDX-License-Identifier: Apache-2.0
//
// Bytes on disk per sample: loads series into a store as if they had been scraped, flushing every
// so often, compacts, and prints what each family takes, and what the parts of blocks take before
// the tables' compression.
//
//   zcat recorded.jsonl.gz | disk_size --file -
//   disk_size --services 200 --scrapes 480
#include <algorithm>
#include <bit>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "benchmarks/storage/disk/recorded.h"
#include "storage/block/metric_block.h"
#include "storage/codec/float_column.h"
#include "storage/kv/record_keys.h"
#include "storage/storage.h"

namespace vigil::storage::benchmark {
namespace {

struct Options {
  std::string file;
  size_t services = 0;
  size_t scrapes = 480;
  int flush_minutes = 10;
  int shards = 1;
  std::string directory;
};

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Feeds a store with series in the order of time.
class Loader {
 public:
  Loader(Storage* storage, std::vector<RecordedSeries> series)
      : storage_(*storage), series_(std::move(series)), next_(series_.size(), 0) {
    for (const RecordedSeries& one : series_) {
      refs_.push_back(
          storage_.GetOrCreateSeries(kDefaultTenant, one.labels, {.type = MetricType::kGauge})
              .value());
      samples_ += one.values.size();
    }
  }

  // Writes what comes before `end_ms`; false if there is nothing left.
  bool WriteUntil(int64_t end_ms) {
    MetricBatch batch;
    bool more = false;
    for (size_t i = 0; i < series_.size(); ++i) {
      const RecordedSeries& one = series_[i];
      size_t& at = next_[i];
      for (; at < one.times_ms.size() && one.times_ms[at] < end_ms; ++at) {
        batch.Add(refs_[i], one.times_ms[at], one.values[at]);
        if (batch.size() >= 10'000) Write(&batch);
      }
      more |= at < one.times_ms.size();
    }
    Write(&batch);
    return more;
  }

  // Whether every sample comes back, bit for bit.
  void Check() {
    const auto querier = storage_.NewMetricQuerier(kDefaultTenant);
    for (size_t i = 0; i < series_.size(); ++i) {
      SampleColumns columns;
      VIGIL_CHECK_OK(querier->Read(refs_[i], {INT64_MIN, INT64_MAX}, &columns));
      VIGIL_CHECK(columns.times_ms == series_[i].times_ms);
      VIGIL_CHECK(std::equal(columns.values.begin(), columns.values.end(),
                             series_[i].values.begin(), series_[i].values.end(),
                             [](double a, double b) {
                               return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
                             }));
    }
  }

  size_t samples() const { return samples_; }
  int64_t first_ms() const {
    int64_t first = INT64_MAX;
    for (const RecordedSeries& one : series_) first = std::min(first, one.times_ms.front());
    return first;
  }

 private:
  void Write(MetricBatch* batch) {
    if (batch->empty()) return;
    VIGIL_CHECK_OK(storage_.WriteMetrics(kDefaultTenant, *batch, {}));
    batch->Clear();
  }

  Storage& storage_;
  const std::vector<RecordedSeries> series_;
  std::vector<size_t> next_;
  std::vector<SeriesRef> refs_;
  size_t samples_ = 0;
};

void PrintFamilies(KeyValueStore* store, size_t samples) {
  uint64_t total = 0;
  const auto print = [samples](std::string_view name, uint64_t bytes) {
    fmt::print("{:<12} {:>10} bytes {:>8.4f} per sample\n", name, bytes,
               static_cast<double>(bytes) / static_cast<double>(samples));
  };
  for (int i = 0; i < kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    const uint64_t bytes = store->ApproximateBytes(family).value();
    print(FamilyName(family), bytes);
    total += bytes;
  }
  print("all", total);
}

struct Part {
  uint64_t count = 0;
  uint64_t bytes = 0;
};

void AddBlock(std::string_view key, std::string_view value, std::map<std::string, Part>* parts) {
  const auto add = [parts](const std::string& name, size_t bytes) {
    Part& part = (*parts)[name];
    ++part.count;
    part.bytes += bytes;
  };
  add("keys", key.size());
  if (TimestampColumnKey::Decode(key).ok()) return add("shared times", value.size());
  const MetricBlockLayout layout = InspectMetricBlock(value).value();
  add("headers and checksums", value.size() - layout.times.size() - layout.values.size());
  if (!layout.times.empty()) add("own times", layout.times.size());
  const bool floats = layout.header.kind == MetricBlockKind::kFloat;
  std::string name = floats ? FloatEncodingName(layout.values) : "histograms";
  // Decimals of all exponents are one kind here.
  if (name.starts_with("decimal(")) name = "decimal" + name.substr(name.find(')') + 1);
  add("values: " + name, layout.values.size());
}

void PrintParts(KeyValueStore* store, size_t samples) {
  std::map<std::string, Part> parts;
  VIGIL_CHECK_OK(
      ForEach(*store, Family::kBlocks, {}, [&parts](std::string_view key, std::string_view value) {
        AddBlock(key, value, &parts);
        return absl::OkStatus();
      }));
  fmt::print("\nblocks before the tables' compression\n");
  for (const auto& [name, part] : parts) {
    fmt::print("{:<32} {:>8} {:>10} bytes {:>8.4f} per sample\n", name, part.count, part.bytes,
               static_cast<double>(part.bytes) / static_cast<double>(samples));
  }
}

void Run(const Options& options) {
  auto series = options.file.empty() ? MakeFleet(options.services, options.scrapes)
                                     : ReadSeries(options.file).value();
  ManualClock clock;
  StorageOptions storage_options;
  storage_options.data_dir = options.directory;
  storage_options.shards = static_cast<uint32_t>(options.shards);
  storage_options.metric_retention_ms = 0;
  storage_options.durability = Durability::kNoSync;
  const auto storage = Storage::Open(storage_options, &clock).value();
  Loader loader(storage.get(), std::move(series));
  int64_t now_ms = loader.first_ms();
  double write_s = 0;
  double flush_s = 0;
  for (bool more = true; more;) {
    now_ms += options.flush_minutes * kMillisPerMinute;
    clock.SetMs(now_ms);
    const double begin = CpuSeconds();
    more = loader.WriteUntil(now_ms);
    const double written = CpuSeconds();
    VIGIL_CHECK_OK(storage->Flush());
    VIGIL_CHECK_OK(storage->Maintain());
    write_s += written - begin;
    flush_s += CpuSeconds() - written;
  }
  const double begin = CpuSeconds();
  VIGIL_CHECK_OK(storage->Compact());
  const double compact_s = CpuSeconds() - begin;
  const auto samples = static_cast<double>(loader.samples());
  fmt::print(
      "{} samples; CPU ns per sample: write {:.0f}, flush and maintain {:.0f}, compact {:.0f}\n\n",
      loader.samples(), write_s / samples * 1e9, flush_s / samples * 1e9,
      compact_s / samples * 1e9);
  PrintFamilies(&storage->state(), loader.samples());
  PrintParts(&storage->state(), loader.samples());
  const double check = CpuSeconds();
  loader.Check();
  fmt::print("\nevery sample read back, bit for bit, in {:.0f} CPU ns per sample\n",
             (CpuSeconds() - check) / samples * 1e9);
}

}  // namespace
}  // namespace vigil::storage::benchmark

int main(int argc, char** argv) {
  vigil::storage::benchmark::Options options;
  options.directory = (std::filesystem::temp_directory_path() / "vigil-disk-size").string();
  CLI::App app("Bytes on disk per sample.");
  app.add_option("--file", options.file, "recorded series, JSON lines; - is standard input");
  app.add_option("--services", options.services, "instead: an invented fleet of as many services");
  app.add_option("--scrapes", options.scrapes, "of that fleet");
  app.add_option("--flush-minutes", options.flush_minutes, "simulated time between flushes");
  app.add_option("--shards", options.shards);
  app.add_option("--dir", options.directory, "data directory; what is in it is removed");
  CLI11_PARSE(app, argc, argv);
  std::filesystem::remove_all(options.directory);
  vigil::storage::benchmark::Run(options);
  return 0;
}
