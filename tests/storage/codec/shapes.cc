// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/codec/shapes.h"

#include <bit>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/model/sample.h"
#include "tests/testing/fuzz.h"

namespace vigil::storage {
namespace {

// Around groups of 128 and chunks of 64, and the degenerate ones.
constexpr size_t kLengths[] = {1, 2, 3, 4, 63, 64, 65, 127, 128, 129, 130, 131, 1000};

using Random = std::mt19937_64;

template <typename T>
class ShapeMaker {
 public:
  // Adds a shape of each length; `next(random, i)` gives entry i.
  void Add(std::string_view name, std::function<T(Random*, size_t)> next) {
    for (const size_t length : kLengths) {
      Random random(kShapeSeed + length);
      Shape<T> shape{.name = fmt::format("{} x {}", name, length)};
      for (size_t i = 0; i < length; ++i) shape.values.push_back(next(&random, i));
      shapes_.push_back(std::move(shape));
    }
  }
  std::vector<Shape<T>> Take() { return std::move(shapes_); }

 private:
  std::vector<Shape<T>> shapes_;
};

int64_t Below(Random* random, int64_t bound) {
  return static_cast<int64_t>((*random)() % static_cast<uint64_t>(bound));
}

Histogram GrowingHistogram(Random* random, size_t i) {
  Histogram histogram;
  histogram.schema = 3;
  histogram.reset_hint = i == 0 ? CounterResetHint::kUnknown : CounterResetHint::kNotReset;
  histogram.zero_threshold = 1e-128;
  histogram.zero_count = static_cast<double>(i);
  histogram.positive_spans = {{-2, 3}, {4, 2}};
  histogram.negative_spans = {{1, 1}};
  for (int bucket = 0; bucket < 5; ++bucket) {
    histogram.positive_counts.push_back(static_cast<double>(i * 10 + Below(random, 4)));
  }
  histogram.negative_counts = {static_cast<double>(i / 7)};
  histogram.count = static_cast<double>(i * 52);
  histogram.sum = 0.1 * static_cast<double>(i) + 1.0 / 3;
  return histogram;
}

Histogram WanderingHistogram(Random* random, size_t i) {
  Histogram histogram = GrowingHistogram(random, i);
  histogram.schema = static_cast<int8_t>(Below(random, 13) - 4);
  histogram.reset_hint = static_cast<CounterResetHint>(Below(random, 4));
  histogram.positive_spans = {{static_cast<int32_t>(Below(random, 9) - 4), 4}, {2, 1}};
  histogram.negative_spans.clear();
  histogram.negative_counts.clear();
  if (i % 3 == 0) histogram.positive_counts[2] = 0.5;
  if (i % 5 == 0) histogram.positive_counts[0] = std::numeric_limits<double>::quiet_NaN();
  return histogram;
}

Histogram CustomHistogram(Random* random, size_t i) {
  Histogram histogram;
  histogram.schema = kCustomBucketsSchema;
  histogram.custom_bounds = {0.005, 0.01, 0.025, 0.05, 1, 2.5, 10};
  histogram.positive_spans = {{0, 8}};
  histogram.positive_counts.assign(8, static_cast<double>(i / 2));
  histogram.count = static_cast<double>(i * 4);
  histogram.sum = static_cast<double>(Below(random, 1000)) / 8;
  return histogram;
}

Histogram SometimesStale(Random* random, size_t i) {
  if (i % 4 != 3) return GrowingHistogram(random, i);
  Histogram stale;
  stale.sum = StaleNan();
  return stale;
}

}  // namespace

std::vector<Shape<int64_t>> IntShapes() {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  ShapeMaker<int64_t> maker;
  maker.Add("constant", [](Random*, size_t) { return 42; });
  maker.Add("step", [](Random*, size_t i) { return 1'700'000'000'000 + int64_t(i) * 15'000; });
  maker.Add("step down", [](Random*, size_t i) { return -int64_t(i) * 3; });
  maker.Add("jitter", [](Random* r, size_t i) {
    return 1'700'000'000'000 + int64_t(i) * 15'000 + Below(r, 9) - 4;
  });
  maker.Add("late ones", [](Random* r, size_t i) {
    return int64_t(i) * 1000 + (i % 37 == 5 ? 700 : Below(r, 3));
  });
  maker.Add("counter with resets",
            [](Random* r, size_t i) { return int64_t(i % 50) * 100'000'000 + Below(r, 1000); });
  maker.Add("milliseconds as nanoseconds", [](Random* r, size_t) {
    return 1'700'000'000'000'000'123 + Below(r, 100'000) * 1'000'000;
  });
  maker.Add("small", [](Random* r, size_t) { return Below(r, 10); });
  maker.Add("small and huge", [](Random* r, size_t i) {
    return i % 20 == 7 ? static_cast<int64_t>((*r)()) : Below(r, 10);
  });
  maker.Add("random", [](Random* r, size_t) { return static_cast<int64_t>((*r)()); });
  maker.Add("extremes", [=](Random*, size_t i) { return i % 2 == 0 ? kMin : kMax; });
  maker.Add("extremes and small", [=](Random*, size_t i) {
    const int64_t values[] = {kMin, -1, 0, kMax, 1, kMin + 1};
    return values[i % 6];
  });
  return maker.Take();
}

std::vector<Shape<double>> FloatShapes() {
  using Limits = std::numeric_limits<double>;
  ShapeMaker<double> maker;
  maker.Add("constant", [](Random*, size_t) { return 0.1; });
  maker.Add("constant stale", [](Random*, size_t) { return StaleNan(); });
  maker.Add("constant -0", [](Random*, size_t) { return -0.0; });
  maker.Add("counter", [](Random*, size_t i) { return double(i) * 100 + 1e9; });
  maker.Add("counter ending stale",
            [](Random*, size_t i) { return i % 64 == 63 ? StaleNan() : double(i) * 7; });
  maker.Add("large counter", [](Random* r, size_t i) {
    return 0x1p60 + double(i) * 4096 + double(Below(r, 8)) * 1024;
  });
  maker.Add("two digits", [](Random* r, size_t) { return double(Below(r, 10000)) / 100; });
  maker.Add("many digits", [](Random* r, size_t i) {
    return double(Below(r, 100'000'000)) / std::pow(10, double(i % 12));
  });
  maker.Add("true floats",
            [](Random* r, size_t) { return std::sin(double(Below(r, 1'000'000)) / 1000); });
  maker.Add("slow floats", [](Random*, size_t i) { return 20 + std::sin(double(i) / 100); });
  maker.Add("repeating floats", [](Random*, size_t i) { return 1.0 / (3 + double(i / 10)); });
  maker.Add("once 32 bits", [](Random* r, size_t) {
    return double(static_cast<float>(Below(r, 1'000'000)) / 7.0f);
  });
  maker.Add("any bits", [](Random* r, size_t) { return std::bit_cast<double>((*r)()); });
  maker.Add("NaN payloads", [](Random* r, size_t) {
    return std::bit_cast<double>(0x7FF0000000000001ull | ((*r)() & 0x800FFFFFFFFFFFFFull));
  });
  maker.Add("special", [](Random*, size_t i) {
    const double values[] = {0.0,           -0.0, Limits::infinity(),   -Limits::infinity(),
                             Limits::max(), 1.5,  Limits::denorm_min(), Limits::quiet_NaN(),
                             StaleNan(),    -1,   Limits::min(),        Limits::lowest()};
    return values[i % 12];
  });
  return maker.Take();
}

std::vector<Shape<std::shared_ptr<const Histogram>>> HistogramShapes() {
  ShapeMaker<std::shared_ptr<const Histogram>> maker;
  const auto add = [&maker](std::string_view name, Histogram (*make)(Random*, size_t)) {
    maker.Add(name, [make](Random* random, size_t i) {
      return std::make_shared<const Histogram>(make(random, i));
    });
  };
  add("growing", GrowingHistogram);
  add("wandering", WanderingHistogram);
  add("custom", CustomHistogram);
  add("sometimes stale", SometimesStale);
  return maker.Take();
}

std::vector<uint64_t> Bits(const std::vector<double>& values) {
  std::vector<uint64_t> bits;
  for (const double value : values) bits.push_back(std::bit_cast<uint64_t>(value));
  return bits;
}

void DecodeHostile(std::string_view bytes, const std::function<void(ByteReader*)>& decode) {
  constexpr int kMutations = 200;
  constexpr size_t kMaxPrefixes = 400;
  const auto expect_sane = [&decode](std::string_view hostile) {
    ByteReader reader(hostile);
    decode(&reader);
    if (!reader.ok()) {
      EXPECT_EQ(reader.status().code(), absl::StatusCode::kDataLoss);
    }
  };
  const size_t step = bytes.size() / kMaxPrefixes + 1;
  for (size_t length = 0; length < bytes.size(); length += step) {
    // A copy of its own, so that a sanitizer sees reads beyond it.
    const std::vector<char> prefix(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    expect_sane({prefix.data(), prefix.size()});
  }
  std::mt19937_64 random(kShapeSeed);
  for (int i = 0; i < kMutations; ++i) {
    expect_sane(vigil::testing::Mutate(std::string(bytes), &random));
  }
}

}  // namespace vigil::storage
