// SPDX-License-Identifier: Apache-2.0
//
// A replacement text with references to the groups of a regular expression, such as `$1-${host}`,
// as Go's regexp package expands it: label_replace() and relabelling share it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

namespace vigil::storage {

// Thread-safe as const.
class GroupTemplate {
 public:
  // `$name` takes as many letters, digits and underscores as follow, `${name}` ends where it says;
  // `$$` is a dollar sign, and so is one that begins nothing.
  explicit GroupTemplate(std::string_view text);

  // `groups[i]` is what group i of `regex` matched. Groups that did not take part or are not there
  // are empty.
  std::string Expand(const re2::RE2& regex, std::span<const re2::StringPiece> groups) const;

 private:
  struct Piece {
    bool is_group;
    std::string text;  // The group's name or number, or the text.
  };

  void AddText(std::string_view text);
  void TakeReference(std::string_view* text);

  std::vector<Piece> pieces_;
};

// Whether `regex` matches all of `text`; `*groups` then has its groups, the whole match first.
bool MatchWhole(const re2::RE2& regex, std::string_view text,
                std::vector<re2::StringPiece>* groups);

}  // namespace vigil::storage
