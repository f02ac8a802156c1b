// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/text_reader.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/exposition/line_reader.h"
#include "collector/exposition/series_text.h"

namespace vigil::collector {
namespace {

using storage::Label;
using storage::MetricType;

// Of a text that is named in a message, what is shown.
constexpr size_t kShownBytes = 256;

// The words for types. Most of them only one of the formats has.
enum class HasType : uint8_t { kBoth, kText, kOpenMetrics };
struct TypeWord {
  std::string_view word;
  MetricType type;
  HasType formats = HasType::kBoth;
};
constexpr std::array<TypeWord, 9> kTypes = {
    {{"counter", MetricType::kCounter},
     {"gauge", MetricType::kGauge},
     {"histogram", MetricType::kHistogram},
     {"summary", MetricType::kSummary},
     {"untyped", MetricType::kUnknown, HasType::kText},
     {"unknown", MetricType::kUnknown, HasType::kOpenMetrics},
     {"gaugehistogram", MetricType::kGaugeHistogram, HasType::kOpenMetrics},
     {"info", MetricType::kInfo, HasType::kOpenMetrics},
     {"stateset", MetricType::kStateSet, HasType::kOpenMetrics}}};

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> others) {
  for (const std::string_view other : others) {
    if (text == other) return true;
  }
  return false;
}

// Whether a sample of that name belongs to the family: those of most types have suffixes.
bool BelongsTo(const MetricFamily& family, std::string_view sample) {
  if (!sample.starts_with(family.name)) return false;
  const std::string_view suffix = sample.substr(family.name.size());
  if (suffix.empty()) return true;
  switch (family.metadata.type) {
    case MetricType::kCounter:
      return IsOneOf(suffix, {"_total", "_created"});
    case MetricType::kHistogram:
      return IsOneOf(suffix, {"_bucket", "_count", "_sum", "_created"});
    case MetricType::kGaugeHistogram:
      return IsOneOf(suffix, {"_bucket", "_gcount", "_gsum", "_count", "_sum", "_created"});
    case MetricType::kSummary:
      return IsOneOf(suffix, {"_count", "_sum", "_created"});
    case MetricType::kInfo:
      return suffix == "_info";
    default:
      return false;
  }
}

BoundForm FormOf(MetricType type) {
  if (type == MetricType::kHistogram) return BoundForm::kLe;
  return type == MetricType::kSummary ? BoundForm::kQuantile : BoundForm::kNone;
}

absl::Status Invalid(std::string text) { return absl::InvalidArgumentError(std::move(text)); }

// Without spaces and tabs on either side: a line ends with a line feed alone.
std::string_view WithoutBlanks(std::string_view line) {
  while (!line.empty() && IsBlank(line.front())) line.remove_prefix(1);
  while (!line.empty() && IsBlank(line.back())) line.remove_suffix(1);
  return line;
}

std::string Shown(std::string_view text) { return ReplaceInvalidUtf8(text.substr(0, kShownBytes)); }

class TextReader final : public ExpositionReader {
 public:
  TextReader(std::string_view text, bool open_metrics) : open_metrics_(open_metrics), rest_(text) {}

  absl::StatusOr<bool> Next(std::string_view expected, ExposedSample* sample) override {
    while (!rest_.empty()) {
      ++line_;
      const size_t end = rest_.find('\n');
      const std::string_view line = rest_.substr(0, end);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      absl::StatusOr<bool> found = ReadLine(line, expected, sample);
      if (!found.ok()) return Located(found.status());
      if (*found) return true;
    }
    if (open_metrics_ && !ended_) {
      return Invalid("the text does not end with \"# EOF\": it was cut short");
    }
    return false;
  }

  absl::Status ReadLabels(std::vector<Label>* labels) override {
    labels->clear();
    return Located(ParseKey(labels));
  }

 private:
  absl::Status Located(const absl::Status& status) const {
    return status.ok() ? status : Annotate(status, fmt::format("line {}", line_));
  }

  // Whether the line has a sample.
  absl::StatusOr<bool> ReadLine(std::string_view line, std::string_view expected,
                                ExposedSample* sample) {
    if (ended_) return Invalid("text after \"# EOF\"");
    if (open_metrics_) {
      if (line.empty()) return Invalid("OpenMetrics has no blank lines");
    } else {
      line = WithoutBlanks(line);
      if (line.empty()) return false;
    }
    if (line[0] != '#') {
      VIGIL_RETURN_IF_ERROR(ReadSample(line, expected, sample));
      return true;
    }
    if (!IsValidUtf8(line)) return Invalid("the text is not UTF-8");
    VIGIL_RETURN_IF_ERROR(ReadComment(line));
    return false;
  }

