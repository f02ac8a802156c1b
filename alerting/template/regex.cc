// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/regex.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>

#include "alerting/template/go_format.h"
#include "alerting/template/text_functions.h"
#include "base/status.h"
#include "storage/series/regex.h"

namespace vigil::text_template {
namespace {

// Every search may read the rest of the text; together they read at most this, about a second's
// worth.
constexpr size_t kMaxScanBytes = 1 << 30;

// A group that a replacement names.
struct GroupReference {
  std::string_view name;
  size_t length = 0;  // Of the reference in the text; 0 if it is none.
};

bool IsWordChar(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Reads "$name", "$1" or "${name}" at the start of `text`.
GroupReference ReadReference(std::string_view text) {
  const bool braces = text.size() > 1 && text[1] == '{';
  const size_t begin = braces ? 2 : 1;
  size_t end = begin;
  while (end < text.size() && IsWordChar(text[end])) ++end;
  if (end == begin) return {};
  if (braces && (end == text.size() || text[end] != '}')) return {};
  return {text.substr(begin, end - begin), end + (braces ? 1 : 0)};
}

// One run over one text.
class Replacer {
 public:
  Replacer(const re2::RE2& regex, std::string_view replacement, std::string_view text)
      : regex_(regex),
        replacement_(replacement),
        text_(text),
        groups_(1 + regex.NumberOfCapturingGroups()) {}

  absl::StatusOr<std::string> Run() {
    size_t search = 0;
    size_t copied = 0;
    size_t scanned = 0;
    while (search <= text_.size() && FindFrom(search)) {
      scanned += text_.size() - search;
      const size_t begin = groups_[0].data() - text_.data();
      const size_t end = begin + groups_[0].size();
      out_ += text_.substr(copied, begin - copied);
      // An empty match right behind another match is part of that one.
      if (end > copied || begin == 0) Expand();
      copied = end;
      search = end > search ? end : NextCodePoint(search);
      if (out_.size() > kMaxFormattedBytes || scanned > kMaxScanBytes) {
        return absl::ResourceExhaustedError("replacing takes too much");
      }
    }
    out_ += text_.substr(copied);
    return std::move(out_);
  }

 private:
  bool FindFrom(size_t begin) {
    return regex_.Match(re2::StringPiece(text_.data(), text_.size()), begin, text_.size(),
                        re2::RE2::UNANCHORED, groups_.data(), static_cast<int>(groups_.size()));
  }

  size_t NextCodePoint(size_t at) const {
    ++at;
    while (at < text_.size() && (text_[at] & 0xC0) == 0x80) ++at;
    return at;
  }

  // Appends the replacement, groups put in.
  void Expand() {
    for (size_t i = 0; i < replacement_.size() && out_.size() <= kMaxFormattedBytes;) {
      const std::string_view rest = replacement_.substr(i);
      const GroupReference reference = rest[0] == '$' ? ReadReference(rest) : GroupReference();
      if (reference.length > 0) {
        AppendGroup(reference.name);
        i += reference.length;
      } else {
        out_ += rest[0];
        i += rest.starts_with("$$") ? 2 : 1;
      }
    }
  }

  // A group that does not exist or took no part is empty.
  void AppendGroup(std::string_view name) {
    size_t number = groups_.size();
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
      if (name.size() <= 4) number = std::stoul(std::string(name));
    } else {
      const auto& names = regex_.NamedCapturingGroups();
      const auto named = names.find(std::string(name));
      if (named != names.end()) number = named->second;
    }
    if (number < groups_.size() && groups_[number].data() != nullptr) {
      out_.append(groups_[number].data(), groups_[number].size());
    }
  }

  const re2::RE2& regex_;
  const std::string_view replacement_;
  const std::string_view text_;
  std::vector<re2::StringPiece> groups_;
  std::string out_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<re2::RE2>> CompileRegex(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_unique<re2::RE2>(storage::ToRe2Syntax(pattern), options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(
        fmt::format("bad regular expression \"{}\": {}", pattern, regex->error()));
  }
  return regex;
}

absl::StatusOr<std::string> ReplaceAll(std::string_view pattern, std::string_view replacement,
                                       std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(const auto regex, CompileRegex(pattern));
  return Replacer(*regex, replacement, text).Run();
}

}  // namespace vigil::text_template
