// SPDX-License-Identifier: Apache-2.0
//
// OpenMetrics text, a line at a time: for histories, where each sample has its time. Beyond the
// standard a value may be one of the texts for NaNs in sample_value.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "cli/transfer/json_lines.h"
#include "proto/vigil/v1/transfer.pb.h"

namespace vigil::cli {

// Not thread-safe.
class OpenMetricsWriter {
 public:
  // Appends the float samples of a series. Series of a metric must come one behind the other,
  // metrics sorted by name.
  void Append(const v1::SeriesSamples& series, std::string* text);
  // Appends what ends the text.
  void Finish(std::string* text) const { *text += "# EOF\n"; }

  // Native histograms have no form in this text: so many were left out.
  uint64_t histograms_left_out() const { return histograms_left_out_; }

 private:
  void AppendHeader(const std::string& metric, const v1::SeriesSamples& series, std::string* text);

  std::string metric_;                         // That of the last series.
  absl::flat_hash_set<std::string> families_;  // Whose header is written.
  uint64_t histograms_left_out_ = 0;
};

// Not thread-safe.
class OpenMetricsParser {
 public:
  enum class Result { kNothing, kSample, kError };
  struct Sample {
    v1::SeriesSamples series;  // Labels and metadata; no samples.
    bool same_series = false;  // As of the sample before: `series` was left as it was.
    int64_t time_ms = 0;
    double value = 0;
  };
  // Takes a line. Give the same `*sample` for all lines of a text.
  Result Parse(std::string_view line, Sample* sample, LineError* error);
  // Whether "# EOF" has come: without it the text was cut off.
  bool ended() const { return ended_; }

 private:
  struct Metadata {
    std::string type;
    std::string unit;
    std::string help;
  };
  Result ParseComment(std::string_view line);
  bool ParseSeries(std::string_view text, size_t begin, v1::SeriesSamples* series,
                   LineError* error) const;
  void SetMetadata(const std::string& metric, v1::SeriesSamples* series) const;

  std::string family_;  // Whose metadata stands below.
  Metadata metadata_;
  std::string last_series_;  // As text.
  bool ended_ = false;
};

// `unix_ms` as seconds, exactly: "1700000000.25".
std::string SecondsText(int64_t unix_ms);
// Seconds as text, to the millisecond. False if it is none, or out of range.
bool ParseSeconds(std::string_view text, int64_t* unix_ms);

}  // namespace vigil::cli
