// SPDX-License-Identifier: Apache-2.0
#include "cli/transfer/open_metrics.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"
#include "cli/transfer/sample_value.h"

namespace vigil::cli {
namespace {

constexpr std::string_view kName = "__name__";
constexpr std::string_view kBlanks = " \t";

std::string MetricOf(const v1::SeriesSamples& series) {
  for (const v1::Label& label : series.labels()) {
    if (label.name() == kName) return label.value();
  }
  return "";
}

std::string Escaped(std::string_view text, bool quote) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\\' || (quote && c == '"')) {
      escaped += {'\\', c};
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string Unescaped(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    if (!escape) {
      plain += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'n') {
      plain += '\n';
    } else if (c == '\\' || c == '"') {
      plain += c;
    } else {
      plain += {'\\', c};
    }
  }
  return plain;
}

bool IsNameChar(char c, bool colon) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (colon && c == ':');
}

std::string SeriesText(const std::string& metric, const v1::SeriesSamples& series) {
  std::string text = metric;
  char before = '{';
  for (const v1::Label& label : series.labels()) {
    if (label.name() == kName) continue;
    fmt::format_to(std::back_inserter(text), "{}{}=\"{}\"", std::exchange(before, ','),
                   label.name(), Escaped(label.value(), true));
  }
  if (before == ',') text += '}';
  return text;
}

bool Fail(size_t column, std::string message, LineError* error) {
  error->column = column + 1;
  error->message = std::move(message);
  return false;
}

// The end of the series that begins at `begin`: of its name and of what stands in braces.
size_t EndOfSeries(std::string_view line, size_t begin) {
  size_t at = line.find_first_of("{ \t", begin);
  if (at == std::string_view::npos) return line.size();
  const size_t brace = line.find_first_not_of(kBlanks, at);
  if (brace == std::string_view::npos || line[brace] != '{') return at;
  bool quoted = false;
  for (at = brace; at < line.size(); ++at) {
    if (quoted && line[at] == '\\') {
      ++at;
    } else if (line[at] == '"') {
      quoted = !quoted;
    } else if (!quoted && line[at] == '}') {
      return at + 1;
    }
  }
  return line.size();
}

// The next word behind `*at`, which moves behind it; `*begin` is where it starts.
std::string_view NextWord(std::string_view line, size_t* at, size_t* begin) {
  *begin = std::min(line.find_first_not_of(kBlanks, *at), line.size());
  *at = std::min(line.find_first_of(kBlanks, *begin), line.size());
  return line.substr(*begin, *at - *begin);
}

}  // namespace

std::string SecondsText(int64_t unix_ms) {
  const uint64_t size = unix_ms < 0 ? 0 - static_cast<uint64_t>(unix_ms) : unix_ms;
  std::string text = fmt::format("{}{}", unix_ms < 0 ? "-" : "", size / 1000);
  if (size % 1000 == 0) return text;
  text += fmt::format(".{:03}", size % 1000);
  while (text.back() == '0') text.pop_back();
  return text;
}

bool ParseSeconds(std::string_view text, int64_t* unix_ms) {
  const bool negative = text.starts_with('-');
  std::string_view rest = text.substr(negative ? 1 : 0);
  uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), seconds);
  constexpr uint64_t kMost = INT64_MAX / 1000 - 1;
  if (error == std::errc() && seconds <= kMost) {
    rest.remove_prefix(end - rest.data());
    uint64_t millis = 0;
    bool plain = rest.empty() || (rest[0] == '.' && rest.size() <= 4);
    if (!rest.empty()) rest.remove_prefix(1);
    for (size_t i = 0; plain && i < 3; ++i) {
      const char c = i < rest.size() ? rest[i] : '0';
      plain = c >= '0' && c <= '9';
      millis = millis * 10 + (c - '0');
    }
    if (plain) {
      *unix_ms = static_cast<int64_t>(seconds * 1000 + millis) * (negative ? -1 : 1);
      return true;
    }
  }
  double value = 0;
  if (!ParseDouble(text, &value) || !(std::abs(value) < static_cast<double>(kMost))) return false;
  *unix_ms = std::llround(value * 1000);
  return true;
}

