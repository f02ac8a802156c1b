// SPDX-License-Identifier: Apache-2.0
//
// Sends a file of prepared requests as fast as the server takes them.
//
//   send_load --file FILE --server HOST:PORT [--path PATH]        over HTTP/1.1
//   send_load --file FILE --server HOST:PORT --grpc               OTLP over gRPC
//
// Each lane of the file has a connection and waits for each answer. Whoever is told to come back
// does so after a moment. Prints one line of JSON: samples, seconds, requests, refused, retries.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "benchmarks/load/request_file.h"
#include "benchmarks/load/sender.h"

namespace vigil::load {
namespace {

constexpr auto kPause = std::chrono::milliseconds(50);

struct Options {
  std::string file;
  std::string server;
  std::string path = "/api/v1/write";
  bool grpc = false;
};

struct Request {
  uint32_t samples;
  std::string_view body;
};

struct Totals {
  std::atomic<int64_t> samples{0};
  std::atomic<int64_t> requests{0};
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> retries{0};
};

// The file in memory, read ahead.
std::string_view Map(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  struct stat info = {};
  if (fd < 0 || ::fstat(fd, &info) != 0) return {};
  void* const at = ::mmap(nullptr, info.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) return {};
  return {static_cast<const char*>(at), static_cast<size_t>(info.st_size)};
}

std::map<uint32_t, std::vector<Request>> Split(std::string_view file) {
  std::map<uint32_t, std::vector<Request>> lanes;
  file.remove_prefix(std::min(file.size(), kHeaderBytes));
  while (file.size() > sizeof(RequestHeader)) {
    RequestHeader header;
    std::memcpy(&header, file.data(), sizeof(header));
    file.remove_prefix(sizeof(header));
    lanes[header.lane].push_back({header.samples, file.substr(0, header.size)});
    file.remove_prefix(std::min<size_t>(file.size(), header.size));
  }
  return lanes;
}

void SendLane(Sender* sender, const std::vector<Request>& requests, Totals* totals) {
  for (const Request& request : requests) {
    Answer answer = sender->Send(request.body);
    while (answer.outcome == Outcome::kLater) {
      totals->retries.fetch_add(1);
      std::this_thread::sleep_for(kPause);
      answer = sender->Send(request.body);
    }
    totals->requests.fetch_add(1);
    if (answer.outcome == Outcome::kTaken) {
      totals->samples.fetch_add(request.samples);
    } else if (totals->refused.fetch_add(1) < 3) {
      fmt::print(stderr, "refused: {}\n", answer.message);
    }
  }
}

int Run(const Options& options) {
  const std::string_view file = Map(options.file);
  const std::map<uint32_t, std::vector<Request>> lanes = Split(file);
  if (lanes.empty()) {
    fmt::print(stderr, "{} has no requests\n", options.file);
    return 1;
  }
  const bool otlp = file.substr(0, kHeaderBytes).find("\"otlp\"") != std::string_view::npos;
  Totals totals;
  const int64_t begin_ns = MonotonicNs();
  std::vector<std::thread> threads;
  for (const auto& lane : lanes) {
    threads.emplace_back([&options, &lane, &totals, otlp] {
      const std::unique_ptr<Sender> sender =
          options.grpc ? MakeGrpcSender(options.server, static_cast<int>(lane.first))
                       : MakeHttpSender(options.server, options.path, otlp);
      SendLane(sender.get(), lane.second, &totals);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = static_cast<double>(MonotonicNs() - begin_ns) / 1e9;
  fmt::print(R"({{"samples":{},"seconds":{:.3f},"requests":{},"refused":{},"retries":{}}})"
             "\n",
             totals.samples.load(), seconds, totals.requests.load(), totals.refused.load(),
             totals.retries.load());
  return totals.refused.load() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace vigil::load

int main(int argc, char** argv) {
  vigil::load::Options options;
  CLI::App program("Sends a file of prepared requests as fast as the server takes them.");
  program.add_option("--file", options.file, "Made by prepare_load")->required();
  program.add_option("--server", options.server, "HOST:PORT")->required();
  program.add_option("--path", options.path, "Of HTTP requests")->capture_default_str();
  program.add_flag("--grpc", options.grpc, "OTLP over gRPC");
  CLI11_PARSE(program, argc, argv);
  return vigil::load::Run(options);
}
