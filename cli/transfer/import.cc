// SPDX-License-Identifier: Apache-2.0
//
// `vigil import`: metrics from text, from a file or standard input.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/text/display.h"
#include "cli/transfer/format_options.h"
#include "cli/transfer/json_lines.h"
#include "cli/transfer/open_metrics.h"
#include "cli/transfer/progress.h"
#include "cli/transfer/text_file.h"
#include "proto/vigil/v1/transfer.grpc.pb.h"

namespace vigil::cli {
namespace {

// Of a request: enough that its costs are its samples', little enough to be held many times.
constexpr int kSamplesPerRequest = 16384;
constexpr int kSeriesPerRequest = 1024;
// A histogram takes the room of so many floats.
constexpr int kFloatsPerHistogram = 32;
// Requests on their way; the server stores one while the next is read.
constexpr size_t kRequestsInFlight = 4;
// What went wrong is told line by line up to here, then counted.
constexpr uint64_t kMessagesShown = 50;
constexpr int64_t kSaveEveryNs = kMillisPerSecond * kNanosPerMilli;

struct ImportOptions {
  ClientOptions client;
  FormatOptions format;
  std::vector<std::string> files;
};

// Tells of lines that were not stored, as "file:line:column: why".
class Complaints {
 public:
  Complaints(std::string file, ProgressBar* bar) : file_(std::move(file)), bar_(*bar) {}

  void Add(uint64_t line, size_t column, std::string_view message) {
    if (++count_ > kMessagesShown) return;
    bar_.Clear();
    fmt::print(stderr, "{}:{}:{}: {}\n", file_, line, column, message);
  }
  void Finish() {
    if (count_ > kMessagesShown) {
      fmt::print(stderr, "{}: {} more like these\n", file_, count_ - kMessagesShown);
    }
  }
  uint64_t count() const { return count_; }

 private:
  const std::string file_;
  ProgressBar& bar_;
  uint64_t count_ = 0;
};

// One file's way to the server.
class Import {
 public:
  using Stream = grpc::ClientReaderWriter<v1::ImportMetricsRequest, v1::ImportMetricsResponse>;

  Import(const std::string& file, TextFormat format, const ProgressFile* progress_file,
         LineReader* reader, Stream* stream)
      : format_(format),
        progress_file_(*progress_file),
        reader_(*reader),
        stream_(*stream),
        complaints_(file == kStandardStream ? "standard input" : file, &bar_) {}

  // OK when all that could be read was sent and answered. Cancelled when the stream has broken: its
  // own status tells why.
  absl::Status Run() {
    if (const auto known = progress_file_.Load(); known.has_value()) {
      done_ = *known;
      fmt::print(stderr, "going on at line {}\n", done_.lines + 1);
    }
    const absl::Status read = ReadAll();
    if (read.code() == absl::StatusCode::kCancelled) return read;
    VIGIL_RETURN_IF_ERROR(SendRequest());
    while (!in_flight_.empty()) VIGIL_RETURN_IF_ERROR(TakeAnswer());
    // What was read until a damaged place is stored.
    VIGIL_RETURN_IF_ERROR(read);
    if (format_ == TextFormat::kOpenMetrics && !open_metrics_.ended()) {
      complaints_.Add(reader_.lines() + 1, 1, "the text ends without # EOF: it was cut off");
    }
    return absl::OkStatus();
  }

  // What became of it, for people. True if everything was stored.
  bool Finish() {
    bar_.Clear();
    complaints_.Finish();
    const auto counted = [](uint64_t count, std::string_view noun) {
      return Plural(static_cast<int64_t>(count), noun);
    };
    fmt::print(stderr, "imported {} from {}", counted(done_.samples, "sample"),
               counted(done_.lines, "line"));
    if (refused_ > 0) fmt::print(stderr, "; refused {}", counted(refused_, "sample"));
    if (bad_lines_ > 0) fmt::print(stderr, "; could not read {}", counted(bad_lines_, "line"));
    fmt::print(stderr, "\n");
    return complaints_.count() == 0;
  }

  void SaveNow() { Save(/*now=*/true); }

 private:
  struct Sent {
    ImportProgress done;          // Once it is answered.
    std::vector<uint64_t> lines;  // Of its series.
    uint64_t samples = 0;
  };

