// SPDX-License-Identifier: Apache-2.0
//
// Layouts: the half of go_time.h that reads times.
#include <array>
#include <cctype>
#include <cstdlib>

#include <fmt/format.h>

#include "alerting/template/go_time.h"
#include "base/strings.h"

namespace vigil::text_template {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> kDays = {"monday", "tuesday",  "wednesday", "thursday",
                                                   "friday", "saturday", "sunday"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads `text` along `layout`, piece by piece.
class Reader {
 public:
  Reader(std::string_view layout, std::string_view text) : layout_(layout), text_(text) {}

  bool Read() {
    while (!layout_.empty()) {
      if (!ReadPiece()) return false;
      // A fraction may stand behind the seconds even if the layout has none.
      if (after_seconds_ && !layout_.starts_with('.') && !layout_.starts_with(',')) ReadFraction();
      after_seconds_ = false;
    }
    return text_.empty();
  }

  // False if there is no such date.
  bool Time(absl::Time* time) const {
    int hour = hour_;
    if (pm_known_) hour = hour % 12 + (pm_ ? 12 : 0);
    const absl::CivilSecond civil(year_, month_, day_, hour, minute_, second_);
    // One that had to be normalised was none.
    if (civil.month() != month_ || civil.day() != day_ || civil.hour() != hour ||
        civil.minute() != minute_ || civil.second() != second_) {
      return false;
    }
    *time = absl::FromCivil(civil, absl::UTCTimeZone()) - absl::Seconds(offset_seconds_) +
            absl::Nanoseconds(nanoseconds_);
    return true;
  }

 private:
  bool Layout(std::string_view piece) {
    if (!layout_.starts_with(piece)) return false;
    layout_.remove_prefix(piece.size());
    return true;
  }

  // A number of `min` to `max` digits.
  bool Number(size_t min, size_t max, int* value) {
    size_t digits = 0;
    while (digits < max && digits < text_.size() && IsDigit(text_[digits])) ++digits;
    if (digits < min) return false;
    *value = std::atoi(std::string(text_.substr(0, digits)).c_str());
    text_.remove_prefix(digits);
    return true;
  }

  // A name of `names`, or its first three letters.
  template <size_t N>
  bool Name(const std::array<std::string_view, N>& names, bool whole, int* index) {
    const std::string lower = ToLower(text_);
    for (size_t i = 0; i < N; ++i) {
      const std::string_view name = whole ? names[i] : names[i].substr(0, 3);
      if (!lower.starts_with(name)) continue;
      *index = static_cast<int>(i);
      text_.remove_prefix(name.size());
      return true;
    }
    return false;
  }

  bool ReadPiece() {
    int ignored = 0;
    if (Layout("2006")) return Number(4, 4, &year_);
    if (Layout("January")) return Name(kMonths, true, &month_) && ++month_ > 0;
    if (Layout("Jan")) return Name(kMonths, false, &month_) && ++month_ > 0;
    if (Layout("Monday")) return Name(kDays, true, &ignored);
    if (Layout("Mon")) return Name(kDays, false, &ignored);
    if (Layout("MST")) return ReadZoneName();
    if (Layout("01")) return Number(2, 2, &month_);
    if (Layout("02")) return Number(2, 2, &day_);
    if (Layout("03")) return Number(2, 2, &hour_);
    if (Layout("04")) return Number(2, 2, &minute_);
    if (Layout("05")) return ReadSeconds(2);
    if (Layout("06")) return ReadShortYear();
    if (Layout("15")) return Number(2, 2, &hour_);
    if (Layout("PM") || Layout("pm")) return ReadHalf();
    if (Layout("_2")) {
      if (text_.starts_with(' ')) text_.remove_prefix(1);
      return Number(1, 2, &day_);
    }
    for (const std::string_view zone : {"-07:00:00", "-07:00", "-070000", "-0700", "-07",
                                        "Z07:00:00", "Z07:00", "Z070000", "Z0700", "Z07"}) {
      if (Layout(zone)) return ReadOffset(zone);
    }
    if (Layout("1")) return Number(1, 2, &month_);
    if (Layout("2")) return Number(1, 2, &day_);
    if (Layout("3")) return Number(1, 2, &hour_);
    if (Layout("4")) return Number(1, 2, &minute_);
    if (Layout("5")) return ReadSeconds(1);
    return ReadFractionPiece() || ReadText();
  }