  absl::Status ReadComment(std::string_view line) {
    if (open_metrics_ && line == "# EOF") {
      ended_ = true;
      return absl::OkStatus();
    }
    LineReader reader(line.substr(1), open_metrics_);
    const bool spaced = line.size() > 1 && IsBlank(line[1]) && reader.Gap();
    const std::string_view keyword = reader.Word();
    const bool known = IsOneOf(keyword, {"TYPE", "HELP"}) || (open_metrics_ && keyword == "UNIT");
    if (!spaced || !known) {
      if (!open_metrics_) return absl::OkStatus();
      return Invalid("OpenMetrics has no comments but # TYPE, # HELP, # UNIT and # EOF");
    }
    if (!open_metrics_ && reader.AtEnd()) return absl::OkStatus();  // A comment like any other.
    if (!reader.Gap()) return Invalid(fmt::format("# {} names no metric", keyword));
    std::string name;
    if (!reader.Consume('"')) {
      name = reader.Word();
    } else if (!reader.QuotedRest(&name)) {
      return Invalid("a name or value must stand in double quotes on one line");
    }
    if (name.empty()) return Invalid(fmt::format("# {} names no metric", keyword));
    if (open_metrics_ && !reader.Consume(' ')) return Invalid("expected a space behind the name");
    reader.SkipSpace();
    if (families_.empty() || families_.back().name != name) {
      families_.push_back({std::move(name), {}});
      last_name_ = {};
    }
    families_.back().declared = true;
    return ReadMetadata(keyword, &reader, &families_.back());
  }

  absl::Status ReadMetadata(std::string_view keyword, LineReader* reader, MetricFamily* family) {
    storage::MetricMetadata& metadata = family->metadata;
    const std::string_view text = reader->rest();
    if (keyword == "HELP") {
      metadata.help = reader->UnescapedRest(open_metrics_);
    } else if (keyword == "UNIT") {
      metadata.unit = text;
      if (open_metrics_ && !text.empty() && !family->name.ends_with(fmt::format("_{}", text))) {
        return Invalid(
            fmt::format("the unit {} does not end the name {}", Shown(text), Shown(family->name)));
      }
    } else {
      last_name_ = {};
      const HasType foreign = open_metrics_ ? HasType::kText : HasType::kOpenMetrics;
      for (const TypeWord& known : kTypes) {
        if (known.word != text || known.formats == foreign) continue;
        metadata.type = known.type;
        return absl::OkStatus();
      }
      return Invalid(fmt::format("\"{}\" is not a type of metrics", Shown(text)));
    }
    return absl::OkStatus();
  }

  absl::Status ReadSample(std::string_view line, std::string_view expected, ExposedSample* sample) {
    const size_t size =
        BeginsWithSeries(line, expected) ? expected.size() : SeriesSize(line, open_metrics_);
    if (size == 0) return WhyNoSeries(line);
    key_ = sample->key = line.substr(0, size);
    VIGIL_RETURN_IF_ERROR(FindFamily(sample));
    LineReader reader(line.substr(size), open_metrics_);
    if (!reader.Gap()) return Invalid("expected one space and a value");
    const std::string_view value = reader.Word();
    if (!ParseSampleValue(value, &sample->value)) {
      return Invalid(fmt::format("\"{}\" is not a value", Shown(value)));
    }
    sample->time_ms.reset();
    sample->exemplars.clear();
    if (reader.AtEnd()) return absl::OkStatus();
    if (!reader.Gap()) return Invalid("expected one space behind the value");
    if (!reader.At('#')) {
      VIGIL_RETURN_IF_ERROR(ReadTime(reader.Word(), &sample->time_ms));
      if (reader.AtEnd()) return absl::OkStatus();
      if (!reader.Gap()) return Invalid("expected one space behind the timestamp");
    }
    if (reader.At('#') && open_metrics_) return ReadExemplar(&reader, sample);
    return Invalid(fmt::format("\"{}\" behind the sample", Shown(reader.rest())));
  }

  // What is wrong with a line that does not begin with a series.
  absl::Status WhyNoSeries(std::string_view line) const {
    if (!IsValidUtf8(line)) return Invalid("the text is not UTF-8");
    std::vector<Label> labels;
    LineReader reader(line, open_metrics_);
    VIGIL_RETURN_IF_ERROR(ParseSeries(&reader, BoundForm::kNone, &labels));
    return Invalid("expected a metric name and labels in braces");
  }