void OpenMetricsWriter::AppendHeader(const std::string& metric, const v1::SeriesSamples& series,
                                     std::string* text) {
  std::string family = metric;
  std::string type = "unknown";
  if (series.type() == "counter" && metric.ends_with("_total")) {
    type = "counter";
    family.resize(family.size() - std::string_view("_total").size());
  } else if (series.type() == "gauge") {
    type = "gauge";
  }
  if (!families_.insert(family).second) {
    // A gauge `x` beside a counter `x_total`: the family of that name is taken.
    family = metric;
    type = "unknown";
    families_.insert(family);
  }
  fmt::format_to(std::back_inserter(*text), "# TYPE {} {}\n", family, type);
  if (!series.unit().empty() && family.ends_with("_" + series.unit())) {
    fmt::format_to(std::back_inserter(*text), "# UNIT {} {}\n", family, series.unit());
  }
  if (!series.help().empty()) {
    fmt::format_to(std::back_inserter(*text), "# HELP {} {}\n", family,
                   Escaped(series.help(), true));
  }
}

void OpenMetricsWriter::Append(const v1::SeriesSamples& series, std::string* text) {
  histograms_left_out_ += series.histograms_size();
  if (series.values().empty()) return;
  const std::string metric = MetricOf(series);
  if (metric != metric_) {
    metric_ = metric;
    AppendHeader(metric, series, text);
  }
  const std::string name = SeriesText(metric, series);
  for (int i = 0; i < series.values_size(); ++i) {
    fmt::format_to(std::back_inserter(*text), "{} {} {}\n", name, ValueText(series.values(i)),
                   SecondsText(series.times_ms(i)));
  }
}

OpenMetricsParser::Result OpenMetricsParser::ParseComment(std::string_view line) {
  if (line == "# EOF") {
    ended_ = true;
    return Result::kNothing;
  }
  size_t at = 1;
  size_t begin = 0;
  const std::string_view kind = NextWord(line, &at, &begin);
  const std::string_view family = NextWord(line, &at, &begin);
  const std::string_view rest = at < line.size() ? line.substr(at + 1) : std::string_view();
  if (kind != "TYPE" && kind != "HELP" && kind != "UNIT") return Result::kNothing;
  if (family != family_) {
    family_ = family;
    metadata_ = {};
  }
  if (kind == "TYPE") metadata_.type = rest == "unknown" || rest == "untyped" ? "" : rest;
  if (kind == "UNIT") metadata_.unit = rest;
  if (kind == "HELP") metadata_.help = Unescaped(rest);
  // What is said of a series' metric may have changed.
  last_series_.clear();
  return Result::kNothing;
}

