// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/text_format.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/labels/bound_label.h"

namespace vigil::collector {
namespace {

bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
bool IsNameCharacter(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }

// "1" -> "1.0"; what is no number stays as it is.
std::string CanonicalBound(const std::string& text) {
  double bound = 0;
  return ParseDouble(text, &bound) ? BoundLabel(bound) : text;
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

// Whether a sample of that name belongs to the family: histograms, summaries, counters and infos
// have samples with suffixes.
bool BelongsTo(std::string_view family, std::string_view sample) {
  constexpr std::array<std::string_view, 9> kSuffixes = {
      "", "_total", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_info"};
  if (!sample.starts_with(family)) return false;
  sample.remove_prefix(family.size());
  return std::find(kSuffixes.begin(), kSuffixes.end(), sample) != kSuffixes.end();
}

// Reads one line from left to right.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  bool AtEnd() const { return rest_.empty(); }
  bool AtExemplar() const { return !rest_.empty() && rest_[0] == '#'; }
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
      if (Consume('"')) return true;
      *text += Character();
    }
    return false;
  }
  // The rest with the same escapes.
  std::string UnescapedRest() {
    std::string text;
    while (!rest_.empty()) text += Character();
    return text;
  }

 private:
  // The next character, or the one that an escape stands for. Requires: not at the end.
  char Character() {
    const bool escaped = rest_[0] == '\\' && rest_.size() > 1;
    const char c = rest_[escaped ? 1 : 0];
    rest_.remove_prefix(escaped ? 2 : 1);
    return escaped && c == 'n' ? '\n' : c;
  }
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
    for (const std::string_view line : Split(text, '\n')) {
      ++number;
      VIGIL_RETURN_IF_ERROR_WITH(ParseLine(line), fmt::format("line {}", number));
    }
    if (open_metrics_ && !ended_) {
      return absl::InvalidArgumentError("the text does not end with \"# EOF\": it was cut short");
    }
    return std::move(exposition_);
  }

 private:
  absl::Status ParseLine(std::string_view line) {
    line = Trim(line);
    if (line.empty()) return absl::OkStatus();
    if (ended_) return absl::InvalidArgumentError("text after \"# EOF\"");
    if (!IsValidUtf8(line)) return absl::InvalidArgumentError("the text is not UTF-8");
    return line[0] == '#' ? ParseComment(line) : ParseSample(line);
  }

  absl::Status ParseComment(std::string_view line) {
    LineReader reader(line.substr(1));
    reader.SkipSpace();
    const std::string_view keyword = reader.Word();
    ended_ |= open_metrics_ && keyword == "EOF";
    if (keyword != "TYPE" && keyword != "HELP" && keyword != "UNIT") return absl::OkStatus();
    reader.SkipSpace();
    std::string name;
    if (!reader.Consume('"')) {
      name = reader.Word();
    } else if (!reader.QuotedRest(&name)) {
      return Unterminated();
    }
    if (name.empty()) {
      return absl::InvalidArgumentError(fmt::format("# {} names no metric", keyword));
    }
    reader.SkipSpace();
    if (exposition_.families.empty() || exposition_.families.back().name != name) {
      exposition_.families.push_back({std::move(name), {}});
    }
    storage::MetricMetadata& metadata = exposition_.families.back().metadata;
    if (keyword == "TYPE") metadata.type = TypeOf(reader.Rest());
    if (keyword == "HELP") metadata.help = reader.UnescapedRest();
    if (keyword == "UNIT") metadata.unit = reader.Rest();
    return absl::OkStatus();
  }

  absl::Status ParseSample(std::string_view line) {
    LineReader reader(line);
    ExposedSample sample;
    if (const std::string_view name = reader.Name(); !name.empty()) {
      sample.labels.push_back({std::string(storage::kMetricName), std::string(name)});
    }
    reader.SkipSpace();
    if (reader.Consume('{')) VIGIL_RETURN_IF_ERROR(ParseLabels(&reader, &sample.labels));
    if (sample.labels.empty() || sample.labels.front().name != storage::kMetricName) {
      return absl::InvalidArgumentError("a sample needs a metric name");
    }
    reader.SkipSpace();
    const std::string_view value = reader.Word();
    if (!ParseDouble(value, &sample.value)) {
      return absl::InvalidArgumentError(fmt::format("\"{}\" is not a value", value));
    }
    reader.SkipSpace();
    if (!reader.AtEnd() && !reader.AtExemplar()) {
      VIGIL_RETURN_IF_ERROR(ParseTime(reader.Word(), &sample.time_ms));
      reader.SkipSpace();
    }
    if (!reader.AtEnd() && !reader.AtExemplar()) {
      return absl::InvalidArgumentError(fmt::format("\"{}\" behind the sample", reader.Rest()));
    }
    sample.family = FamilyOf(sample.labels.front().value);
    exposition_.samples.push_back(std::move(sample));
    return absl::OkStatus();
  }

  absl::Status ParseLabels(LineReader* reader, std::vector<storage::Label>* labels) {
    while (true) {
      reader->SkipSpace();
      if (reader->Consume('}')) return absl::OkStatus();
      storage::Label label;
      const bool quoted = reader->Consume('"');
      if (!quoted) {
        label.name = reader->Name();
      } else if (!reader->QuotedRest(&label.name)) {
        return Unterminated();
      }
      reader->SkipSpace();
      const bool has_value = reader->Consume('=');
      // The metric's name is a lone quoted text at the beginning.
      const bool is_metric = quoted && !has_value && labels->empty();
      if (label.name.empty() || !(has_value || is_metric)) {
        return absl::InvalidArgumentError("expected a label name and \"=\" in the braces");
      }
      if (is_metric) {
        labels->push_back({std::string(storage::kMetricName), std::move(label.name)});
      } else {
        reader->SkipSpace();
        if (!reader->Consume('"') || !reader->QuotedRest(&label.value)) return Unterminated();
        if (label.name == "le" || label.name == "quantile") {
          label.value = CanonicalBound(label.value);
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
    return absl::InvalidArgumentError("a name or value must stand in double quotes on one line");
  }

  absl::Status ParseTime(std::string_view text, std::optional<int64_t>* time_ms) {
    // Beyond this doubles have no whole milliseconds, and no clock has such a time.
    constexpr double kMaxTimeMs = 9e15;
    double time = 0;
    const bool parsed = ParseDouble(text, &time);
    if (open_metrics_) time *= kMillisPerSecond;
    if (!parsed || !(std::fabs(time) <= kMaxTimeMs)) {
      return absl::InvalidArgumentError(fmt::format("\"{}\" is not a timestamp", text));
    }
    *time_ms = std::llround(time);
    return absl::OkStatus();
  }

  // The family whose TYPE stands above; one of its own for a sample that belongs to none.
  size_t FamilyOf(const std::string& name) {
    if (exposition_.families.empty() || !BelongsTo(exposition_.families.back().name, name)) {
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