  absl::Status ParseKey(std::vector<Label>* labels) const {
    if (!IsValidUtf8(key_)) return Invalid("the text is not UTF-8");
    LineReader reader(key_, open_metrics_);
    VIGIL_RETURN_IF_ERROR(ParseSeries(&reader, form_, labels));
    if (reader.AtEnd()) return absl::OkStatus();
    return Invalid(fmt::format("\"{}\" within the labels", Shown(reader.rest())));
  }

  // The family whose TYPE stands above; one of its own for a sample that belongs to none.
  absl::Status FindFamily(ExposedSample* sample) {
    LineReader reader(key_, open_metrics_);
    const std::string_view name = reader.Name();
    if (name.empty() || name != last_name_) {
      std::string quoted;
      if (name.empty()) VIGIL_RETURN_IF_ERROR(QuotedName(&quoted));
      const std::string_view full_name = name.empty() ? quoted : name;
      if (families_.empty() || !BelongsTo(families_.back(), full_name)) {
        families_.push_back({std::string(full_name), {}});
      }
      last_name_ = name;
      form_ = FormOf(families_.back().metadata.type);
    }
    sample->family = families_.size() - 1;
    sample->form = form_;
    return absl::OkStatus();
  }

  // The name of a series that has it within the braces.
  absl::Status QuotedName(std::string* name) const {
    LineReader reader(key_, open_metrics_);
    reader.Consume('{');
    reader.SkipSpace();
    if (reader.Consume('"') && reader.QuotedRest(name) && IsValidUtf8(*name)) {
      return absl::OkStatus();
    }
    return WhyNoSeries(key_);
  }

  absl::Status ReadTime(std::string_view text, std::optional<int64_t>* time_ms) const {
    int64_t parsed_ms = 0;
    bool parsed = false;
    if (open_metrics_) {
      double seconds = 0;
      parsed = ParseSampleValue(text, &seconds) &&
               std::fabs(seconds) * kMillisPerSecond <= static_cast<double>(kMaxExposedTimeMs);
      if (parsed) parsed_ms = std::llround(seconds * kMillisPerSecond);
    } else {
      const std::string_view digits = text.substr(text.starts_with('+') ? 1 : 0);
      const char* const end = digits.data() + digits.size();
      const auto result = std::from_chars(digits.data(), end, parsed_ms);
      parsed = result.ec == std::errc() && result.ptr == end && parsed_ms >= -kMaxExposedTimeMs &&
               parsed_ms <= kMaxExposedTimeMs;
    }
    if (!parsed) return Invalid(fmt::format("\"{}\" is not a timestamp", Shown(text)));
    *time_ms = parsed_ms;
    return absl::OkStatus();
  }

  // "# {labels} value [timestamp]".
  absl::Status ReadExemplar(LineReader* reader, ExposedSample* sample) const {
    if (!IsValidUtf8(reader->rest())) return Invalid("the text is not UTF-8");
    reader->Consume('#');
    if (!reader->Gap() || !reader->Consume('{')) {
      return Invalid("expected the labels of an exemplar behind \"#\"");
    }
    std::vector<Label> labels;
    VIGIL_RETURN_IF_ERROR_WITH(ParseExemplarLabels(reader, &labels), "exemplar");
    if (!reader->Gap()) return Invalid("expected one space and a value in the exemplar");
    ExposedExemplar& exemplar = sample->exemplars.emplace_back();
    exemplar.labels = storage::Labels(std::move(labels));
    const std::string_view value = reader->Word();
    if (!ParseSampleValue(value, &exemplar.value)) {
      return Invalid(fmt::format("\"{}\" is not an exemplar's value", Shown(value)));
    }
    if (reader->AtEnd()) return absl::OkStatus();
    if (!reader->Gap()) return Invalid("expected one space behind the exemplar's value");
    VIGIL_RETURN_IF_ERROR_WITH(ReadTime(reader->Word(), &exemplar.time_ms), "exemplar");
    if (reader->AtEnd()) return absl::OkStatus();
    return Invalid(fmt::format("\"{}\" behind the exemplar", Shown(reader->rest())));
  }

  const bool open_metrics_;
  std::string_view rest_;
  bool ended_ = false;
  size_t line_ = 0;
  std::string_view key_;
  BoundForm form_ = BoundForm::kNone;
  // The name of the last sample, whose family is the last; "" to find that anew.
  std::string_view last_name_;
};

}  // namespace

std::unique_ptr<ExpositionReader> MakeTextReader(std::string_view text, bool open_metrics) {
  return std::make_unique<TextReader>(text, open_metrics);
}

}  // namespace vigil::collector