  bool ReadSeconds(size_t min) {
    after_seconds_ = true;
    return Number(min, 2, &second_);
  }

  bool ReadShortYear() {
    if (!Number(2, 2, &year_)) return false;
    year_ += year_ >= 69 ? 1900 : 2000;  // As Go has it.
    return true;
  }

  bool ReadHalf() {
    const std::string lower = ToLower(text_.substr(0, 2));
    if (lower != "am" && lower != "pm") return false;
    pm_known_ = true;
    pm_ = lower == "pm";
    text_.remove_prefix(2);
    return true;
  }

  bool ReadZoneName() {
    size_t letters = 0;
    while (letters < text_.size() && std::isupper(static_cast<unsigned char>(text_[letters]))) {
      ++letters;
    }
    if (letters < 3 || letters > 5) return false;
    text_.remove_prefix(letters);
    return true;
  }

  bool ReadOffset(std::string_view piece) {
    if (piece[0] == 'Z' && text_.starts_with('Z')) {
      text_.remove_prefix(1);
      return true;
    }
    if (text_.empty() || (text_[0] != '+' && text_[0] != '-')) return false;
    const int sign = text_[0] == '-' ? -1 : 1;
    text_.remove_prefix(1);
    const bool colons = piece.find(':') != std::string_view::npos;
    const size_t parts = piece.size() <= 3 ? 1 : piece.size() <= 6 ? 2 : 3;
    int seconds = 0;
    int unit = 3600;
    for (size_t i = 0; i < parts; ++i, unit /= 60) {
      if (i > 0 && colons) {
        if (!text_.starts_with(':')) return false;
        text_.remove_prefix(1);
      }
      int number = 0;
      if (!Number(2, 2, &number)) return false;
      seconds += number * unit;
    }
    offset_seconds_ = sign * seconds;
    return true;
  }

  // ".000" or ".999" in the layout.
  bool ReadFractionPiece() {
    if (!layout_.starts_with('.') && !layout_.starts_with(',')) return false;
    size_t end = 1;
    while (end < layout_.size() && layout_[end] == layout_[1]) ++end;
    if (end == 1 || (layout_[1] != '0' && layout_[1] != '9')) return false;
    const bool needed = layout_[1] == '0';
    layout_.remove_prefix(end);
    return ReadFraction() || !needed;
  }

  bool ReadFraction() {
    if (text_.size() < 2 || (text_[0] != '.' && text_[0] != ',') || !IsDigit(text_[1]))
      return false;
    text_.remove_prefix(1);
    nanoseconds_ = 0;
    int64_t unit = 100'000'000;
    while (!text_.empty() && IsDigit(text_[0])) {
      nanoseconds_ += (text_[0] - '0') * unit;
      unit /= 10;
      text_.remove_prefix(1);
    }
    return true;
  }

  bool ReadText() {
    if (text_.empty() || text_[0] != layout_[0]) return false;
    layout_.remove_prefix(1);
    text_.remove_prefix(1);
    return true;
  }

  std::string_view layout_;
  std::string_view text_;
  int year_ = 0;
  int month_ = 1;
  int day_ = 1;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  int64_t nanoseconds_ = 0;
  int offset_seconds_ = 0;
  bool pm_known_ = false;
  bool pm_ = false;
  bool after_seconds_ = false;
};

}  // namespace

absl::StatusOr<absl::Time> ParseGoTime(std::string_view layout, std::string_view text) {
  Reader reader(layout, text);
  absl::Time time;
  if (!reader.Read() || !reader.Time(&time)) {
    return absl::InvalidArgumentError(
        fmt::format("parsing time \"{}\" as \"{}\": they do not fit", text, layout));
  }
  return time;
}

}  // namespace vigil::text_template
