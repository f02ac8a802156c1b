// SPDX-License-Identifier: Apache-2.0
#include "storage/relabel/relabel_rule.h"

#include <algorithm>
#include <array>
#include <climits>
#include <clocale>
#include <cwchar>
#include <cwctype>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/series/regex.h"

namespace vigil::storage {
namespace {

constexpr std::array<std::pair<std::string_view, RelabelAction>, 11> kActions = {
    {{"replace", RelabelAction::kReplace},
     {"keep", RelabelAction::kKeep},
     {"drop", RelabelAction::kDrop},
     {"keepequal", RelabelAction::kKeepEqual},
     {"dropequal", RelabelAction::kDropEqual},
     {"hashmod", RelabelAction::kHashMod},
     {"labelmap", RelabelAction::kLabelMap},
     {"labeldrop", RelabelAction::kLabelDrop},
     {"labelkeep", RelabelAction::kLabelKeep},
     {"lowercase", RelabelAction::kLowercase},
     {"uppercase", RelabelAction::kUppercase}}};

bool IsLabelName(std::string_view name) { return !name.empty() && IsValidUtf8(name); }

// The last eight bytes of the MD5 sum, the highest first.
uint64_t LowMd5(std::string_view text) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const bool hashed =
      EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) == 1;
  VIGIL_CHECK(hashed && size == 16);
  uint64_t low = 0;
  for (size_t i = 8; i < 16; ++i) low = low << 8 | digest[i];
  return low;
}

// Letters of all scripts: the C library's tables for UTF-8, whatever the locale of the process.
std::string MapCase(std::string_view text, bool upper) {
  static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = utf8 == nullptr ? nullptr : ::uselocale(utf8);
  std::string mapped;
  while (!text.empty()) {
    wchar_t wide = 0;
    std::mbstate_t state{};
    const size_t size = std::mbrtowc(&wide, text.data(), text.size(), &state);
    if (size == 0 || size > text.size()) {  // A zero byte, or what is not UTF-8.
      mapped += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto from = static_cast<wint_t>(wide);
    const wint_t to = upper ? std::towupper(from) : std::towlower(from);
    std::array<char, MB_LEN_MAX> bytes;
    state = {};
    const size_t written = std::wcrtomb(bytes.data(), static_cast<wchar_t>(to), &state);
    mapped +=
        written <= bytes.size() ? std::string_view(bytes.data(), written) : text.substr(0, size);
    text.remove_prefix(size);
  }
  if (before != nullptr) ::uselocale(before);
  return mapped;
}

bool NeedsTarget(RelabelAction action) {
  switch (action) {
    case RelabelAction::kReplace:
    case RelabelAction::kHashMod:
    case RelabelAction::kLowercase:
    case RelabelAction::kUppercase:
    case RelabelAction::kKeepEqual:
    case RelabelAction::kDropEqual:
      return true;
    default:
      return false;
  }
}

// The first field that says something although the action does not look at it, "" if none does.
std::string_view IdleField(const RelabelOptions& options) {
  const RelabelOptions defaults;
  const bool names_only =
      options.action == RelabelAction::kLabelDrop || options.action == RelabelAction::kLabelKeep;
  const bool equality =
      options.action == RelabelAction::kKeepEqual || options.action == RelabelAction::kDropEqual;
  const bool computes = options.action == RelabelAction::kHashMod ||
                        options.action == RelabelAction::kLowercase ||
                        options.action == RelabelAction::kUppercase;
  if (names_only && !options.source_labels.empty()) return "source_labels";
  if (names_only && !options.target_label.empty()) return "target_label";
  if ((names_only || equality) && options.modulus != defaults.modulus) return "modulus";
  if ((names_only || equality) && options.separator != defaults.separator) return "separator";
  if (equality && options.regex != defaults.regex) return "regex";
  if ((names_only || equality || computes) && options.replacement != defaults.replacement) {
    return "replacement";
  }
  return "";
}

}  // namespace

std::optional<RelabelAction> ParseRelabelAction(std::string_view text) {
  const std::string lower = ToLower(text);
  for (const auto& [name, action] : kActions) {
    if (name == lower) return action;
  }
  return std::nullopt;
}

std::string_view RelabelActionName(RelabelAction action) {
  return kActions[static_cast<size_t>(action)].first;
}