  absl::Status ReadAll() {
    std::string line;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const LineReader::Result result, reader_.Next(&line));
      if (result == LineReader::Result::kEnd) return absl::OkStatus();
      // Lines that are stored already are passed over, but what they say of metrics counts.
      const bool stored = reader_.offset() <= done_at_start();
      if (result == LineReader::Result::kTooLong) {
        if (!stored) Complain(1, fmt::format("longer than {} bytes", LineReader::kMaxLineBytes));
      } else if (format_ == TextFormat::kJsonLines) {
        if (!stored) VIGIL_RETURN_IF_ERROR(TakeJson(&line));
      } else if (!stored || line.starts_with('#')) {
        VIGIL_RETURN_IF_ERROR(TakeOpenMetrics(line));
      }
      pending_done_.offset = reader_.offset();
      pending_done_.lines = reader_.lines();
      bar_.Update(Fraction(), done_.samples);
    }
  }

  uint64_t done_at_start() {
    if (!start_.has_value()) start_ = done_.offset;
    return *start_;
  }

  double Fraction() const {
    const auto total = static_cast<double>(reader_.bytes_total());
    return total == 0 ? -1 : static_cast<double>(reader_.bytes_done()) / total;
  }

  void Complain(size_t column, std::string_view message) {
    ++bad_lines_;
    complaints_.Add(reader_.lines(), column, message);
  }

  absl::Status TakeJson(std::string* line) {
    if (line->find_first_not_of(" \t\r") == std::string::npos) return absl::OkStatus();
    v1::SeriesSamples series;
    LineError error;
    if (!json_.Parse(line, &series, &error)) {
      Complain(error.column, error.message);
      return absl::OkStatus();
    }
    return AddInPieces(series);
  }

  // A long line fills many requests.
  absl::Status AddInPieces(const v1::SeriesSamples& series) {
    for (int begin = 0; begin < series.values_size(); begin += kSamplesPerRequest) {
      const int end = std::min(series.values_size(), begin + kSamplesPerRequest);
      v1::SeriesSamples* const piece = AddSeries(series);
      piece->mutable_times_ms()->Assign(series.times_ms().begin() + begin,
                                        series.times_ms().begin() + end);
      piece->mutable_values()->Assign(series.values().begin() + begin,
                                      series.values().begin() + end);
      VIGIL_RETURN_IF_ERROR(Count(end - begin));
    }
    constexpr int kMost = kSamplesPerRequest / kFloatsPerHistogram;
    for (int begin = 0; begin < series.histograms_size(); begin += kMost) {
      const int end = std::min(series.histograms_size(), begin + kMost);
      v1::SeriesSamples* const piece = AddSeries(series);
      for (int i = begin; i < end; ++i) {
        piece->add_histogram_times_ms(series.histogram_times_ms(i));
        *piece->add_histograms() = series.histograms(i);
      }
      VIGIL_RETURN_IF_ERROR(Count((end - begin) * kFloatsPerHistogram));
    }
    return absl::OkStatus();
  }

  v1::SeriesSamples* AddSeries(const v1::SeriesSamples& series) {
    v1::SeriesSamples* const added = request_.add_series();
    *added->mutable_labels() = series.labels();
    added->set_type(series.type());
    added->set_unit(series.unit());
    added->set_help(series.help());
    pending_lines_.push_back(reader_.lines());
    return added;
  }

  absl::Status TakeOpenMetrics(const std::string& line) {
    LineError error;
    const auto result = open_metrics_.Parse(line, &sample_, &error);
    if (result == OpenMetricsParser::Result::kError) {
      Complain(error.column, error.message);
      open_ = nullptr;
    }
    if (result != OpenMetricsParser::Result::kSample) return absl::OkStatus();
    if (open_ == nullptr || !sample_.same_series) open_ = AddSeries(sample_.series);
    open_->add_times_ms(sample_.time_ms);
    open_->add_values(sample_.value);
    return Count(1);
  }

  absl::Status Count(int samples) {
    request_size_ += samples;
    const bool full =
        request_size_ >= kSamplesPerRequest || request_.series_size() >= kSeriesPerRequest;
    return full ? SendRequest() : absl::OkStatus();
  }

  absl::Status SendRequest() {
    Sent sent;
    sent.done = pending_done_;
    sent.lines = std::exchange(pending_lines_, {});
    if (!stream_.Write(request_)) return absl::CancelledError();
    in_flight_.push_back(std::move(sent));
    request_.Clear();
    open_ = nullptr;
    request_size_ = 0;
    while (in_flight_.size() >= kRequestsInFlight) VIGIL_RETURN_IF_ERROR(TakeAnswer());
    return absl::OkStatus();
  }

