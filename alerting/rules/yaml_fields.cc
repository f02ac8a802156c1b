// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/yaml_fields.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Nobody reads more at once.
constexpr size_t kMaxMistakes = 100;
// Merge keys may name mappings that merge others, but an anchor may also name what it stands in.
constexpr int kMaxMergeDepth = 16;
// Larger files are no rule files, and the parser takes many times their size.
constexpr size_t kMaxFileBytes = 16 << 20;

// Keeps "now plus a duration" within the type.
constexpr int64_t kMaxDurationMs = 100 * 365 * kMillisPerDay;

constexpr std::string_view kMergeKey = "<<";

struct BadCharacter {
  YAML::Mark mark;
  std::string_view what;
};

// The first character that no YAML may hold, so that it is told with its place: the parser takes
// some of them and knows no place for others. Texts in UTF-16 are left to it.
std::optional<BadCharacter> FindBadCharacter(std::string_view yaml) {
  if (yaml.starts_with("\xFF\xFE") || yaml.starts_with("\xFE\xFF")) return std::nullopt;
  const bool valid = IsValidUtf8(yaml);
  BadCharacter bad;
  size_t line_begin = 0;
  for (size_t i = 0; i < yaml.size(); ++i) {
    const auto c = static_cast<unsigned char>(yaml[i]);
    bad.mark.pos = static_cast<int>(i);
    bad.mark.column = static_cast<int>(i - line_begin);
    if (c == '\n') {
      ++bad.mark.line;
      line_begin = i + 1;
    } else if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7F) {
      bad.what = "a control character is not allowed here";
      return bad;
    } else if (c >= 0x80 && !valid) {
      // Letters in front may be of several bytes each; the bad one is the first that does not fit.
      size_t length = 1;
      while (length < 4 && !IsValidUtf8(yaml.substr(i, length))) ++length;
      if (!IsValidUtf8(yaml.substr(i, length)) || length > yaml.size() - i) {
        bad.what = "this is not UTF-8";
        return bad;
      }
      i += length - 1;
    }
  }
  return std::nullopt;
}

}  // namespace

void MistakeList::Add(const YAML::Mark& mark, std::string_view context, std::string_view message) {
  if (lines_.size() >= kMaxMistakes) {
    ++dropped_;
    return;
  }
  const std::string_view separator = context.empty() ? "" : ": ";
  // Nodes that stand for nothing written have no mark.
  const std::string place =
      mark.is_null() ? file_ : fmt::format("{}:{}:{}", file_, mark.line + 1, mark.column + 1);
  lines_.push_back(fmt::format("{}: {}{}{}", place, context, separator, message));
}

absl::Status MistakeList::ToStatus() const {
  if (lines_.empty()) return absl::OkStatus();
  std::string text = fmt::format("{}", fmt::join(lines_, "\n"));
  if (dropped_ > 0) text += fmt::format("\n{}: {} more mistakes", file_, dropped_);
  return absl::InvalidArgumentError(text);
}

std::string ReadDuration(std::string_view name, std::string_view text, int64_t* duration_ms) {
  const absl::StatusOr<int64_t> parsed = ParseDurationMs(text);
  if (!parsed.ok()) return fmt::format("\"{}\": {}", name, MessageOf(parsed.status()));
  if (*parsed > kMaxDurationMs) return fmt::format("\"{}\" is longer than 100y", name);
  *duration_ms = *parsed;
  return "";
}

YAML::Node LoadYaml(std::string_view yaml, MistakeList* mistakes) {
  if (yaml.size() > kMaxFileBytes) {
    mistakes->Add(YAML::Mark::null_mark(), "", fmt::format("larger than {} bytes", kMaxFileBytes));
    return {};
  }
  if (const auto bad = FindBadCharacter(yaml); bad.has_value()) {
    mistakes->Add(bad->mark, "YAML", bad->what);
    return {};
  }
  try {
    return YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& e) {
    mistakes->Add(e.mark, "YAML", e.msg);
  } catch (const std::exception& e) {
    mistakes->Add(YAML::Mark::null_mark(), "YAML", e.what());
  }
  return {};
}

YamlFields::YamlFields(const YAML::Node& node, std::string_view context,
                       std::initializer_list<std::string_view> known, MistakeList* mistakes) {
  Read(node, context, 0, mistakes);
  if (known.size() > 0) CheckKnown(known, context, mistakes);
}

const YamlFields::Field* YamlFields::Find(std::string_view name) const {
  const auto field = std::find_if(fields_.begin(), fields_.end(),
                                  [name](const Field& entry) { return entry.name == name; });
  return field == fields_.end() ? nullptr : &*field;
}

void YamlFields::Read(const YAML::Node& node, std::string_view context, int depth,
                      MistakeList* mistakes) {
  if (node.IsNull()) return;
  if (!node.IsMap()) {
    mistakes->Add(node.Mark(), context, "a map is wanted here");
    return;
  }
  StringMap<YAML::Mark> seen;
  std::vector<YAML::Node> merged;
  for (const auto& entry : node) {
    // A label may be called null.
    const bool is_null = entry.first.IsNull();
    const std::string name = is_null ? "null" : entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (!entry.first.IsScalar() && !is_null) {
      mistakes->Add(entry.first.Mark(), context, "a key must be a text");
    } else if (const auto [earlier, fresh] = seen.try_emplace(name, entry.first.Mark()); !fresh) {
      mistakes->Add(
          entry.first.Mark(), context,
          fmt::format("key \"{}\" is already set in line {}", name, earlier->second.line + 1));
    } else if (name == kMergeKey) {
      merged.push_back(entry.second);
    } else if (names_.insert(name).second) {
      fields_.push_back({name, entry.first, entry.second});
    }
  }
  // What the mapping says itself goes before what it merges in.
  for (const YAML::Node& other : merged) Merge(other, context, depth, mistakes);
}

void YamlFields::Merge(const YAML::Node& node, std::string_view context, int depth,
                       MistakeList* mistakes) {
  if (node.IsNull()) {
    mistakes->Add(node.Mark(), context, "\"<<\" wants a map or a list of maps");
  } else if (depth >= kMaxMergeDepth) {
    mistakes->Add(node.Mark(), context, "maps merge each other too deeply");
  } else if (node.IsSequence()) {
    for (const auto& item : node) Read(item, context, depth + 1, mistakes);
  } else {
    Read(node, context, depth + 1, mistakes);
  }
}

void YamlFields::CheckKnown(std::initializer_list<std::string_view> known, std::string_view context,
                            MistakeList* mistakes) const {
  for (const Field& field : fields_) {
    if (std::find(known.begin(), known.end(), field.name) != known.end()) continue;
    mistakes->Add(
        field.key.Mark(), context,
        fmt::format("unknown key \"{}\"; known are {}", field.name, fmt::join(known, ", ")));
  }
}

}  // namespace vigil::alerting
