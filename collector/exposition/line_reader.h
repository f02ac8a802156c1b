// SPDX-License-Identifier: Apache-2.0
//
// Reads one line of a text exposition from left to right. Part of text_reader.h.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace vigil::collector {

inline bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
inline bool IsNameCharacter(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }
inline bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Borrows the line.
class LineReader {
 public:
  // `strict`: tokens are parted by exactly one space, and only where they must be.
  LineReader(std::string_view line, bool strict) : rest_(line), strict_(strict) {}

  bool AtEnd() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  bool At(char c) const { return !rest_.empty() && rest_[0] == c; }
  bool Consume(char c) {
    if (!At(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // White space where it need not be.
  void SkipSpace() {
    while (!strict_ && !rest_.empty() && IsBlank(rest_[0])) rest_.remove_prefix(1);
  }
  // White space between two tokens; false if it is not as it must be.
  bool Gap() {
    if (!strict_) {
      SkipSpace();
      return true;
    }
    return Consume(' ') && !rest_.empty() && !IsBlank(rest_[0]);
  }

  // The characters of a name, "" if none stands here.
  std::string_view Name() { return TakeName(/*colons=*/true); }
  // Likewise of a label's name, which has no colons.
  std::string_view LabelName() { return TakeName(/*colons=*/false); }
  // The characters up to white space.
  std::string_view Word() {
    const auto end = std::find_if(rest_.begin(), rest_.end(), IsBlank);
    return Take(static_cast<size_t>(end - rest_.begin()));
  }
  std::string_view Rest() { return Take(rest_.size()); }

  // A quoted text with the escapes \\, \" and \n; the opening quote is consumed already. False if
  // it does not end.
  bool QuotedRest(std::string* text) {
    while (!rest_.empty()) {
      if (Consume('"')) return true;
      *text += Character(true);
    }
    return false;
  }
  // The rest with the same escapes, that of the quote only if `quotes`.
  std::string UnescapedRest(bool quotes) {
    std::string text;
    while (!rest_.empty()) text += Character(quotes);
    return text;
  }

 private:
  std::string_view TakeName(bool colons) {
    size_t size = 0;
    const auto fits = [&](char c) { return IsNameCharacter(c) && (colons || c != ':'); };
    if (!rest_.empty() && IsNameStart(rest_[0])) {
      while (size < rest_.size() && fits(rest_[size])) ++size;
    }
    return Take(size);
  }
  // The next character, or the one that an escape stands for; a backslash before anything else
  // stands for itself. Requires: not at the end.
  char Character(bool quotes) {
    const char next = rest_.size() > 1 ? rest_[1] : '\0';
    const bool escaped =
        rest_[0] == '\\' && (next == '\\' || next == 'n' || (quotes && next == '"'));
    const char c = escaped ? next : rest_[0];
    rest_.remove_prefix(escaped ? 2 : 1);
    return escaped && c == 'n' ? '\n' : c;
  }
  std::string_view Take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  const bool strict_;
};

}  // namespace vigil::collector
