// SPDX-License-Identifier: Apache-2.0
#include "cli/text/caret.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/strings.h"
#include "cli/text/display.h"

namespace vigil::cli {
namespace {

struct Place {
  size_t line = 0;
  size_t column = 0;
};

// The number at the front of `text`, which is moved behind it; nothing if there is none.
std::optional<size_t> TakeNumber(std::string_view* text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return number;
}

// "3:14: parse error", wherever it stands in the message.
std::optional<Place> ColonPlace(std::string_view message) {
  const size_t at = message.find(": parse error");
  if (at == std::string_view::npos) return std::nullopt;
  const size_t begin = message.substr(0, at).find_last_not_of("0123456789:") + 1;
  std::string_view rest = message.substr(begin, at - begin);
  const std::optional<size_t> line = TakeNumber(&rest);
  if (!line.has_value() || !rest.starts_with(':')) return std::nullopt;
  rest.remove_prefix(1);
  const std::optional<size_t> column = TakeNumber(&rest);
  if (!column.has_value()) return std::nullopt;
  return Place{*line, *column};
}

// "parse error at line 3, col 14".
std::optional<Place> WordPlace(std::string_view message) {
  constexpr std::string_view kLine = "at line ";
  constexpr std::string_view kColumn = ", col ";
  const size_t at = message.find(kLine);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = message.substr(at + kLine.size());
  const std::optional<size_t> line = TakeNumber(&rest);
  if (!line.has_value() || !rest.starts_with(kColumn)) return std::nullopt;
  rest.remove_prefix(kColumn.size());
  const std::optional<size_t> column = TakeNumber(&rest);
  if (!column.has_value()) return std::nullopt;
  return Place{*line, *column};
}

}  // namespace

std::string PointAtError(std::string_view query, std::string_view message, int width) {
  std::optional<Place> place = ColonPlace(message);
  if (!place.has_value()) place = WordPlace(message);
  const std::vector<std::string_view> lines = Split(query, '\n');
  if (!place.has_value() || place->line == 0 || place->line > lines.size()) return "";
  const std::string_view line = lines[place->line - 1];
  const size_t offset = std::min(place->column == 0 ? 0 : place->column - 1, line.size());
  const std::string before = Printable(line.substr(0, offset));
  const std::string after = Printable(line.substr(offset));
  std::string_view shown_before = before;
  std::string_view shown_after = after;
  constexpr size_t kIndent = 2;
  if (width > 20) {
    const size_t room = static_cast<size_t>(width) - kIndent - 1;
    // What led to the place tells more than what comes behind it.
    const size_t behind = std::min(DisplayWidth(after), room / 3);
    shown_before = Back(before, room - behind);
    shown_after = Front(after, room - DisplayWidth(shown_before));
  }
  return fmt::format("  {}{}\n{}^\n", shown_before, shown_after,
                     std::string(kIndent + DisplayWidth(shown_before), ' '));
}

}  // namespace vigil::cli
