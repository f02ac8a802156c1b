// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/class_codes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;
using Words = std::vector<uint64_t>;

std::string Encode(const Words& values) {
  std::string bytes;
  AppendClassCodes(values, PlanClassCodes(values), &bytes);
  return bytes;
}

// Decodes with `behind` bytes behind the column: the fast loop reads into them.
absl::Status Decode(std::string bytes, size_t behind, Words* values) {
  bytes.append(behind, '\xA5');
  ByteReader reader(bytes);
  ReadClassCodes(&reader, "codes", *values);
  reader.ReadBytes(behind, "behind");
  reader.ExpectEnd("codes");
  return reader.status();
}

void ExpectRoundTrip(const Words& values, const std::string& name) {
  const std::string bytes = Encode(values);
  for (const size_t behind : {0, 1, 7, 64}) {
    Words decoded(values.size());
    EXPECT_OK(Decode(bytes, behind, &decoded)) << name;
    EXPECT_EQ(decoded, values) << name;
  }
}

// Values whose width in bits is spread evenly over [0, widest].
Words OfWidths(size_t count, unsigned widest) {
  std::mt19937_64 random(kShapeSeed);
  Words values(count);
  for (uint64_t& value : values) {
    const unsigned width = static_cast<unsigned>(random() % (widest + 1));
    value = width == 0 ? 0 : random() >> (64 - width);
  }
  return values;
}

// Values of which some are runs of zeros, some wide, enough for lanes.
Words Long(size_t count, unsigned runs_in_hundred, unsigned wide_in_hundred) {
  std::mt19937_64 random(kShapeSeed);
  Words values;
  while (values.size() < count) {
    if (random() % 100 < runs_in_hundred) {
      values.insert(values.end(), random() % 900, 0);
    } else if (random() % 100 < wide_in_hundred) {
      values.push_back(random());
    } else {
      values.push_back(random() % 500);
    }
  }
  values.resize(count);
  return values;
}

TEST(ClassCodes, LongColumnsHaveLanes) {
  for (const size_t count : {2500, 2501, 2502, 2503, 9000}) {
    EXPECT_EQ(PlanClassCodes(Long(count, 0, 0)).laned, true) << count;
    for (const unsigned runs : {0, 1, 20}) {
      for (const unsigned wide : {0, 1, 30}) {
        ExpectRoundTrip(Long(count, runs, wide), fmt::format("{} {} {}", count, runs, wide));
      }
    }
  }
  EXPECT_FALSE(PlanClassCodes(Long(500, 0, 0)).laned);
}

TEST(ClassCodes, RunsMayCrossLanes) {
  for (const size_t run : {3, 4, 5, 1000, 4000}) {
    Words values = Long(8000, 0, 0);
    // Over the border of the first two lanes, so that a few zeros are on one side.
    for (size_t i = 1999; i < 1999 + run; ++i) values[i] = 0;
    ExpectRoundTrip(values, fmt::format("{}", run));
  }
}

TEST(ClassCodes, PiecesAreReadAlone) {
  constexpr size_t kPiece = 700;
  for (const unsigned runs : {0, 1, 20}) {
    const Words values = Long(5001, runs, 1);
    std::string bytes;
    ClassPlan plan = PlanClassCodes(values);
    plan.laned = true;
    AppendClassPieces(values, kPiece, plan, &bytes);
    const size_t pieces = (values.size() + kPiece - 1) / kPiece;
    for (size_t first = 0; first < pieces; ++first) {
      for (size_t end = first + 1; end <= pieces; ++end) {
        Words part;
        ByteReader reader(bytes);
        ReadClassPieces(&reader, "codes", values.size(), kPiece, first, end,
                        [&](size_t piece, std::span<uint64_t> some) {
                          EXPECT_EQ(piece, first + part.size() / kPiece);
                          part.insert(part.end(), some.begin(), some.end());
                        });
        reader.ExpectEnd("codes");
        ASSERT_OK(reader.status());
        ASSERT_EQ(part.size(), std::min(values.size(), end * kPiece) - first * kPiece);
        const auto from = values.begin() + static_cast<ptrdiff_t>(first * kPiece);
        ASSERT_TRUE(std::equal(part.begin(), part.end(), from)) << first << " to " << end;
      }
    }
  }
}

TEST(ClassCodes, DamagedLanesAreNoticed) {
  const Words values = Long(4000, 1, 1);
  const std::string bytes = Encode(values);
  std::mt19937_64 random(kShapeSeed);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    if (i % 4 == 0) damaged.resize(random() % damaged.size());
    Words decoded(values.size());
    // Not every damage can be seen here; none may reach beyond the column.
    Decode(damaged, 0, &decoded).IgnoreError();
  }
}

TEST(ClassCodes, RoundTripsEveryShape) {
  for (const Shape<int64_t>& shape : IntShapes()) {
    ExpectRoundTrip(Words(shape.values.begin(), shape.values.end()), shape.name);
  }
}

TEST(ClassCodes, RoundTripsEveryWidthAndLength) {
  for (unsigned widest = 0; widest <= 64; ++widest) {
    ExpectRoundTrip(OfWidths(1 + widest * 7, widest), std::to_string(widest));
  }
}

TEST(ClassCodes, RoundTripsRunsOfZerosOfEveryLength) {
  Words values;
  for (size_t run = 0; run < 70; ++run) {
    values.insert(values.end(), run, 0);
    values.push_back(run + 1);
  }
  values.insert(values.end(), 100'000, 0);
  ExpectRoundTrip(values, "runs");
  EXPECT_LE(Encode(values).size(), 250u);
  ExpectRoundTrip(Words((1 << 21) + 5, 0), "a run longer than the longest");
}

TEST(ClassCodes, CostsLittleMoreThanTheEntropy) {
  // Of 16 values one is large: 0.34 bits for which, 20 for its bits, and a tenth of that more.
  std::mt19937_64 random(kShapeSeed);
  Words values(8192);
  for (uint64_t& value : values) {
    value = random() % 16 == 0 ? (uint64_t{1} << 20) + random() % (1 << 20) : random() % 2;
  }
  const double bits = 8.0 * static_cast<double>(Encode(values).size()) / 8192;
  EXPECT_LE(bits, 1.1 * (0.34 + 15.0 / 16 + 20.0 / 16));
}

TEST(ClassCodes, ThePlanTellsTheSizeNearly) {
  for (const unsigned widest : {1, 8, 30, 64}) {
    const Words values = OfWidths(4096, widest);
    const auto size = static_cast<double>(Encode(values).size());
    EXPECT_NEAR(static_cast<double>(PlanClassCodes(values).size_bytes), size, 0.08 * size);
  }
}

TEST(ClassCodes, DamageIsTold) {
  const Words values = OfWidths(100, 20);
  const std::string bytes = Encode(values);
  Words fewer(99);
  EXPECT_THAT(Decode(bytes, 0, &fewer), StatusIs(absl::StatusCode::kDataLoss));
  Words more(110);
  EXPECT_THAT(Decode(bytes, 0, &more),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("do not make 110 values")));
  Words same(100);
  EXPECT_THAT(Decode("\x05" + bytes.substr(1), 0, &same),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("classes of kind 05")));
}

TEST(ClassCodes, HostileBytes) {
  for (const unsigned widest : {2, 12, 64}) {
    Words values = OfWidths(200, widest);
    values.insert(values.end(), 50, 0);
    DecodeHostile(Encode(values),
                  [&](ByteReader* reader) { ReadClassCodes(reader, "codes", values); });
  }
}

}  // namespace
}  // namespace vigil::storage
