// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/go_time.h"

#include <memory>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::text_template {
namespace {

constexpr double kNanosPerSecond = 1e9;

absl::Status NoMember(std::string_view type, std::string_view name) {
  return absl::NotFoundError(fmt::format("no method {} in {}", name, type));
}

absl::Status WrongArguments(std::string_view name) {
  return absl::InvalidArgumentError(fmt::format("wrong arguments for {}", name));
}

class DurationObject final : public Object {
 public:
  explicit DurationObject(int64_t nanoseconds) : nanoseconds_(nanoseconds) {}

  int64_t nanoseconds() const { return nanoseconds_; }
  std::string TypeName() const override { return "time.Duration"; }
  Value Underlying() const override { return Value(nanoseconds_); }
  std::string ToText() const override { return FormatGoDuration(nanoseconds_); }

  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    const auto seconds = static_cast<double>(nanoseconds_) / kNanosPerSecond;
    Value value;
    if (name == "Seconds") value = Value(seconds);
    if (name == "Minutes") value = Value(seconds / 60);
    if (name == "Hours") value = Value(seconds / 3600);
    if (name == "Milliseconds") value = Value(nanoseconds_ / 1'000'000);
    if (name == "Microseconds") value = Value(nanoseconds_ / 1'000);
    if (name == "Nanoseconds") value = Value(nanoseconds_);
    if (name == "String") value = Value(ToText());
    if (value.IsNil()) return NoMember("time.Duration", name);
    if (!args.empty()) return WrongArguments(name);
    return value;
  }

 private:
  const int64_t nanoseconds_;
};

class TimeObject final : public Object {
 public:
  TimeObject(absl::Time time, absl::TimeZone zone) : time_(time), zone_(zone) {}

  absl::Time time() const { return time_; }
  std::string TypeName() const override { return "time.Time"; }
  std::string ToText() const override {
    return FormatGoTime("2006-01-02 15:04:05.999999999 -0700 MST", time_, zone_);
  }

  absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
    Value value = args.empty() ? Field(name) : args.size() == 1 ? Method(name, args[0]) : Value();
    if (!value.IsNil()) return value;
    // With neither shape known it may be the arguments that are wrong.
    static const StringSet* const methods =
        new StringSet{"Format", "Add", "Sub", "Before", "After", "Equal", "AddDate"};
    if (name == "AddDate" && args.size() == 3) return AddDate(args);
    if (methods->contains(name) || !Field(name).IsNil()) return WrongArguments(name);
    return NoMember("time.Time", name);
  }

 private:
  // What takes no argument.
  Value Field(std::string_view name) const {
    const absl::CivilSecond civil = zone_.At(time_).cs;
    if (name == "Unix") return Value(absl::ToUnixSeconds(time_));
    if (name == "UnixMilli") return Value(absl::ToUnixMillis(time_));
    if (name == "UnixNano") return Value(absl::ToUnixNanos(time_));
    if (name == "Year") return Value(static_cast<int64_t>(civil.year()));
    if (name == "YearDay") return Value(absl::GetYearDay(absl::CivilDay(civil)));
    if (name == "Month") return Value(FormatGoTime("January", time_, zone_));
    if (name == "Weekday") return Value(FormatGoTime("Monday", time_, zone_));
    if (name == "Day") return Value(civil.day());
    if (name == "Hour") return Value(civil.hour());
    if (name == "Minute") return Value(civil.minute());
    if (name == "Second") return Value(civil.second());
    if (name == "UTC") return MakeTime(time_);
    if (name == "String") return Value(ToText());
    // Go's zero time is the first second of year 1.
    if (name == "IsZero")
      return Value(time_ == absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone()));
    return Value();
  }

  // What takes one.
  Value Method(std::string_view name, const Value& argument) const {
    if (name == "Format" && argument.kind() == Kind::kString) {
      return Value(FormatGoTime(argument.AsString(), time_, zone_));
    }
    const std::optional<int64_t> nanoseconds = DurationOf(argument);
    if (name == "Add" && nanoseconds.has_value()) {
      return MakeTime(time_ + absl::Nanoseconds(*nanoseconds), zone_);
    }
    const std::optional<absl::Time> other = TimeOf(argument);
    if (!other.has_value()) return Value();
    if (name == "Sub") return MakeDuration(absl::ToInt64Nanoseconds(time_ - *other));
    if (name == "Before") return Value(time_ < *other);
    if (name == "After") return Value(time_ > *other);
    if (name == "Equal") return Value(time_ == *other);
    return Value();
  }

  absl::StatusOr<Value> AddDate(Args args) const {
    // Beyond this no calendar reaches, and civil time would overflow.
    constexpr int64_t kLimit = 1'000'000;
    for (const Value& arg : args) {
      if (arg.kind() != Kind::kInt || arg.AsInt() > kLimit || arg.AsInt() < -kLimit) {
        return WrongArguments("AddDate");
      }
    }
    const absl::CivilSecond civil = zone_.At(time_).cs;
    const absl::CivilSecond moved(civil.year() + args[0].AsInt(), civil.month() + args[1].AsInt(),
                                  civil.day() + args[2].AsInt(), civil.hour(), civil.minute(),
                                  civil.second());
    return MakeTime(absl::FromCivil(moved, zone_) + zone_.At(time_).subsecond, zone_);
  }

  const absl::Time time_;
  const absl::TimeZone zone_;
};