  absl::Status TakeAnswer() {
    v1::ImportMetricsResponse response;
    if (!stream_.Read(&response)) return absl::CancelledError();
    const Sent sent = std::move(in_flight_.front());
    in_flight_.pop_front();
    for (const v1::Refusal& refusal : response.refusals()) {
      const uint64_t line = refusal.series() < sent.lines.size() ? sent.lines[refusal.series()] : 0;
      complaints_.Add(
          line, 1,
          fmt::format("refused {}: {}", Plural(static_cast<int64_t>(refusal.samples()), "sample"),
                      refusal.reason()));
    }
    refused_ += response.refused_samples();
    const uint64_t samples = done_.samples + response.samples();
    done_ = {std::max(sent.done.offset, done_.offset), std::max(sent.done.lines, done_.lines),
             samples};
    Save(/*now=*/false);
    return absl::OkStatus();
  }

  void Save(bool now) {
    const int64_t now_ns = MonotonicNs();
    if (!now && now_ns - saved_ns_ < kSaveEveryNs) return;
    saved_ns_ = now_ns;
    const absl::Status saved = progress_file_.Save(done_);
    if (saved.ok() || std::exchange(save_failed_, true)) return;
    bar_.Clear();
    fmt::print(stderr, "warning: an interrupted import will begin anew: {}\n", MessageOf(saved));
  }

  const TextFormat format_;
  const ProgressFile& progress_file_;
  LineReader& reader_;
  Stream& stream_;
  ProgressBar bar_;
  Complaints complaints_;
  JsonLineParser json_;
  OpenMetricsParser open_metrics_;
  OpenMetricsParser::Sample sample_;
  std::optional<uint64_t> start_;

  v1::ImportMetricsRequest request_;   // That is being filled.
  v1::SeriesSamples* open_ = nullptr;  // In request_: the series that the next sample may join.
  int request_size_ = 0;
  ImportProgress pending_done_;  // Once request_ is answered.
  std::vector<uint64_t> pending_lines_;
  std::deque<Sent> in_flight_;

  ImportProgress done_;
  uint64_t refused_ = 0;
  uint64_t bad_lines_ = 0;
  int64_t saved_ns_ = 0;
  bool save_failed_ = false;
};

int RunFile(const ImportOptions& options, const std::string& path) {
  const auto fail = [](const absl::Status& status) {
    fmt::print(stderr, "error: {}\n", MessageOf(status));
    return kExitRefused;
  };
  const auto reader = LineReader::Open(path);
  if (!reader.ok()) return fail(reader.status());
  const ProgressFile progress_file(
      path, fmt::format("{} {}", options.client.server, options.client.tenant));
  const Client client(options.client);
  grpc::ClientContext context;
  client.Prepare(&context, /*endless=*/true);
  const auto stub = v1::TransferService::NewStub(client.channel());
  const auto stream = stub->ImportMetrics(&context);
  Import import(path, options.format.Resolve(path), &progress_file, reader->get(), stream.get());
  const absl::Status status = import.Run();
  if (status.ok()) {
    stream->WritesDone();
  } else if (status.code() != absl::StatusCode::kCancelled) {
    context.TryCancel();
  }
  const grpc::Status finished = stream->Finish();
  if (status.ok() && finished.ok()) {
    progress_file.Remove();
    return import.Finish() ? kExitOk : kExitRefused;
  }
  import.SaveNow();
  import.Finish();
  const int exit_status = status.code() == absl::StatusCode::kCancelled || status.ok()
                              ? client.Finish(finished)
                              : fail(status);
  if (path != kStandardStream) {
    fmt::print(stderr, "the same command goes on where this one ended\n");
  }
  return exit_status;
}

int Run(const ImportOptions& options) {
  int exit_status = kExitOk;
  for (const std::string& file : options.files) {
    const int one = RunFile(options, file);
    if (one == kExitUnreachable) return one;
    if (one != kExitOk) exit_status = one;
  }
  return exit_status;
}

}  // namespace

void AddImport(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* const command =
      program->add_subcommand("import", "Store metrics from JSON lines or OpenMetrics text");
  command
      ->add_option("file", options->files, "What to read, compressed or not; - is standard input")
      ->required();
  options->format.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Example:\n"
      "  vigil import requests.jsonl.gz");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
