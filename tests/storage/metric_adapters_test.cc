// SPDX-License-Identifier: Apache-2.0
//
// Queriers over several shards, and the adapters for those who write few samples.
#include "storage/storage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kStartMs;
using testing::SampleOf;
using ::testing::SizeIs;
using testing::StorageHarness;
using ::vigil::testing::StatusIs;

constexpr TimeRange kEver = {0, INT64_MAX};

class MetricAdaptersTest : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Shards, MetricAdaptersTest, ::testing::Values(1, 4));

TEST_P(MetricAdaptersTest, AQuerierSeesAllShardsAsOne) {
  StorageHarness harness(GetParam());
  const auto sink = harness.storage().MetricSinkFor(kDefaultTenant);
  std::vector<LabeledSample> samples;
  for (int i = 0; i < 30; ++i) {
    samples.push_back(
        SampleOf(i % 2 == 0 ? "even" : "odd", fmt::format("job{:02}", i), kStartMs, i));
  }
  ASSERT_OK(sink->Append(samples, {}));
  const auto querier = harness.storage().MetricSourceFor(kDefaultTenant)->NewQuerier();
  ASSERT_OK_AND_ASSIGN(const std::vector<SeriesHandle> all, querier->Select({}, kEver));
  ASSERT_THAT(all, SizeIs(30));
  for (size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].labels, all[i].labels);
  for (const SeriesHandle& handle : all) {
    SampleColumns columns;
    ASSERT_OK(querier->Read(handle.ref, kEver, &columns));
    EXPECT_EQ(fmt::format("job{:02}", columns.values.at(0)), handle.labels.Get("job"));
  }
  ASSERT_OK_AND_ASSIGN(const auto odd,
                       querier->Select({Matcher::Equal(std::string(kMetricName), "odd")}, kEver));
  EXPECT_THAT(odd, SizeIs(15));
  EXPECT_THAT(*querier->LabelNames({}, kEver), ElementsAre("__name__", "job"));
  EXPECT_THAT(*querier->LabelValues("__name__", {}, kEver), ElementsAre("even", "odd"));
  ASSERT_OK_AND_ASSIGN(const auto jobs, querier->LabelValues("job", {}, kEver));
  EXPECT_THAT(jobs, SizeIs(30));
  EXPECT_TRUE(std::is_sorted(jobs.begin(), jobs.end()));
}

TEST_P(MetricAdaptersTest, ASelectionIsLimitedByTheTextOfItsLabels) {
  StorageHarness harness(GetParam());
  const auto sink = harness.storage().MetricSinkFor(kDefaultTenant);
  std::vector<LabeledSample> samples;
  for (int i = 0; i < 30; ++i) {
    samples.push_back(SampleOf(i == 0 ? "one" : "many", fmt::format("job{:02}", i), kStartMs, i));
  }
  ASSERT_OK(sink->Append(samples, {}));
  const auto querier = harness.storage().MetricSourceFor(kDefaultTenant)->NewQuerier();
  ASSERT_OK_AND_ASSIGN(const auto all, querier->Select({}, kEver));
  size_t label_bytes = 0;
  for (const SeriesHandle& handle : all) label_bytes += handle.labels.packed().size();
  querier->LimitSelection(label_bytes);
  EXPECT_THAT(*querier->Select({}, kEver), SizeIs(30));
  querier->LimitSelection(label_bytes - 1);
  EXPECT_THAT(querier->Select({}, kEver), StatusIs(absl::StatusCode::kResourceExhausted));
  ASSERT_OK_AND_ASSIGN(const auto one,
                       querier->Select({Matcher::Equal(std::string(kMetricName), "one")}, kEver));
  EXPECT_THAT(one, SizeIs(1));
}

TEST_P(MetricAdaptersTest, SeriesOfOneExporterShareAShard) {
  StorageHarness harness(GetParam());
  for (int exporter = 0; exporter < 10; ++exporter) {
    std::set<uint32_t> shards;
    for (int i = 0; i < 10; ++i) {
      const Labels labels = {{kMetricName, fmt::format("m{}", i)},
                             {"instance", fmt::format("host{}", exporter)},
                             {"path", fmt::format("/{}", i)}};
      const auto ref = harness.storage().GetOrCreateSeries(kDefaultTenant, labels, {});
      ASSERT_OK(ref);
      shards.insert(ShardOf(*ref));
    }
    EXPECT_THAT(shards, SizeIs(1));
  }
}

TEST_P(MetricAdaptersTest, ASinkTakesHistogramsAndMetadataOfSamples) {
  StorageHarness harness(GetParam());
  const auto sink = harness.storage().MetricSinkFor(kDefaultTenant);
  const MetricMetadata own = {MetricType::kHistogram, "s", "its own"};
  LabeledSample histogram = SampleOf("h", "a", kStartMs, 0);
  histogram.histogram = std::make_shared<const Histogram>(Histogram{.count = 3, .sum = 4});
  histogram.metadata = &own;
  ASSERT_OK(sink->Append({histogram, SampleOf("g", "a", kStartMs, 1)},
                         {MetricType::kGauge, "", "for all"}));
  EXPECT_THAT(harness.storage().MetricMetadataOf(kDefaultTenant),
              ElementsAre(::testing::Pair("g", MetricMetadata{MetricType::kGauge, "", "for all"}),
                          ::testing::Pair("h", own)));
  const auto querier = harness.storage().NewMetricQuerier(kDefaultTenant);
  const auto found = querier->Select({Matcher::Equal(std::string(kMetricName), "h")}, kEver);
  ASSERT_OK(found);
  SampleColumns columns;
  ASSERT_OK(querier->Read(found->at(0).ref, kEver, &columns));
  ASSERT_THAT(columns.histograms, SizeIs(1));
  EXPECT_EQ(*columns.histograms[0], *histogram.histogram);
}

TEST_P(MetricAdaptersTest, ASampleThatCannotBeTakenCostsOnlyItself) {
  StorageHarness harness(GetParam());
  const auto sink = harness.storage().MetricSinkFor(kDefaultTenant);
  LabeledSample nameless = SampleOf("", "a", kStartMs, 1);
  ASSERT_OK_AND_ASSIGN(
      const WriteResult result,
      sink->Append({nameless, SampleOf("m", "a", kStartMs, 1), SampleOf("m", "b", -1, 1)}, {}));
  EXPECT_EQ(result.rejected, 2);
  EXPECT_THAT(result.rejection_reason, HasSubstr("name"));
  EXPECT_THAT(harness.Read().samples, SizeIs(1));
}

TEST_P(MetricAdaptersTest, AnEmptyAppendIsFine) {
  StorageHarness harness(GetParam());
  const auto sink = harness.storage().MetricSinkFor(kDefaultTenant);
  ASSERT_OK_AND_ASSIGN(const WriteResult result, sink->Append({}, {}));
  EXPECT_EQ(result.rejected, 0);
  EXPECT_FALSE(result.duplicate);
}

}  // namespace
}  // namespace vigil::storage