template <typename T>
const T* ObjectAs(const Value& value) {
  return value.kind() == Kind::kObject ? dynamic_cast<const T*>(&value.AsObject()) : nullptr;
}

// `magnitude` units as a decimal fraction of `unit`.
std::string Fraction(uint64_t magnitude, uint64_t unit, int digits) {
  std::string text = fmt::to_string(magnitude / unit);
  std::string fraction = fmt::format("{:0{}}", magnitude % unit, digits);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return fraction.empty() ? text : fmt::format("{}.{}", text, fraction);
}

}  // namespace

std::string FormatGoDuration(int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  const std::string_view sign = nanoseconds < 0 ? "-" : "";
  // Unsigned, because the smallest int64 has no negative.
  const uint64_t magnitude =
      nanoseconds < 0 ? 0 - static_cast<uint64_t>(nanoseconds) : static_cast<uint64_t>(nanoseconds);
  if (magnitude < 1'000) return fmt::format("{}{}ns", sign, magnitude);
  if (magnitude < 1'000'000) return fmt::format("{}{}µs", sign, Fraction(magnitude, 1'000, 3));
  if (magnitude < 1'000'000'000) {
    return fmt::format("{}{}ms", sign, Fraction(magnitude, 1'000'000, 6));
  }
  constexpr uint64_t kMinute = 60'000'000'000;
  const std::string seconds = Fraction(magnitude % kMinute, 1'000'000'000, 9);
  const uint64_t minutes = magnitude / kMinute;
  if (minutes == 0) return fmt::format("{}{}s", sign, seconds);
  if (minutes < 60) return fmt::format("{}{}m{}s", sign, minutes, seconds);
  return fmt::format("{}{}h{}m{}s", sign, minutes / 60, minutes % 60, seconds);
}

Value MakeTime(absl::Time time, absl::TimeZone zone) {
  return Value(std::shared_ptr<const Object>(std::make_shared<TimeObject>(time, zone)));
}

Value MakeDuration(int64_t nanoseconds) {
  return Value(std::shared_ptr<const Object>(std::make_shared<DurationObject>(nanoseconds)));
}

std::optional<absl::Time> TimeOf(const Value& value) {
  const auto* const object = ObjectAs<TimeObject>(value);
  return object == nullptr ? std::nullopt : std::optional(object->time());
}

std::optional<int64_t> DurationOf(const Value& value) {
  const auto* const object = ObjectAs<DurationObject>(value);
  return object == nullptr ? std::nullopt : std::optional(object->nanoseconds());
}

}  // namespace vigil::text_template
