// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/names.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace vigil::collector {
namespace {

using UnitWord = std::pair<std::string_view, std::string_view>;

constexpr std::array<UnitWord, 27> kUnits = {{
    {"d", "days"},          {"h", "hours"},
    {"min", "minutes"},     {"s", "seconds"},
    {"ms", "milliseconds"}, {"us", "microseconds"},
    {"ns", "nanoseconds"},  {"By", "bytes"},
    {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},
    {"GiBy", "gibibytes"},  {"TiBy", "tebibytes"},
    {"KBy", "kilobytes"},   {"kBy", "kilobytes"},
    {"MBy", "megabytes"},   {"GBy", "gigabytes"},
    {"TBy", "terabytes"},   {"m", "meters"},
    {"V", "volts"},         {"A", "amperes"},
    {"J", "joules"},        {"W", "watts"},
    {"g", "grams"},         {"Cel", "celsius"},
    {"Hz", "hertz"},        {"1", ""},
    {"%", "percent"},
}};

constexpr std::array<UnitWord, 7> kPerUnits = {{{"s", "second"},
                                                {"m", "minute"},
                                                {"h", "hour"},
                                                {"d", "day"},
                                                {"w", "week"},
                                                {"mo", "month"},
                                                {"y", "year"}}};

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsContinuationByte(char c) { return (c & 0xC0) == 0x80; }
bool IsNameCharacter(char c) { return IsAlphanumeric(c) || c == ':'; }

template <size_t Size>
std::string_view LookUp(const std::array<UnitWord, Size>& words, std::string_view unit) {
  for (const auto& [symbol, word] : words) {
    if (symbol == unit) return word;
  }
  return unit;
}

// One side of a unit as a word; units in braces are comments.
template <size_t Size>
std::string UnitWordOf(const std::array<UnitWord, Size>& words, std::string_view part) {
  part = Trim(part);
  if (part.empty() || part.find_first_of("{}") != std::string_view::npos) return "";
  std::string word;
  for (const char c : LookUp(words, part)) {
    if (IsNameCharacter(c)) {
      word += c;
    } else if (!word.empty() && word.back() != '_') {
      word += '_';
    }
  }
  while (word.ends_with('_')) word.pop_back();
  return word;
}

struct UnitWords {
  std::string main;
  std::string per;  // "per_second"
};

UnitWords SplitUnit(std::string_view unit) {
  const size_t slash = unit.find('/');
  UnitWords words;
  words.main = UnitWordOf(kUnits, unit.substr(0, slash));
  if (slash != std::string_view::npos) {
    const std::string per = UnitWordOf(kPerUnits, unit.substr(slash + 1));
    if (!per.empty()) words.per = "per_" + per;
  }
  return words;
}

std::vector<std::string> NameTokens(std::string_view name) {
  std::vector<std::string> tokens;
  bool inside = false;
  for (const char c : name) {
    if (!IsNameCharacter(c)) {
      inside = false;
      continue;
    }
    if (!inside) tokens.emplace_back();
    tokens.back() += c;
    inside = true;
  }
  return tokens;
}

void AppendIfMissing(const std::string& word, std::vector<std::string>* tokens) {
  if (word.empty()) return;
  if (std::find(tokens->begin(), tokens->end(), word) == tokens->end()) tokens->push_back(word);
}

// Puts `word` last, and there only.
void MoveToEnd(const std::string& word, std::vector<std::string>* tokens) {
  std::erase(*tokens, word);
  tokens->push_back(word);
}

}  // namespace

std::string TranslateMetricName(std::string_view name, std::string_view unit, NameKind kind) {
  std::vector<std::string> tokens = NameTokens(name);
  const UnitWords words = SplitUnit(unit);
  AppendIfMissing(words.main, &tokens);
  AppendIfMissing(words.per, &tokens);
  if (kind == NameKind::kCounter) MoveToEnd("total", &tokens);
  if (kind == NameKind::kGauge && unit == "1") MoveToEnd("ratio", &tokens);
  std::string joined;
  for (const std::string& token : tokens) {
    if (!joined.empty()) joined += '_';
    joined += token;
  }
  if (!joined.empty() && IsDigit(joined[0])) joined.insert(0, "_");
  return joined;
}

std::string TranslateLabelName(std::string_view name) {
  std::string label;
  label.reserve(name.size());
  for (const char c : name) {
    // One underscore for a character, however many bytes UTF-8 takes for it.
    if (IsAlphanumeric(c)) {
      label += c;
    } else if (!IsContinuationByte(c)) {
      label += '_';
    }
  }
  if (label.find_first_not_of('_') == std::string::npos) return "";
  if (IsDigit(label[0])) return "key_" + label;
  // A leading double underscore marks internal labels and stays.
  if (label[0] == '_' && !label.starts_with("__")) return "key" + label;
  return label;
}

std::string TranslateUnit(std::string_view unit) {
  const UnitWords words = SplitUnit(unit);
  if (words.main.empty()) return words.per;
  return words.per.empty() ? words.main : words.main + "_" + words.per;
}

}  // namespace vigil::collector
