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
std::string_view UnitWordOf(const std::array<UnitWord, Size>& words, std::string_view part) {
  part = Trim(part);
  if (part.empty() || part.find_first_of("{}") != std::string_view::npos) return "";
  return LookUp(words, part);
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
    const std::string_view per = UnitWordOf(kPerUnits, unit.substr(slash + 1));
    if (!per.empty()) words.per = "per_" + std::string(per);
  }
  return words;
}

// `unit` with runs of other characters as one underscore, none of them first.
std::string EscapedUnit(std::string_view unit) {
  std::string escaped;
  for (const char c : unit) {
    if (IsNameCharacter(c)) {
      escaped += c;
    } else if (!escaped.empty() && escaped.back() != '_') {
      escaped += '_';
    }
  }
  return escaped;
}

UnitWords EscapedUnits(std::string_view unit) {
  UnitWords words = SplitUnit(unit);
  words.main = EscapedUnit(words.main);
  words.per = EscapedUnit(words.per);
  if (words.per.ends_with('_')) words.per.pop_back();
  if (words.per == "per") words.per.clear();
  if (!words.per.empty() && words.main.ends_with('_')) words.main.pop_back();
  return words;
}

template <typename Belongs>
std::vector<std::string> NameTokens(std::string_view name, const Belongs& belongs) {
  std::vector<std::string> tokens;
  bool inside = false;
  for (const char c : name) {
    if (!belongs(c)) {
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

std::string Join(const std::vector<std::string>& tokens) {
  std::string joined;
  for (const std::string& token : tokens) {
    if (!joined.empty()) joined += '_';
    joined += token;
  }
  if (!joined.empty() && IsDigit(joined[0])) joined.insert(0, "_");
  return joined;
}

std::string EscapedWithSuffixes(std::string_view name, std::string_view unit, NameKind kind) {
  std::vector<std::string> tokens = NameTokens(name, IsNameCharacter);
  const UnitWords words = EscapedUnits(unit);
  AppendIfMissing(words.main, &tokens);
  AppendIfMissing(words.per, &tokens);
  if (kind == NameKind::kCounter) MoveToEnd("total", &tokens);
  if (kind == NameKind::kGauge && unit == "1") MoveToEnd("ratio", &tokens);
  return Join(tokens);
}

// Underscores are part of the name then and stay as they are.
std::string EscapedOnly(std::string_view name) {
  std::string escaped =
      Join(NameTokens(name, [](char c) { return IsNameCharacter(c) || c == '_'; }));
  const bool nothing_left = escaped != name && escaped.find_first_not_of('_') == std::string::npos;
  return nothing_left ? "" : escaped;
}

// Cuts `word` and the character before it from the end of `*name`.
void CutSuffix(std::string_view word, std::string* name) {
  if (name->size() > word.size() + 1 && name->ends_with(word)) {
    name->resize(name->size() - word.size() - 1);
  }
}

// Names that stay as they are get suffixes in this order, each once: unit, per unit, type.
std::string WithPlainSuffixes(std::string_view name, std::string_view unit, NameKind kind) {
  if (name.empty()) return "";
  const UnitWords words = SplitUnit(unit);
  std::string type;
  if (kind == NameKind::kCounter) type = "total";
  if (kind == NameKind::kGauge && unit == "1") type = "ratio";
  std::string result(name);
  if (!type.empty()) CutSuffix(type, &result);
  if (!words.per.empty()) CutSuffix(words.per, &result);
  if (!words.main.empty() && !result.ends_with(words.main)) result += "_" + words.main;
  if (!words.per.empty()) result += "_" + words.per;
  if (!type.empty()) result += "_" + type;
  return result;
}

std::string EscapedLabel(std::string_view name) {
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
  return label;
}

// Runs of underscores as one, but for those round a reserved name "__x__".
std::string Collapsed(std::string_view label) {
  const bool reserved = label.size() > 4 && label.starts_with("__") && label.ends_with("__");
  if (reserved) label = label.substr(2, label.size() - 4);
  std::string collapsed;
  for (const char c : label) {
    if (c != '_' || !collapsed.ends_with('_')) collapsed += c;
  }
  return reserved ? "__" + collapsed + "__" : collapsed;
}

}  // namespace

bool SetTranslationStrategy(std::string_view name, NameRules* rules) {
  struct Strategy {
    std::string_view name;
    bool escape;
    bool suffixes;
  };
  static constexpr Strategy kStrategies[] = {{"UnderscoreEscapingWithSuffixes", true, true},
                                             {"UnderscoreEscapingWithoutSuffixes", true, false},
                                             {"NoUTF8EscapingWithSuffixes", false, true},
                                             {"NoTranslation", false, false}};
  for (const Strategy& strategy : kStrategies) {
    if (strategy.name != name) continue;
    rules->escape = strategy.escape;
    rules->suffixes = strategy.suffixes;
    return true;
  }
  return false;
}

std::string TranslateMetricName(std::string_view name, std::string_view unit, NameKind kind,
                                const NameRules& rules) {
  if (!rules.escape) {
    return rules.suffixes ? WithPlainSuffixes(name, unit, kind) : std::string(name);
  }
  return rules.suffixes ? EscapedWithSuffixes(name, unit, kind) : EscapedOnly(name);
}

std::string TranslateLabelName(std::string_view name, const NameRules& rules) {
  if (name.find_first_not_of('_') == std::string_view::npos) return "";
  if (!rules.escape) return std::string(name);
  std::string label = EscapedLabel(name);
  if (!rules.label_name_preserve_multiple_underscores) label = Collapsed(label);
  if (label.find_first_not_of('_') == std::string::npos) return "";
  if (IsDigit(label[0])) return "key_" + label;
  // A leading double underscore marks internal labels and stays.
  const bool single = label[0] == '_' && !label.starts_with("__");
  return single && rules.label_name_underscore_sanitization ? "key" + label : label;
}

std::string TranslateUnit(std::string_view unit) {
  const UnitWords words = EscapedUnits(unit);
  std::string text = words.main;
  if (!text.empty() && !words.per.empty()) text += '_';
  text += words.per;
  while (text.ends_with('_')) text.pop_back();
  return text;
}

}  // namespace vigil::collector
