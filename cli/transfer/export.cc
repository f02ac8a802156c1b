// SPDX-License-Identifier: Apache-2.0
//
// `vigil export`: metrics as text, to a file or to standard output.
#include <cstdio>
#include <memory>
#include <string>
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
#include "cli/time_options.h"
#include "cli/transfer/format_options.h"
#include "cli/transfer/json_lines.h"
#include "cli/transfer/open_metrics.h"
#include "cli/transfer/progress.h"
#include "cli/transfer/text_file.h"
#include "proto/vigil/v1/transfer.grpc.pb.h"

namespace vigil::cli {
namespace {

// Pieces of a series are put on one line up to so many samples.
constexpr int kSamplesPerLine = 500'000;

struct ExportOptions {
  ClientOptions client;
  FormatOptions format;
  std::vector<std::string> matches;
  OpenTimeOptions time;
  std::string file = std::string(kStandardStream);
};

bool SameLabels(const v1::SeriesSamples& a, const v1::SeriesSamples& b) {
  if (a.labels_size() != b.labels_size()) return false;
  for (int i = 0; i < a.labels_size(); ++i) {
    if (a.labels(i).name() != b.labels(i).name() || a.labels(i).value() != b.labels(i).value()) {
      return false;
    }
  }
  return true;
}

// Writes series as they come, joining the pieces of each.
class SeriesWriter {
 public:
  SeriesWriter(TextFormat format, TextWriter* writer) : format_(format), writer_(*writer) {}

  absl::Status Add(v1::SeriesSamples piece) {
    samples_ += piece.values_size() + piece.histograms_size();
    const bool joins =
        SameLabels(piece, open_) && open_.values_size() + open_.histograms_size() < kSamplesPerLine;
    if (!joins) {
      VIGIL_RETURN_IF_ERROR(WriteOpen());
      open_ = std::move(piece);
      return absl::OkStatus();
    }
    piece.clear_labels();
    // Lists are joined, the rest is the same.
    open_.MergeFrom(piece);
    return absl::OkStatus();
  }

  absl::Status Finish() {
    VIGIL_RETURN_IF_ERROR(WriteOpen());
    if (format_ == TextFormat::kOpenMetrics) {
      text_.clear();
      open_metrics_.Finish(&text_);
      VIGIL_RETURN_IF_ERROR(writer_.Write(text_));
    }
    return writer_.Finish();
  }

  uint64_t samples() const { return samples_; }
  uint64_t series() const { return series_; }
  uint64_t left_out() const { return open_metrics_.histograms_left_out(); }

 private:
  absl::Status WriteOpen() {
    if (open_.labels().empty()) return absl::OkStatus();
    text_.clear();
    if (format_ == TextFormat::kJsonLines) {
      AppendJsonLine(open_, &text_);
    } else {
      open_metrics_.Append(open_, &text_);
    }
    if (!SameLabels(open_, last_)) ++series_;
    *last_.mutable_labels() = open_.labels();
    open_.Clear();
    return writer_.Write(text_);
  }

  const TextFormat format_;
  TextWriter& writer_;
  OpenMetricsWriter open_metrics_;
  v1::SeriesSamples open_;  // Not written yet.
  v1::SeriesSamples last_;  // Labels of what was written last.
  std::string text_;
  uint64_t samples_ = 0;
  uint64_t series_ = 0;
};

absl::StatusOr<v1::ExportMetricsRequest> MakeRequest(const ExportOptions& options) {
  v1::ExportMetricsRequest request;
  for (const std::string& match : options.matches) request.add_matches(match);
  VIGIL_ASSIGN_OR_RETURN(const OpenTimeRange range, options.time.Resolve(SystemClock().NowMs()));
  if (range.start_ms.has_value()) request.set_start_ms(*range.start_ms);
  if (range.end_ms.has_value()) request.set_end_ms(*range.end_ms);
  return request;
}

int Run(const ExportOptions& options) {
  const absl::StatusOr<v1::ExportMetricsRequest> request = MakeRequest(options);
  if (!request.ok()) return UsageError(MessageOf(request.status()));
  const auto fail = [](const absl::Status& status) {
    fmt::print(stderr, "error: {}\n", MessageOf(status));
    return kExitRefused;
  };
  const auto file = TextWriter::Open(options.file);
  if (!file.ok()) return fail(file.status());
  const Client client(options.client);
  grpc::ClientContext context;
  client.Prepare(&context, /*endless=*/true);
  const auto stub = v1::TransferService::NewStub(client.channel());
  const auto stream = stub->ExportMetrics(&context, *request);
  SeriesWriter writer(options.format.Resolve(options.file), file->get());
  ProgressBar bar;
  v1::ExportMetricsResponse response;
  absl::Status written;
  while (written.ok() && stream->Read(&response)) {
    for (v1::SeriesSamples& piece : *response.mutable_series()) {
      written = writer.Add(std::move(piece));
      if (!written.ok()) break;
    }
    const auto total = static_cast<double>(response.metrics_total());
    bar.Update(total == 0 ? -1 : static_cast<double>(response.metrics_done()) / total,
               writer.samples());
  }
  bar.Clear();
  if (!written.ok()) {
    context.TryCancel();
    stream->Finish();
    return fail(written);
  }
  if (const grpc::Status status = stream->Finish(); !status.ok()) return client.Finish(status);
  if (const absl::Status finished = writer.Finish(); !finished.ok()) return fail(finished);
  fmt::print(stderr, "exported {} samples of {} series\n", writer.samples() - writer.left_out(),
             writer.series());
  if (writer.left_out() > 0) {
    fmt::print(stderr,
               "warning: {} native histograms have no form in OpenMetrics and were left out; "
               "--format jsonl takes them\n",
               writer.left_out());
  }
  return kExitOk;
}

}  // namespace

void AddExport(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* const command =
      program->add_subcommand("export", "Write metrics as JSON lines or OpenMetrics text");
  command->add_option("selector", options->matches,
                      "Which series, for example '{job=\"gateway\"}' (default: all)");
  options->time.AddTo(command);
  command->add_option("--file", options->file,
                      "Where to; a name that ends in .gz is compressed (default: standard output)");
  options->format.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Example:\n"
      "  vigil export 'llm_requests_total' --from -1d --file requests.jsonl.gz");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
