// SPDX-License-Identifier: Apache-2.0
//
// Layouts: the half of go_time.h that writes times.
#include <array>

#include <fmt/format.h>

#include "alerting/template/go_time.h"

namespace vigil::text_template {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
// In the order of absl::Weekday.
constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};

// The pieces of the reference time, a longer one before any that it begins with.
constexpr std::string_view kPieces[] = {
    "January", "Jan",     "Monday",    "Mon",   "MST",    "2006",    "002",       "01",    "02",
    "03",      "04",      "05",        "06",    "15",     "__2",     "_2",        "PM",    "pm",
    "1",       "2",       "3",         "4",     "5",      "-070000", "-07:00:00", "-0700", "-07:00",
    "-07",     "Z070000", "Z07:00:00", "Z0700", "Z07:00", "Z07"};

bool IsLower(std::string_view text) { return !text.empty() && text[0] >= 'a' && text[0] <= 'z'; }
bool IsDigit(std::string_view text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

// The piece that `layout` begins with, "" if it is ordinary text.
std::string_view PieceAt(std::string_view layout) {
  for (const std::string_view piece : kPieces) {
    if (!layout.starts_with(piece)) continue;
    const bool short_name = piece == "Jan" || piece == "Mon";
    if (short_name && IsLower(layout.substr(piece.size()))) continue;
    // "_2006" is an underscore before the year.
    if (piece == "_2" && layout.starts_with("_2006")) return {};
    return piece;
  }
  if (!layout.starts_with('.') && !layout.starts_with(',')) return {};
  if (layout.size() < 2 || (layout[1] != '0' && layout[1] != '9')) return {};
  size_t end = 1;
  while (end < layout.size() && layout[end] == layout[1]) ++end;
  return IsDigit(layout.substr(end)) ? std::string_view() : layout.substr(0, end);
}

std::string FormatOffset(std::string_view piece, int offset_seconds) {
  if (piece[0] == 'Z' && offset_seconds == 0) return "Z";
  const char sign = offset_seconds < 0 ? '-' : '+';
  const int seconds = offset_seconds < 0 ? -offset_seconds : offset_seconds;
  const std::string_view colon = piece.find(':') != std::string_view::npos ? ":" : "";
  std::string text = fmt::format("{}{:02}", sign, seconds / 3600);
  if (piece.size() > 3) text += fmt::format("{}{:02}", colon, seconds / 60 % 60);
  if (piece.size() > 6) text += fmt::format("{}{:02}", colon, seconds % 60);
  return text;
}

// ".000" writes all its digits, ".999" leaves zeros at the end off.
std::string FormatFraction(std::string_view piece, int64_t nanoseconds) {
  std::string digits = fmt::format("{:09}", nanoseconds);
  digits.resize(std::min<size_t>(piece.size() - 1, 9));
  if (piece[1] == '9') {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.empty()) return {};
  }
  return piece[0] + digits;
}

// A time taken apart.
struct Parts {
  absl::CivilSecond civil;
  int64_t nanoseconds;
  int offset;
  std::string zone;
};

std::string FormatClock(std::string_view piece, const Parts& parts) {
  const int hour = parts.civil.hour();
  const int hour12 = hour % 12 == 0 ? 12 : hour % 12;
  if (piece == "15") return fmt::format("{:02}", hour);
  if (piece == "03") return fmt::format("{:02}", hour12);
  if (piece == "3") return fmt::to_string(hour12);
  if (piece == "04") return fmt::format("{:02}", parts.civil.minute());
  if (piece == "4") return fmt::to_string(parts.civil.minute());
  if (piece == "05") return fmt::format("{:02}", parts.civil.second());
  if (piece == "5") return fmt::to_string(parts.civil.second());
  if (piece == "PM") return hour < 12 ? "AM" : "PM";
  return hour < 12 ? "am" : "pm";
}

std::string FormatPiece(std::string_view piece, const Parts& parts) {
  const absl::CivilSecond& civil = parts.civil;
  if (piece[0] == '.' || piece[0] == ',') return FormatFraction(piece, parts.nanoseconds);
  if (piece[0] == '-' || piece[0] == 'Z') return FormatOffset(piece, parts.offset);
  if (piece == "MST") return parts.zone;
  const std::string_view month = kMonths[civil.month() - 1];
  const std::string_view day = kDays[static_cast<size_t>(absl::GetWeekday(civil))];
  if (piece == "January") return std::string(month);
  if (piece == "Jan") return std::string(month.substr(0, 3));
  if (piece == "Monday") return std::string(day);
  if (piece == "Mon") return std::string(day.substr(0, 3));
  if (piece == "2006") return fmt::format("{:04}", civil.year());
  if (piece == "06") return fmt::format("{:02}", civil.year() % 100);
  if (piece == "01") return fmt::format("{:02}", civil.month());
  if (piece == "1") return fmt::to_string(civil.month());
  if (piece == "02") return fmt::format("{:02}", civil.day());
  if (piece == "_2") return fmt::format("{:2}", civil.day());
  if (piece == "2") return fmt::to_string(civil.day());
  if (piece == "002") return fmt::format("{:03}", absl::GetYearDay(absl::CivilDay(civil)));
  if (piece == "__2") return fmt::format("{:3}", absl::GetYearDay(absl::CivilDay(civil)));
  return FormatClock(piece, parts);
}

}  // namespace

std::string FormatGoTime(std::string_view layout, absl::Time time, absl::TimeZone zone) {
  const absl::TimeZone::CivilInfo info = zone.At(time);
  const Parts parts = {info.cs, absl::ToInt64Nanoseconds(info.subsecond), info.offset,
                       info.zone_abbr};
  std::string text;
  while (!layout.empty()) {
    const std::string_view piece = PieceAt(layout);
    if (piece.empty()) {
      text += layout[0];
      layout.remove_prefix(1);
    } else {
      text += FormatPiece(piece, parts);
      layout.remove_prefix(piece.size());
    }
  }
  return text;
}

}  // namespace vigil::text_template