void OpenMetricsParser::SetMetadata(const std::string& metric, v1::SeriesSamples* series) const {
  static constexpr std::array<std::string_view, 9> kSuffixes = {
      "", "_total", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_info"};
  if (family_.empty() || !metric.starts_with(family_)) return;
  const std::string_view suffix = std::string_view(metric).substr(family_.size());
  for (const std::string_view known : kSuffixes) {
    if (suffix != known) continue;
    static constexpr std::array<std::string_view, 7> kTypes = {
        "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"};
    for (const std::string_view type : kTypes) {
      if (metadata_.type == type) series->set_type(metadata_.type);
    }
    series->set_unit(metadata_.unit);
    series->set_help(metadata_.help);
  }
}

// text: name{label="value",...}
bool OpenMetricsParser::ParseSeries(std::string_view text, size_t begin, v1::SeriesSamples* series,
                                    LineError* error) const {
  size_t at = 0;
  const auto skip_blanks = [&] { at = std::min(text.find_first_not_of(kBlanks, at), text.size()); };
  while (at < text.size() && IsNameChar(text[at], true)) ++at;
  const std::string metric(text.substr(0, at));
  if (metric.empty() || (metric[0] >= '0' && metric[0] <= '9')) {
    return Fail(begin, "a line begins with the name of a metric, or with #", error);
  }
  v1::Label* const name = series->add_labels();
  name->set_name(std::string(kName));
  name->set_value(metric);
  SetMetadata(metric, series);
  skip_blanks();
  if (at == text.size()) return true;
  if (text[at] != '{') return Fail(begin + at, "unexpected character in a name", error);
  ++at;
  while (true) {
    skip_blanks();
    if (at < text.size() && text[at] == '}') return true;
    const size_t label_begin = at;
    while (at < text.size() && IsNameChar(text[at], false)) ++at;
    v1::Label* const label = series->add_labels();
    label->set_name(std::string(text.substr(label_begin, at - label_begin)));
    if (at == label_begin) return Fail(begin + at, "expected the name of a label", error);
    skip_blanks();
    if (at >= text.size() || text[at] != '=') return Fail(begin + at, "expected =", error);
    ++at;
    skip_blanks();
    if (at >= text.size() || text[at] != '"') return Fail(begin + at, "expected \"", error);
    const size_t value_begin = ++at;
    while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    if (at >= text.size()) return Fail(begin + value_begin, "a label's value does not end", error);
    label->set_value(Unescaped(text.substr(value_begin, at - value_begin)));
    if (!IsValidUtf8(label->value())) {
      return Fail(begin + value_begin, "a label's value is not UTF-8", error);
    }
    ++at;
    skip_blanks();
    if (at < text.size() && text[at] == ',') {
      ++at;
    } else if (at >= text.size() || text[at] != '}') {
      return Fail(begin + at, "expected , or }", error);
    }
  }
}

OpenMetricsParser::Result OpenMetricsParser::Parse(std::string_view line, Sample* sample,
                                                   LineError* error) {
  *error = {};
  if (line.ends_with('\r')) line.remove_suffix(1);
  const auto fail = [&](size_t column, std::string message) {
    Fail(column, std::move(message), error);
    return Result::kError;
  };
  if (line.find_first_not_of(kBlanks) == std::string_view::npos) return Result::kNothing;
  if (ended_) return fail(0, "there is more behind # EOF");
  if (line[0] == '#') return ParseComment(line);
  size_t begin = line.find_first_not_of(kBlanks);
  size_t at = EndOfSeries(line, begin);
  const std::string_view text = line.substr(begin, at - begin);
  size_t word_begin = 0;
  const std::string_view value_text = NextWord(line, &at, &word_begin);
  double value = 0;
  if (value_text.empty()) return fail(word_begin, "there is no value");
  if (!ParseValueText(value_text, &value)) {
    return fail(word_begin, fmt::format("\"{}\" is no value", value_text));
  }
  const std::string_view time_text = NextWord(line, &at, &word_begin);
  int64_t time_ms = 0;
  if (time_text.empty() || time_text[0] == '#') {
    return fail(word_begin, "there is no time: what is imported needs one");
  }
  if (!ParseSeconds(time_text, &time_ms)) {
    return fail(word_begin, fmt::format("\"{}\" is no time in seconds", time_text));
  }
  const std::string_view rest = NextWord(line, &at, &word_begin);
  // An exemplar is not a sample.
  if (!rest.empty() && rest[0] != '#') return fail(word_begin, "there is more behind the time");
  sample->time_ms = time_ms;
  sample->value = value;
  sample->same_series = !last_series_.empty() && text == last_series_;
  if (sample->same_series) return Result::kSample;
  last_series_.clear();
  sample->series.Clear();
  if (!ParseSeries(text, begin, &sample->series, error)) return Result::kError;
  last_series_ = text;
  return Result::kSample;
}

}  // namespace vigil::cli
