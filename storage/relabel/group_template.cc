// SPDX-License-Identifier: Apache-2.0
#include "storage/relabel/group_template.h"

#include <algorithm>

namespace vigil::storage {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

size_t GroupIndex(const std::string& name, const re2::RE2& regex, size_t fallback) {
  const auto& names = regex.NamedCapturingGroups();
  if (const auto named = names.find(name); named != names.end()) {
    return static_cast<size_t>(named->second);
  }
  const bool is_number =
      name.find_first_not_of("0123456789") == std::string::npos && name.size() < 9;
  // As in Go, "01" is a name.
  if (!is_number || (name.size() > 1 && name[0] == '0')) return fallback;
  return std::stoul(name);
}

}  // namespace

GroupTemplate::GroupTemplate(std::string_view text) {
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    AddText(text.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    TakeReference(&text);
  }
}

void GroupTemplate::AddText(std::string_view text) {
  if (!text.empty()) pieces_.push_back({false, std::string(text)});
}

// Takes what follows a dollar sign.
void GroupTemplate::TakeReference(std::string_view* text) {
  if (text->starts_with('$')) {
    AddText("$");
    text->remove_prefix(1);
    return;
  }
  const bool braced = text->starts_with('{');
  const std::string_view rest = text->substr(braced ? 1 : 0);
  const auto end = std::find_if_not(rest.begin(), rest.end(), IsNameCharacter);
  const auto length = static_cast<size_t>(end - rest.begin());
  const bool closed = !braced || (length < rest.size() && rest[length] == '}');
  if (length == 0 || !closed) {
    AddText("$");
    return;
  }
  pieces_.push_back({true, std::string(rest.substr(0, length))});
  text->remove_prefix(length + (braced ? 2 : 0));
}

std::string GroupTemplate::Expand(const re2::RE2& regex,
                                  std::span<const re2::StringPiece> groups) const {
  std::string result;
  for (const Piece& piece : pieces_) {
    if (!piece.is_group) {
      result += piece.text;
      continue;
    }
    const size_t index = GroupIndex(piece.text, regex, groups.size());
    if (index < groups.size() && groups[index].data() != nullptr) {
      result.append(groups[index].data(), groups[index].size());
    }
  }
  return result;
}

bool MatchWhole(const re2::RE2& regex, std::string_view text,
                std::vector<re2::StringPiece>* groups) {
  groups->resize(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  return regex.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                     re2::RE2::ANCHOR_BOTH, groups->data(), static_cast<int>(groups->size()));
}

}  // namespace vigil::storage