std::optional<RelabelFault> RelabelRule::FaultOf(const RelabelOptions& options) {
  const std::string_view action = RelabelActionName(options.action);
  if (const auto regex = CompileRegex(options.regex); !regex.ok()) {
    return RelabelFault{"regex", fmt::format("regex: {}", MessageOf(regex.status()))};
  }
  if (options.action == RelabelAction::kHashMod && options.modulus == 0) {
    return RelabelFault{"modulus", "hashmod needs a modulus of more than 0"};
  }
  if (NeedsTarget(options.action) && options.target_label.empty()) {
    return RelabelFault{"target_label", fmt::format("{} needs a target_label", action)};
  }
  if (!IsValidUtf8(options.target_label)) {
    return RelabelFault{"target_label", "target_label is not UTF-8"};
  }
  if (options.action == RelabelAction::kLabelMap && !IsLabelName(options.replacement)) {
    return RelabelFault{"replacement", "labelmap needs a replacement that is a label name"};
  }
  if (const std::string_view idle = IdleField(options); !idle.empty()) {
    return RelabelFault{idle, fmt::format("{} does not use {}: leave it out", action, idle)};
  }
  return std::nullopt;
}

absl::StatusOr<RelabelRule> RelabelRule::Create(RelabelOptions options) {
  if (std::optional<RelabelFault> fault = FaultOf(options); fault.has_value()) {
    return absl::InvalidArgumentError(fault->message);
  }
  VIGIL_ASSIGN_OR_RETURN(auto regex, CompileRegex(options.regex));
  return RelabelRule(std::move(options), std::move(regex));
}

RelabelRule::RelabelRule(RelabelOptions options, std::shared_ptr<const re2::RE2> regex)
    : options_(std::move(options)),
      regex_(std::move(regex)),
      target_(options_.target_label),
      replacement_(options_.replacement),
      matches_all_(options_.regex == RelabelOptions().regex) {}

std::string RelabelRule::SourceValue(const LabelsBuilder& labels) const {
  std::string joined;
  for (size_t i = 0; i < options_.source_labels.size(); ++i) {
    if (i > 0) joined += options_.separator;
    joined += labels.Get(options_.source_labels[i]);
  }
  return joined;
}

bool RelabelRule::Matches(std::string_view text) const {
  return matches_all_ || re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

bool RelabelRule::Apply(LabelsBuilder* labels) const {
  switch (options_.action) {
    case RelabelAction::kReplace:
      Replace(labels);
      return true;
    case RelabelAction::kKeep:
      return Matches(SourceValue(*labels));
    case RelabelAction::kDrop:
      return !Matches(SourceValue(*labels));
    case RelabelAction::kKeepEqual:
      return labels->Get(options_.target_label) == SourceValue(*labels);
    case RelabelAction::kDropEqual:
      return labels->Get(options_.target_label) != SourceValue(*labels);
    case RelabelAction::kHashMod:
      labels->Set(options_.target_label,
                  fmt::to_string(LowMd5(SourceValue(*labels)) % options_.modulus));
      return true;
    case RelabelAction::kLabelMap:
      MapNames(labels);
      return true;
    case RelabelAction::kLabelDrop:
      RemoveNames(true, labels);
      return true;
    case RelabelAction::kLabelKeep:
      RemoveNames(false, labels);
      return true;
    case RelabelAction::kLowercase:
    case RelabelAction::kUppercase:
      labels->Set(options_.target_label,
                  MapCase(SourceValue(*labels), options_.action == RelabelAction::kUppercase));
      return true;
  }
  return true;
}

void RelabelRule::Replace(LabelsBuilder* labels) const {
  const std::string source = SourceValue(*labels);
  std::vector<re2::StringPiece> groups;
  if (!MatchWhole(*regex_, source, &groups)) return;
  const std::string target = target_.Expand(*regex_, groups);
  if (!IsLabelName(target)) return;
  labels->Set(target, replacement_.Expand(*regex_, groups));
}

void RelabelRule::MapNames(LabelsBuilder* labels) const {
  const Labels before = labels->Build();
  std::vector<re2::StringPiece> groups;
  for (const LabelView& label : before) {
    if (!MatchWhole(*regex_, label.name, &groups)) continue;
    const std::string name = replacement_.Expand(*regex_, groups);
    if (IsLabelName(name)) labels->Set(name, label.value);
  }
}

void RelabelRule::RemoveNames(bool matching, LabelsBuilder* labels) const {
  const Labels before = labels->Build();
  for (const LabelView& label : before) {
    if (Matches(label.name) == matching) labels->Remove(label.name);
  }
}

bool Relabel(std::span<const RelabelRule> rules, LabelsBuilder* labels) {
  return std::all_of(rules.begin(), rules.end(),
                     [labels](const RelabelRule& rule) { return rule.Apply(labels); });
}

}  // namespace vigil::storage
