// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/series_text.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "collector/labels/bound_label.h"

namespace vigil::collector {
namespace {

using storage::Label;

// Whole numbers of so many digits are doubles.
constexpr size_t kMaxExactDigits = 15;
absl::Status Invalid(std::string text) { return absl::InvalidArgumentError(std::move(text)); }

// Reads `name{...}` into labels, and says what is wrong with it.
class SeriesParser {
 public:
  SeriesParser(LineReader* reader, BoundForm form, std::vector<Label>* labels)
      : reader_(*reader), form_(form), labels_(*labels) {}

  absl::Status Parse() {
    if (const std::string_view name = reader_.Name(); !name.empty()) {
      labels_.push_back({std::string(storage::kMetricName), std::string(name)});
    }
    reader_.SkipSpace();
    if (reader_.Consume('{')) VIGIL_RETURN_IF_ERROR(ParseLabels(true));
    if (labels_.empty() || labels_.front().name != storage::kMetricName) {
      return Invalid("a sample needs a metric name");
    }
    return absl::OkStatus();
  }

  // What is between braces; the opening one is consumed already. `may_name`: a lone quoted text at
  // the beginning is the metric's name.
  absl::Status ParseLabels(bool may_name) {
    while (true) {
      reader_.SkipSpace();
      if (reader_.Consume('}')) return absl::OkStatus();
      VIGIL_RETURN_IF_ERROR(ParseLabel(may_name));
      reader_.SkipSpace();
      if (reader_.Consume(',')) continue;
      if (reader_.Consume('}')) return absl::OkStatus();
      return Invalid("expected \",\" or \"}\" behind a label");
    }
  }

 private:
  absl::Status ParseLabel(bool may_name) {
    Label label;
    const bool quoted = reader_.Consume('"');
    if (!quoted) {
      label.name = reader_.LabelName();
    } else if (!reader_.QuotedRest(&label.name)) {
      return Unterminated();
    }
    reader_.SkipSpace();
    const bool has_value = reader_.Consume('=');
    const bool is_metric = may_name && quoted && !has_value && labels_.empty();
    if (label.name.empty() || !(has_value || is_metric)) {
      return Invalid("expected a label name and \"=\" in the braces");
    }
    if (is_metric) {
      labels_.push_back({std::string(storage::kMetricName), std::move(label.name)});
      return absl::OkStatus();
    }
    reader_.SkipSpace();
    if (!reader_.Consume('"') || !reader_.QuotedRest(&label.value)) return Unterminated();
    for (Label& other : labels_) {
      if (other.name != label.name) continue;
      if (may_name) return Invalid(fmt::format("the label {} is given twice", label.name));
      // In an exemplar the last one counts: a sample does not fail for its exemplar.
      other.value = std::move(label.value);
      return absl::OkStatus();
    }
    MakeCanonical(&label);
    labels_.push_back(std::move(label));
    return absl::OkStatus();
  }

  // "1" -> "1.0"; what is no number stays as it is.
  void MakeCanonical(Label* label) const {
    const bool is_bound = (form_ == BoundForm::kLe && label->name == "le") ||
                          (form_ == BoundForm::kQuantile && label->name == "quantile");
    double bound = 0;
    if (is_bound && ParseSampleValue(label->value, &bound)) label->value = BoundLabel(bound);
  }

  static absl::Status Unterminated() {
    return Invalid("a name or value must stand in double quotes on one line");
  }

  LineReader& reader_;
  const BoundForm form_;
  std::vector<Label>& labels_;
};

}  // namespace

bool ParseSampleValue(std::string_view text, double* value) {
  if (!text.empty() && text.size() <= kMaxExactDigits) {
    int64_t whole = 0;
    size_t i = 0;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
      whole = 10 * whole + (text[i] - '0');
    }
    if (i == text.size()) {
      *value = static_cast<double>(whole);
      return true;
    }
  }
  for (const char c : text) {
    if ((c | 0x20) == 'x' || (c | 0x20) == 'p' || c == '_') return false;
  }
  if (!ParseDouble(text, value)) return false;
  // A NaN has no sign, and infinity is written as such: a number beyond all doubles is a mistake.
  if (std::isnan(*value)) return (text[0] | 0x20) == 'n';
  return !std::isinf(*value) || text.find_first_of("nN") != std::string_view::npos;
}

absl::Status ParseSeries(LineReader* reader, BoundForm form, std::vector<Label>* labels) {
  return SeriesParser(reader, form, labels).Parse();
}

absl::Status ParseExemplarLabels(LineReader* reader, std::vector<Label>* labels) {
  return SeriesParser(reader, BoundForm::kNone, labels).ParseLabels(false);
}

size_t SeriesSize(std::string_view line, bool strict) {
  LineReader reader(line, strict);
  const bool named = !reader.Name().empty();
  const size_t name_size = line.size() - reader.rest().size();
  reader.SkipSpace();
  if (!reader.At('{')) return named ? name_size : 0;
  const std::string_view braces = reader.rest();
  bool quoted = false;
  for (size_t i = 0; i < braces.size(); ++i) {
    const char c = braces[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == '}' && !quoted) {
      return line.size() - braces.size() + i + 1;
    }
  }
  return 0;
}

bool BeginsWithSeries(std::string_view line, std::string_view series) {
  if (series.empty() || !line.starts_with(series)) return false;
  if (series.back() == '}') return true;
  const size_t next = line.find_first_not_of(" \t", series.size());
  return next != series.size() && next != std::string_view::npos && line[next] != '{';
}

}  // namespace vigil::collector
