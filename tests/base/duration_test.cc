// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/testing/status_matchers.h"

namespace vigil {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
// 2026-01-02T03:04:05.678Z.
constexpr int64_t kNowMs = 1'767'323'045'678;

TEST(TimeRangeTest, IsClosed) {
  const TimeRange range = {5, 7};
  EXPECT_TRUE(range.Contains(5));
  EXPECT_TRUE(range.Contains(7));
  EXPECT_FALSE(range.Contains(4));
  EXPECT_FALSE(range.Contains(8));
}

TEST(DurationTest, Parses) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"0", 0},
      {"0s", 0},
      {"1ms", 1},
      {"15s", 15'000},
      {"1h30m", 90 * kMillisPerMinute},
      {"1m30s500ms", 90'500},
      {"2d", 2 * kMillisPerDay},
      {"1w", 7 * kMillisPerDay},
      {"1y", 365 * kMillisPerDay},
      {"1y2w3d4h5m6s7ms",
       365 * kMillisPerDay + 17 * kMillisPerDay + 4 * kMillisPerHour + 5 * kMillisPerMinute + 6007},
      {"007s", 7000},
      {"9223372036854775807ms", kMax},
  };
  for (const auto& [text, expected] : cases) {
    ASSERT_OK_AND_ASSIGN(const int64_t duration_ms, ParseDurationMs(text));
    EXPECT_EQ(duration_ms, expected) << text;
  }
}

TEST(DurationTest, Refuses) {
  for (const std::string_view text :
       {"",      "1",    "s",     "00", "-1s",   "+1s", "1.5h", "1 h", " 1h",   "1h ",
        "30m1h", "1h1h", "1ms1s", "1H", "1hour", "1sm", "1m5",  "one", "1h-1m", "1\xc2\xb5s"}) {
    EXPECT_THAT(ParseDurationMs(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a duration")))
        << text;
  }
  for (const std::string_view text :
       {"9223372036854775808ms", "292471209y", "9223372036854775807s", "1y9223372036854775807ms"}) {
    EXPECT_THAT(ParseDurationMs(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(DurationTest, Formats) {
  const std::vector<std::pair<int64_t, std::string>> cases = {
      {0, "0s"},
      {1, "1ms"},
      {90'000, "1m30s"},
      {kMillisPerHour, "1h"},
      {25 * kMillisPerHour + 1, "1d1h1ms"},
      {7 * kMillisPerDay, "1w"},
      {8 * kMillisPerDay, "8d"},
      {365 * kMillisPerDay, "1y"},
      {366 * kMillisPerDay, "366d"},
      {-5000, "-5s"},
      {kMax, "106751991167d7h12m55s807ms"},
      {kMin, "-106751991167d7h12m55s808ms"},
  };
  for (const auto& [duration_ms, expected] : cases) {
    EXPECT_EQ(FormatDurationMs(duration_ms), expected);
  }
}

TEST(DurationTest, FormattedDurationsReadBack) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto duration_ms = static_cast<int64_t>(random() >> (1 + random() % 63));
    ASSERT_OK_AND_ASSIGN(const int64_t back, ParseDurationMs(FormatDurationMs(duration_ms)));
    ASSERT_EQ(back, duration_ms);
  }
}

TEST(InstantTest, Parses) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"now", kNowMs},
      {"-1h", kNowMs - kMillisPerHour},
      {"+5m", kNowMs + 5 * kMillisPerMinute},
      {"now-1h30m", kNowMs - 90 * kMillisPerMinute},
      {"now+1s", kNowMs + 1000},
      {"1767323045", 1'767'323'045'000},
      {"1767323045.678", kNowMs},
      {"-15", -15'000},  // A number is Unix seconds.
      {"0", 0},
      {"1e3", 1'000'000},
      {"2026-01-02T03:04:05.678Z", kNowMs},
      {"2026-01-02T03:04:05.6789Z", kNowMs},
      {"2026-01-02T03:04:05Z", 1'767'323'045'000},
      {"2026-01-02T05:04:05+02:00", 1'767'323'045'000},
      {"2026-01-01T22:34:05-04:30", 1'767'323'045'000},
      {"1969-12-31T23:59:59.999Z", -1},
  };
  for (const auto& [text, expected] : cases) {
    ASSERT_OK_AND_ASSIGN(const int64_t unix_ms, ParseInstantMs(text, kNowMs));
    EXPECT_EQ(unix_ms, expected) << text;
  }
}

TEST(InstantTest, Refuses) {
  for (const std::string_view text :
       {"", "yesterday", "now-", "now-5", "now1h", "1h", "--1h", "2026-01-02",
        "2026-01-02T03:04:05", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "NaN", "+Inf",
        "1e300", "infinite-future", "infinite-past", "now+292471208y", "+9223372036854775807ms"}) {
    EXPECT_THAT(ParseInstantMs(text, kNowMs),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a time")))
        << text;
  }
}

TEST(InstantTest, Formats) {
  EXPECT_EQ(FormatInstantMs(kNowMs), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(FormatInstantMs(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatInstantMs(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatInstantNs(kNowMs * kNanosPerMilli + 9), "2026-01-02T03:04:05.678000009Z");
  EXPECT_EQ(FormatInstantNs(kMax), "2262-04-11T23:47:16.854775807Z");
  FormatInstantMs(kMax);
  FormatInstantMs(kMin);
}

TEST(InstantTest, FormattedInstantsReadBack) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 5'000; ++i) {
    const auto unix_ms = static_cast<int64_t>(random() % 253'402'300'800'000);  // To year 9999.
    ASSERT_OK_AND_ASSIGN(const int64_t back, ParseInstantMs(FormatInstantMs(unix_ms), 0));
    ASSERT_EQ(back, unix_ms);
  }
}

}  // namespace
}  // namespace vigil
