// SPDX-License-Identifier: Apache-2.0
//
// Makes a file of requests for send_load.
//
//   prepare_load --out FILE --protocol remote_write|otlp
//     --data fleet [--services N] [--series-per-service N] [--rounds N] [--interval-ms MS]
//                  [--churn F [--churn-by-service]]
//     --data FILE.jsonl[.gz] [--copies N]
//   [--batch SAMPLES] [--lanes N]
//
// Samples end about now. Prints the file's header.
#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "benchmarks/load/data_set.h"
#include "benchmarks/load/encoder.h"
#include "benchmarks/load/request_file.h"

namespace vigil::load {
namespace {

struct Options {
  std::string out;
  std::string protocol = "remote_write";
  std::string data = "fleet";
  FleetOptions fleet;
  int copies = 1;
  uint32_t batch = 10'000;
  uint32_t lanes = 4;
};

struct Lane {
  std::unique_ptr<Encoder> encoder;
  uint32_t samples = 0;
};

class Writer {
 public:
  Writer(const Options& options, std::FILE* file) : options_(options), file_(file) {
    for (uint32_t i = 0; i < options.lanes; ++i) {
      lanes_.push_back(
          {options.protocol == "otlp" ? MakeOtlpEncoder() : MakeRemoteWriteEncoder(), 0});
    }
    std::fwrite(std::string(kHeaderBytes, ' ').data(), 1, kHeaderBytes, file_);
  }

  void Write(DataSet* data) {
    Scrape scrape;
    while (data->Next(&scrape)) Add(*data, scrape);
    for (uint32_t i = 0; i < options_.lanes; ++i) End(i);
    int64_t series = 0;
    for (const Instrument& instrument : data->instruments()) series += SeriesOf(instrument);
    std::string header =
        fmt::format(R"({{"protocol":"{}","samples":{},"points":{},"series":{},"requests":{},)"
                    R"("first_ms":{},"last_ms":{}}})",
                    options_.protocol, samples_, points_, series, requests_, first_ms_, last_ms_);
    fmt::print("{}\n", header);
    header.resize(kHeaderBytes - 1, ' ');
    header += '\n';
    std::rewind(file_);
    std::fwrite(header.data(), 1, header.size(), file_);
  }

 private:
  void Add(const DataSet& data, const Scrape& scrape) {
    const uint32_t number = scrape.target % options_.lanes;
    Lane& lane = lanes_[number];
    lane.encoder->Add(data, scrape);
    first_ms_ = std::min(first_ms_, scrape.time_ms);
    last_ms_ = std::max(last_ms_, scrape.time_ms);
    for (size_t i = 0; i < scrape.count; ++i) {
      lane.samples += static_cast<uint32_t>(scrape.readings[i].values.size());
    }
    points_ += static_cast<int64_t>(scrape.count);
    if (lane.samples >= options_.batch) End(number);
  }

  void End(uint32_t number) {
    Lane& lane = lanes_[number];
    if (lane.samples == 0) return;
    const std::string body = lane.encoder->Take();
    const RequestHeader header = {number, lane.samples, static_cast<uint32_t>(body.size())};
    std::fwrite(&header, sizeof(header), 1, file_);
    std::fwrite(body.data(), 1, body.size(), file_);
    samples_ += lane.samples;
    ++requests_;
    lane.samples = 0;
  }

  const Options& options_;
  std::FILE* const file_;
  std::vector<Lane> lanes_;
  int64_t samples_ = 0;
  int64_t points_ = 0;  // As OTLP counts: a histogram's is one.
  int64_t requests_ = 0;
  int64_t first_ms_ = std::numeric_limits<int64_t>::max();  // Instants of the samples.
  int64_t last_ms_ = 0;
};

int Run(Options options) {
  const int64_t now_ms = SystemClock().NowMs();
  std::unique_ptr<DataSet> data;
  if (options.data == "fleet") {
    options.fleet.end_ms = now_ms;
    data = MakeFleet(options.fleet);
  } else {
    absl::StatusOr<std::unique_ptr<DataSet>> recording =
        ReadRecording(options.data, now_ms, options.copies);
    if (!recording.ok()) {
      fmt::print(stderr, "{}\n", MessageOf(recording.status()));
      return 1;
    }
    data = *std::move(recording);
  }
  std::FILE* const file = std::fopen(options.out.c_str(), "wb");
  if (file == nullptr) {
    fmt::print(stderr, "cannot write {}\n", options.out);
    return 1;
  }
  Writer(options, file).Write(data.get());
  return std::fclose(file) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace vigil::load

int main(int argc, char** argv) {
  vigil::load::Options options;
  CLI::App program("Makes a file of requests for send_load.");
  program.add_option("--out", options.out, "File")->required();
  program.add_option("--protocol", options.protocol, "remote_write or otlp");
  program.add_option("--data", options.data, "fleet, or a recording (.jsonl, .jsonl.gz)");
  program.add_option("--services", options.fleet.services, "Of the fleet");
  program.add_option("--series-per-service", options.fleet.series_per_service, "");
  program.add_flag("--churn-by-service", options.fleet.churn_by_service,
                   "Replace all series of a service at once");
  program.add_option("--rounds", options.fleet.rounds, "Samples of each series");
  program.add_option("--interval-ms", options.fleet.interval_ms, "Between rounds");
  program.add_option("--churn", options.fleet.churn_per_hour, "Share replaced in an hour");
  program.add_option("--copies", options.copies, "Of the recording");
  program.add_option("--batch", options.batch, "Samples of a request");
  program.add_option("--lanes", options.lanes, "Connections that can send at a time");
  CLI11_PARSE(program, argc, argv);
  return vigil::load::Run(options);
}
