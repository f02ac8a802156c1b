// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/text_format.h"

#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
bool IsNameCharacter(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }

// "1" -> "1.0": the OpenMetrics form of a float.
std::string CanonicalFloat(const std::string& text) {
  double value = 0;
  if (!ParseDouble(text, &value)) return text;
  std::string canonical = FormatValue(value);
  if (std::isfinite(value) && canonical.find_first_of(".e") == std::string::npos) {
    canonical += ".0";
  }
  return canonical;
}

storage::MetricType TypeOf(std::string_view name) {
  using storage::MetricType;
  constexpr std::array<std::pair<std::string_view, MetricType>, 7> kTypes = {
      {{"counter", MetricType::kCounter},
       {"gauge", MetricType::kGauge},
       {"histogram", MetricType::kHistogram},
       {"gaugehistogram", MetricType::kGaugeHistogram},
       {"summary", MetricType::kSummary},
       {"info", MetricType::kInfo},
       {"stateset", MetricType::kStateSet}}};
  for (const auto& [text, type] : kTypes) {
    if (text == name) return type;
  }
  return MetricType::kUnknown;
}

// Reads one line from left to right.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  bool AtEnd() const { return rest_.empty(); }
  bool Consume(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void SkipSpace() {
    while (Consume(' ') || Consume('\t')) {
    }
  }
  // The characters up to white space or, for names, up to what no name may have.
  std::string_view Name() {
    size_t size = 0;
    if (!rest_.empty() && IsNameStart(rest_[0])) {
      while (size < rest_.size() && IsNameCharacter(rest_[size])) ++size;
    }
    return Take(size);
  }
  std::string_view Word() { return Take(std::min(rest_.size(), rest_.find_first_of(" \t"))); }
  std::string_view Rest() { return Take(rest_.size()); }

  // A quoted text with the escapes \\, \" and \n; the opening quote is consumed already.
  bool QuotedRest(std::string* text) {
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\' && !rest_.empty()) {
        *text += rest_[0] == 'n' ? '\n' : rest_[0];
        rest_.remove_prefix(1);
      } else {
        *text += c;
      }
    }
    return false;
  }

 private:
  std::string_view Take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest_;
};

class Parser {
 public:
  explicit Parser(bool open_metrics) : open_metrics_(open_metrics) {}

  absl::StatusOr<Exposition> Parse(std::string_view text) {
    int number = 0;
    for (std::string_view line : Split(text, '\n')) {
      ++number;
      if (line.ends_with('\r')) line.remove_suffix(1);
      VIGIL_RETURN_IF_ERROR_WITH(ParseLine(line), fmt::format("line {}", number));
    }
    if (open_metrics_ && !ended_) {
      return absl::InvalidArgumentError("the text does not end with \"# EOF\": it was cut short");
    }
    return std::move(exposition_);
  }

 private:
  absl::Status ParseLine(std::string_view line) {
    if (ended_ && !Trim(line).empty()) return absl::InvalidArgumentError("text after \"# EOF\"");
    if (Trim(line).empty()) return absl::OkStatus();
    if (line[0] == '#') {
      ParseComment(line);
      return absl::OkStatus();
    }
    if (!IsValidUtf8(line)) return absl::InvalidArgumentError("the text is not UTF-8");
    return ParseSample(line);
  }

  void ParseComment(std::string_view line) {
    LineReader reader(line.substr(1));
    reader.SkipSpace();
    const std::string_view keyword = reader.Word();
    ended_ |= open_metrics_ && keyword == "EOF";
    if (keyword != "TYPE" && keyword != "HELP" && keyword != "UNIT") return;
    reader.SkipSpace();
    const std::string_view name = reader.Word();
    reader.SkipSpace();
    const std::string_view rest = reader.Rest();
    if (exposition_.families.empty() || exposition_.families.back().name != name) {
      exposition_.families.push_back({std::string(name), {}});
    }
    storage::MetricMetadata& metadata = exposition_.families.back().metadata;
    if (keyword == "TYPE") metadata.type = TypeOf(Trim(rest));
    if (keyword == "HELP") metadata.help = rest;
    if (keyword == "UNIT") metadata.unit = Trim(rest);
  }

  absl::Status ParseSample(std::string_view line) {
    LineReader reader(line);
    ExposedSample sample;
    if (const std::string_view name = reader.Name(); !name.empty()) {
      sample.labels.push_back({std::string(storage::kMetricName), std::string(name)});
    }
    if (reader.Consume('{')) VIGIL_RETURN_IF_ERROR(ParseLabels(&reader, &sample.labels));
    if (sample.labels.empty()) return absl::InvalidArgumentError("a sample needs a metric name");
    reader.SkipSpace();
    const std::string_view value = reader.Word();
    if (!ParseDouble(value, &sample.value)) {
      return absl::InvalidArgumentError(fmt::format("\"{}\" is not a value", value));
    }
    reader.SkipSpace();
    const std::string_view time = reader.Word();
    if (!time.empty() && time[0] != '#') VIGIL_RETURN_IF_ERROR(ParseTime(time, &sample.time_ms));
    sample.family = FamilyOf(sample.labels.front().value);
    exposition_.samples.push_back(std::move(sample));
    return absl::OkStatus();
  }

  absl::Status ParseLabels(LineReader* reader, std::vector<storage::Label>* labels) {
    while (true) {
      reader->SkipSpace();
      if (reader->Consume('}')) return absl::OkStatus();
      storage::Label label;
      if (reader->Consume('"')) {
        if (!reader->QuotedRest(&label.name)) return Unterminated();
      } else {
        label.name = reader->Name();
      }
      reader->SkipSpace();
      if (!reader->Consume('=')) {
        // A lone quoted text names the metric.
        if (label.name.empty() || !labels->empty()) {
          return absl::InvalidArgumentError("expected a label name and \"=\" in the braces");
        }
        labels->insert(labels->begin(), {std::string(storage::kMetricName), label.name});
      } else {
        reader->SkipSpace();
        if (!reader->Consume('"') || !reader->QuotedRest(&label.value)) return Unterminated();
        if (label.name == "le" || label.name == "quantile") {
          label.value = CanonicalFloat(label.value);
        }
        labels->push_back(std::move(label));
      }
      reader->SkipSpace();
      if (reader->Consume(',')) continue;
      if (reader->Consume('}')) return absl::OkStatus();
      return absl::InvalidArgumentError("expected \",\" or \"}\" behind a label");
    }
  }

  static absl::Status Unterminated() {
    return absl::InvalidArgumentError("a label value must stand in double quotes on one line");
  }

  absl::Status ParseTime(std::string_view text, std::optional<int64_t>* time_ms) {
    double time = 0;
    if (!ParseDouble(text, &time) || !std::isfinite(time) || std::fabs(time) > 9e15) {
      return absl::InvalidArgumentError(fmt::format("\"{}\" is not a timestamp", text));
    }
    *time_ms = static_cast<int64_t>(std::llround(open_metrics_ ? time * kMillisPerSecond : time));
    return absl::OkStatus();
  }

  // The family whose TYPE stands above; one of its own for a sample that belongs to none.
  size_t FamilyOf(const std::string& name) {
    if (exposition_.families.empty() || !name.starts_with(exposition_.families.back().name)) {
      exposition_.families.push_back({name, {}});
    }
    return exposition_.families.size() - 1;
  }

  const bool open_metrics_;
  bool ended_ = false;
  Exposition exposition_;
};

}  // namespace

absl::StatusOr<Exposition> ParseExposition(std::string_view text, bool open_metrics) {
  return Parser(open_metrics).Parse(text);
}

}  // namespace vigil::collector
