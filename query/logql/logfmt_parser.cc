// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "base/strings.h"
#include "query/logql/field_parsers.h"
#include "query/promql/string_literal.h"

namespace vigil::logql {
namespace {

bool IsBlank(char c) { return static_cast<unsigned char>(c) <= ' '; }

// Reads pairs from the front of the text.
class PairReader {
 public:
  PairReader(std::string_view text, LogLine* line) : rest_(text), line_(line) {}

  void Run() && {
    while (SkipBlanks(), !rest_.empty()) ReadPair();
  }

 private:
  void SkipBlanks() {
    while (!rest_.empty() && IsBlank(rest_.front())) rest_.remove_prefix(1);
  }

  // The bytes up to the first blank or one of `stops`.
  std::string_view TakeUntil(std::string_view stops) {
    const auto end = std::find_if(rest_.begin(), rest_.end(), [stops](char c) {
      return IsBlank(c) || stops.find(c) != std::string_view::npos;
    });
    const std::string_view taken = rest_.substr(0, end - rest_.begin());
    rest_.remove_prefix(taken.size());
    return taken;
  }

  bool AtPairEnd() const { return rest_.empty() || IsBlank(rest_.front()); }
  void SkipPair() { TakeUntil(""); }

  void ReadPair() {
    const std::string_view key = TakeUntil("=\"");
    if (key.empty() || !rest_.starts_with("=")) return SkipPair();
    rest_.remove_prefix(1);
    if (rest_.starts_with("\"")) return ReadQuoted(key);
    const std::string_view value = TakeUntil("=\"");
    if (!AtPairEnd()) return SkipPair();
    line_->AddParsed(key, value);
  }

  void ReadQuoted(std::string_view key) {
    const size_t length = promql::StringLiteralLength(rest_);
    if (length == 0) {
      rest_ = {};  // The quote does not end, so neither does the pair.
      return;
    }
    const absl::StatusOr<std::string> value = promql::UnquoteLiteral(rest_.substr(0, length));
    rest_.remove_prefix(length);
    if (!AtPairEnd()) return SkipPair();
    if (value.ok()) line_->AddParsed(key, *value);
  }

  std::string_view rest_;
  LogLine* const line_;
};

}  // namespace

bool LogfmtParser::Process(LogLine* line) const {
  if (IsValidUtf8(line->text())) {
    PairReader(line->text(), line).Run();
  } else {
    PairReader(ReplaceInvalidUtf8(line->text()), line).Run();
  }
  return true;
}

}  // namespace vigil::logql
