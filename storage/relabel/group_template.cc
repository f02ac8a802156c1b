// SPDX-License-Identifier: Apache-2.0
#include "storage/relabel/group_template.h"

namespace vigil::storage {
namespace {

// Letters and digits of any script and underscores that `text` begins with.
size_t NameLength(std::string_view text) {
  static const auto* const name = new re2::RE2("[\\pL\\p{Nd}_]+");
  re2::StringPiece match;
  const re2::StringPiece piece(text.data(), text.size());
  const bool found = name->Match(piece, 0, piece.size(), re2::RE2::ANCHOR_START, &match, 1);
  return found ? match.size() : 0;
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
  const size_t length = NameLength(rest);
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
