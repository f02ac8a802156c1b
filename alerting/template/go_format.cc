// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/go_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "alerting/template/format_value.h"
#include "alerting/template/literal.h"

namespace vigil::text_template {
namespace {

// Shortest %g turns to exponents from here on: strconv's "precision 6 for this decision".
constexpr int kShortestExponent = 6;

// One run of Sprintf.
class Formatter {
 public:
  Formatter(std::string_view format, Args args) : rest_(format), args_(args) {}

  absl::StatusOr<std::string> Run() {
    while (!rest_.empty()) {
      if (out_.size() > kMaxFormattedBytes) {
        return absl::ResourceExhaustedError(
            fmt::format("text is longer than {} bytes", kMaxFormattedBytes));
      }
      const size_t percent = std::min(rest_.find('%'), rest_.size());
      out_ += rest_.substr(0, percent);
      rest_.remove_prefix(percent);
      if (!rest_.empty()) FormatOne();
    }
    if (!reordered_ && next_ < args_.size()) AppendExtra();
    return std::move(out_);
  }

 private:
  void FormatOne() {
    rest_.remove_prefix(1);
    FormatSpec spec;
    TakeFlags(&spec);
    TakeIndex();
    spec.width = TakeNumber("%!(BADWIDTH)");
    if (spec.width.has_value() && *spec.width < 0) {
      spec.minus = true;
      spec.width = -*spec.width;
    }
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      TakeIndex();
      spec.precision = TakeNumber("%!(BADPREC)").value_or(0);
      if (*spec.precision < 0) spec.precision.reset();
    }
    TakeIndex();
    FormatVerb(&spec);
  }

  void FormatVerb(FormatSpec* spec) {
    if (rest_.empty()) {
      out_ += "%!(NOVERB)";
      return;
    }
    std::string_view behind = rest_;
    TakeUtf8(&behind);
    spec->verb = rest_.substr(0, rest_.size() - behind.size());
    rest_ = behind;
    if (spec->verb == "%") {
      out_ += '%';
    } else if (bad_index_) {
      out_ += fmt::format("%!{}(BADINDEX)", spec->verb);
      bad_index_ = false;
    } else if (next_ >= args_.size()) {
      out_ += fmt::format("%!{}(MISSING)", spec->verb);
    } else {
      AppendValue(*spec, args_[next_++], &out_);
    }
  }

  void TakeFlags(FormatSpec* spec) {
    for (; !rest_.empty(); rest_.remove_prefix(1)) {
      switch (rest_.front()) {
        case '+':
          spec->plus = true;
          break;
        case '-':
          spec->minus = true;
          break;
        case '#':
          spec->sharp = true;
          break;
        case ' ':
          spec->space = true;
          break;
        case '0':
          spec->zero = true;
          break;
        default:
          return;
      }
    }
  }

  // `[n]`: the argument to take next, from 1.
  void TakeIndex() {
    if (!rest_.starts_with('[')) return;
    reordered_ = true;
    const size_t close = rest_.find(']');
    if (close == std::string_view::npos) {
      bad_index_ = true;
      rest_.remove_prefix(1);
      return;
    }
    size_t index = 0;
    const char* const end = rest_.data() + close;
    const auto result = std::from_chars(rest_.data() + 1, end, index);
    bad_index_ = result.ec != std::errc() || result.ptr != end || index < 1 || index > args_.size();
    if (!bad_index_) next_ = index - 1;
    rest_.remove_prefix(close + 1);
  }

  // Digits, or "*" for the next argument.
  std::optional<int> TakeNumber(std::string_view complaint) {
    int64_t number = 0;
    if (rest_.starts_with('*')) {
      rest_.remove_prefix(1);
      if (next_ >= args_.size() || args_[next_].kind() != Kind::kInt) {
        if (next_ < args_.size()) ++next_;
        out_ += complaint;
        return std::nullopt;
      }
      number = args_[next_++].AsInt();
    } else {
      const auto result = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
      if (result.ptr == rest_.data() || rest_.front() == '-') return std::nullopt;
      rest_.remove_prefix(result.ptr - rest_.data());
      if (result.ec != std::errc()) number = kMaxWidth + 1;
    }
    if (number > kMaxWidth || number < -kMaxWidth) {
      out_ += complaint;
      return std::nullopt;
    }
    return static_cast<int>(number);
  }

  void AppendExtra() {
    out_ += "%!(EXTRA ";
    for (size_t i = next_; i < args_.size(); ++i) {
      if (i > next_) out_ += ", ";
      out_ +=
          args_[i].IsNil() ? "<nil>" : fmt::format("{}={}", TypeName(args_[i]), ToText(args_[i]));
    }
    out_ += ')';
  }

  std::string_view rest_;
  const Args args_;
  size_t next_ = 0;
  bool reordered_ = false;
  bool bad_index_ = false;
  std::string out_;
};

// Scientific text with the fewest digits; its exponent decides how %g writes the number.
std::string FormatShortest(double value, bool upper) {
  char buffer[32];
  auto result =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  std::string text(buffer, result.ptr);
  const size_t e = text.find('e');
  int exponent = 0;
  const char* begin = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(begin, text.data() + text.size(), exponent);
  if (exponent >= -4 && exponent < kShortestExponent) {
    result = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed);
    return {buffer, result.ptr};
  }
  if (upper) text[e] = 'E';
  return text;
}

}  // namespace

std::string FormatFloat(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const char lower = static_cast<char>(verb | 0x20);
  const bool upper = verb == 'E' || verb == 'G';
  if (lower == 'g' && precision < 0) return FormatShortest(value, upper);
  const auto format = lower == 'e'   ? std::chars_format::scientific
                      : lower == 'f' ? std::chars_format::fixed
                                     : std::chars_format::general;
  // The largest double has 309 digits before the point.
  std::string buffer(std::max(0, precision) + 330, '\0');
  char* const end = buffer.data() + buffer.size();
  const auto result = precision < 0 ? std::to_chars(buffer.data(), end, value, format)
                                    : std::to_chars(buffer.data(), end, value, format, precision);
  buffer.resize(result.ptr - buffer.data());
  if (upper) std::replace(buffer.begin(), buffer.end(), 'e', 'E');
  return buffer;
}

absl::StatusOr<std::string> Sprintf(std::string_view format, Args args) {
  return Formatter(format, args).Run();
}

std::string Sprint(Args args) {
  std::string text;
  for (size_t i = 0; i < args.size(); ++i) {
    const bool beside_text =
        i == 0 || args[i].kind() == Kind::kString || args[i - 1].kind() == Kind::kString;
    if (!beside_text) text += ' ';
    text += ToText(args[i]);
  }
  return text;
}

std::string Sprintln(Args args) {
  std::string text;
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0) text += ' ';
    text += ToText(args[i]);
  }
  return text + '\n';
}

}  // namespace vigil::text_template
