// SPDX-License-Identifier: Apache-2.0
//
// OTLP metrics against a store: what becomes of every kind of point (testdata/metrics.txt, of delta
// temporality testdata/delta.txt, exemplars testdata/exemplars.txt, and by other options
// testdata/options.txt), and what damaged, hostile and repeated requests do.
#include "collector/otlp/metrics_receiver.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "collector/otlp/metrics_walk.h"
#include "tests/collector/otlp/text_proto.h"
#include "tests/collector/store_text.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::collector {
namespace {

namespace otlp = opentelemetry::proto;
using Request = otlp::collector::metrics::v1::ExportMetricsServiceRequest;
using otlp::metrics::v1::Metric;
using otlp::metrics::v1::NumberDataPoint;
using storage::kDefaultTenant;
using storage::testing::kStartNs;
using storage::testing::StorageHarness;
using testing::FromText;
using ::testing::HasSubstr;
using testing::MetadataText;
using testing::SeriesText;
using testing::WithInstants;
using vigil::testing::StatusIs;
using vigil::testing::TextCase;

// A receiver on a store of its own.
struct Fixture {
  explicit Fixture(OtlpOptions otlp_options = {}) : options(std::move(otlp_options)) {}

  const OtlpOptions options;
  StorageHarness harness{3};
  std::optional<MetricsReceiver> receiver{std::in_place, &harness.storage(), options};

  absl::StatusOr<ExportOutcome> Export(std::string_view bytes) {
    return receiver->Export(kDefaultTenant, bytes);
  }
  absl::StatusOr<ExportOutcome> Export(const Request& request) {
    return Export(request.SerializeAsString());
  }
  absl::StatusOr<ExportOutcome> ExportInPieces(const Request& request, size_t piece_bytes) {
    const std::string bytes = request.SerializeAsString();
    std::vector<std::string_view> pieces;
    for (size_t at = 0; at < bytes.size(); at += piece_bytes) {
      pieces.push_back(std::string_view(bytes).substr(at, piece_bytes));
    }
    return receiver->Export(kDefaultTenant, pieces);
  }
  std::string Series() { return SeriesText(harness.storage()); }
  void Restart() {
    receiver.reset();
    ASSERT_OK(harness.Kill());
    receiver.emplace(&harness.storage(), options);
  }
};

class Script {
 public:
  // Requests come in pieces of `piece_bytes`, or in one if that is 0.
  explicit Script(size_t piece_bytes = 0) : piece_bytes_(piece_bytes) {}

  std::string Run(const TextCase& text_case) {
    if (text_case.command == "metadata") return MetadataText(fixture_->harness.storage());
    if (text_case.command == "exemplars") {
      return testing::ExemplarsText(fixture_->harness.storage());
    }
    if (text_case.command == "restart") {
      fixture_->Restart();
      return fixture_->Series();
    }
    if (text_case.command == "flush") {
      EXPECT_OK(fixture_->harness.storage().Flush());
      return fixture_->Series();
    }
    if (text_case.command == "options") return SetOptions(text_case);
    if (text_case.command == "metrics") fixture_ = std::make_unique<Fixture>(options_);
    if (text_case.command == "fails") {
      fixture_->harness.store().FailAt(storage::FaultStore::Operation::kWrite, 1,
                                       absl::ResourceExhaustedError("disk full"));
    }
    Request request;
    auto* const resource = request.add_resource_metrics();
    for (const std::string& arg : text_case.args) {
      auto* const attribute = resource->mutable_resource()->add_attributes();
      attribute->set_key(arg.substr(0, arg.find('=')));
      attribute->mutable_value()->set_string_value(arg.substr(arg.find('=') + 1));
    }
    *resource->add_scope_metrics() =
        FromText<otlp::metrics::v1::ScopeMetrics>(WithInstants(text_case.input, kNanosPerMilli));
    const absl::StatusOr<ExportOutcome> outcome =
        piece_bytes_ == 0 ? fixture_->Export(request)
                          : fixture_->ExportInPieces(request, piece_bytes_);
    if (!outcome.ok()) return outcome.status().ToString() + "\n" + fixture_->Series();
    return fixture_->Series() + testing::OutcomeText(*outcome);
  }

 private:
  static std::vector<std::string> Names(const std::string& list) {
    std::vector<std::string> names;
    for (const std::string_view name : Split(list, ',')) names.emplace_back(name);
    return names;
  }

  // Those of the next "metrics".
  std::string SetOptions(const TextCase& text_case) {
    options_ = {};
    const auto has = [&](const std::string& word) {
      return std::find(text_case.args.begin(), text_case.args.end(), word) != text_case.args.end();
    };
    const std::string strategy = text_case.Arg("strategy", "UnderscoreEscapingWithSuffixes");
    EXPECT_TRUE(SetTranslationStrategy(strategy, &options_.names)) << text_case.location;
    options_.promote_resource_attributes = Names(text_case.Arg("promote"));
    options_.ignore_resource_attributes = Names(text_case.Arg("ignore"));
    options_.promote_all_resource_attributes = has("promote_all");
    options_.keep_identifying_resource_attributes = has("keep_identifying");
    options_.promote_scope_metadata = has("scope");
    options_.convert_histograms_to_nhcb = has("nhcb");
    return "";
  }

  const size_t piece_bytes_;
  OtlpOptions options_;
  std::unique_ptr<Fixture> fixture_;
};

TEST(MetricsReceiverTest, Script) {
  for (const size_t piece_bytes : {0, 1, 10, 100}) {
    Script script(piece_bytes);
    vigil::testing::RunTextScript("tests/collector/otlp/testdata/metrics.txt",
                                  [&](const TextCase& c) { return script.Run(c); });
  }
}

TEST(MetricsReceiverTest, DeltaScript) {
  for (const size_t piece_bytes : {0, 10}) {
    Script script(piece_bytes);
    vigil::testing::RunTextScript("tests/collector/otlp/testdata/delta.txt",
                                  [&](const TextCase& c) { return script.Run(c); });
  }
}

TEST(MetricsReceiverTest, ExemplarScript) {
  for (const size_t piece_bytes : {0, 10}) {
    Script script(piece_bytes);
    vigil::testing::RunTextScript("tests/collector/otlp/testdata/exemplars.txt",
                                  [&](const TextCase& c) { return script.Run(c); });
  }
}

TEST(MetricsReceiverTest, OptionsScript) {
  for (const size_t piece_bytes : {0, 10}) {
    Script script(piece_bytes);
    vigil::testing::RunTextScript("tests/collector/otlp/testdata/options.txt",
                                  [&](const TextCase& c) { return script.Run(c); });
  }
}

NumberDataPoint* AddGauge(Request* request, const std::string& name, int64_t value) {
  if (request->resource_metrics_size() == 0) {
    request->add_resource_metrics()->add_scope_metrics();
  }
  auto* const scope = request->mutable_resource_metrics(0)->mutable_scope_metrics(0);
  Metric* const metric = scope->add_metrics();
  metric->set_name(name);
  NumberDataPoint* const point = metric->mutable_gauge()->add_data_points();
  point->set_time_unix_nano(kStartNs);
  point->set_as_int(value);
  return point;
}

void AddAttribute(NumberDataPoint* point, const std::string& name, const std::string& value) {
  auto* const attribute = point->add_attributes();
  attribute->set_key(name);
  attribute->mutable_value()->set_string_value(value);
}

// `bytes` with the text `from` replaced by `to` of the same length.
std::string Replaced(std::string bytes, std::string_view from, std::string_view to) {
  EXPECT_EQ(from.size(), to.size());
  const size_t at = bytes.find(from);
  EXPECT_NE(at, std::string::npos);
  return bytes.replace(at, from.size(), to);
}

TEST(MetricsReceiverTest, TheSameBytesTwiceAreThereOnce) {
  Fixture fixture;
  Request request;
  AddGauge(&request, "g", 5);
  ASSERT_OK(fixture.Export(request));
  const std::string once = fixture.Series();
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, fixture.Export(request));
  EXPECT_EQ(outcome.rejected, 0);
  EXPECT_EQ(fixture.Series(), once);
  EXPECT_EQ(once, "g 0:5\n");
}

TEST(MetricsReceiverTest, TextThatIsNotUtf8CostsOnlyItsPoint) {
  Request request;
  AddAttribute(AddGauge(&request, "good", 1), "label", "fine");
  AddAttribute(AddGauge(&request, "bad_value", 2), "label", "BROKEN_VALUE");
  AddAttribute(AddGauge(&request, "bad_label", 3), "BROKEN_LABEL", "x");
  AddGauge(&request, "BROKEN_NAME", 4);
  AddGauge(&request, "also_good", 5);
  std::string bytes = request.SerializeAsString();
  for (const std::string_view broken : {"BROKEN_VALUE", "BROKEN_LABEL", "BROKEN_NAME"}) {
    bytes = Replaced(bytes, broken, std::string(broken.size(), '\xff'));
  }
  Fixture fixture;
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, fixture.Export(bytes));
  EXPECT_EQ(outcome.rejected, 3);
  EXPECT_THAT(outcome.message, HasSubstr("UTF-8"));
  EXPECT_TRUE(IsValidUtf8(outcome.message)) << "it goes into a protobuf string";
  EXPECT_EQ(fixture.Series(), "also_good 0:5\ngood{label=\"fine\"} 0:1\n");
}

TEST(MetricsReceiverTest, AResourceThatIsNotUtf8CostsItsPointsOnly) {
  Request request;
  AddGauge(&request, "lost", 1);
  AddGauge(&request, "lost_too", 1);
  auto* const attribute = request.mutable_resource_metrics(0)->mutable_resource()->add_attributes();
  attribute->set_key("service.name");
  attribute->mutable_value()->set_string_value("BROKEN");
  std::string bytes = Replaced(request.SerializeAsString(), "BROKEN", "\xff\xff\xff\xff\xff\xff");
  Request good;
  AddGauge(&good, "kept", 1);
  Fixture fixture;
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome,
                       fixture.Export(bytes + good.SerializeAsString()));
  EXPECT_EQ(outcome.rejected, 2);
  EXPECT_EQ(fixture.Series(), "kept 0:1\n");
}

TEST(MetricsReceiverTest, ALabelThatIsTooLongCostsOnlyItsPoint) {
  Request request;
  AddGauge(&request, "good", 1);
  AddAttribute(AddGauge(&request, "bad", 2), "label", std::string(5000, 'x'));
  Fixture fixture;
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, fixture.Export(request));
  EXPECT_EQ(outcome.rejected, 1);
  EXPECT_THAT(outcome.message, HasSubstr("4096"));
  EXPECT_EQ(fixture.Series(), "good 0:1\n");
}

TEST(MetricsReceiverTest, ATargetInfoThatCannotBeMadeLosesNoPoint) {
  Request request;
  AddGauge(&request, "g", 1);
  auto* const resource = request.mutable_resource_metrics(0)->mutable_resource();
  for (const auto& [name, size] : {std::pair("service.name", 3), std::pair("long", 5000)}) {
    auto* const attribute = resource->add_attributes();
    attribute->set_key(name);
    attribute->mutable_value()->set_string_value(std::string(size, 'x'));
  }
  Fixture fixture;
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, fixture.Export(request));
  EXPECT_EQ(outcome.rejected, 0);
  EXPECT_THAT(outcome.message, HasSubstr("4096")) << "a warning";
  EXPECT_EQ(fixture.Series(), "g{job=\"xxx\"} 0:1\n");
}

// A request with everything in it, about 600 bytes.
Request Everything() {
  return FromText<Request>(fmt::format(R"(
    resource_metrics {{
      resource {{ attributes {{ key: "service.name" value {{ string_value: "shop" }} }} }}
      scope_metrics {{
        scope {{ name: "lib" }}
        metrics {{ name: "g" gauge {{ data_points {{ time_unix_nano: {0} as_int: 1 }} }} }}
        metrics {{ name: "c" sum {{ aggregation_temporality: 2 is_monotonic: true
          data_points {{ time_unix_nano: {0} as_double: 1
            attributes {{ key: "a" value {{ string_value: "b" }} }}
            exemplars {{ time_unix_nano: 1 as_int: 1 span_id: "12345678" }} }} }} }}
        metrics {{ name: "h" histogram {{ aggregation_temporality: 2
          data_points {{ time_unix_nano: {0} count: 2 sum: 2 explicit_bounds: 1 bucket_counts: [1, 1] }} }} }}
        metrics {{ name: "e" exponential_histogram {{ aggregation_temporality: 2
          data_points {{ time_unix_nano: {0} count: 2 sum: 2 scale: 3
            positive {{ offset: -1 bucket_counts: [1, 300] }} negative {{ bucket_counts: 1 }} }} }} }}
        metrics {{ name: "s" summary {{ data_points {{ time_unix_nano: {0} count: 2 sum: 2
          quantile_values {{ quantile: 0.5 value: 1 }} }} }} }}
      }}
    }})",
                                       kStartNs));
}

// Stores all of its points or nothing.
TEST(MetricsReceiverTest, ARequestThatIsCutShortIsRefusedWhole) {
  const std::string bytes = Everything().SerializeAsString();
  const std::string twice = bytes + bytes;
  for (size_t size = 0; size < twice.size(); ++size) {
    Fixture fixture;
    const absl::StatusOr<ExportOutcome> outcome = fixture.Export(twice.substr(0, size));
    // A top-level message that ends is a request; every other cut is seen.
    const bool whole = size == 0 || size == bytes.size();
    EXPECT_EQ(outcome.ok(), whole) << "cut at " << size;
    if (!outcome.ok()) {
      EXPECT_THAT(outcome, StatusIs(absl::StatusCode::kInvalidArgument));
      EXPECT_EQ(fixture.Series(), "") << "cut at " << size;
    }
  }
}

TEST(MetricsReceiverTest, ARequestWithABrokenPartStoresNothing) {
  const std::string bytes = Everything().SerializeAsString();
  Fixture fixture;
  EXPECT_THAT(fixture.Export(bytes + "\x0a\x02\x0a"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(fixture.Export(bytes + "\x0c"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(fixture.Series(), "");
}

// `data` is a oneof: senders that are odd but right may write it in pieces.
TEST(MetricsReceiverTest, DataInPiecesIsMergedAndAnotherMemberReplacesIt) {
  const auto piece = [](const std::string& text) {
    return FromText<Metric>(fmt::format(fmt::runtime(text), kStartNs)).SerializeAsString();
  };
  const std::string one = piece(R"(name: "x" gauge {{ data_points {{ time_unix_nano: {} as_int: 1
                                    attributes {{ key: "a" value {{ int_value: 1 }} }} }} }})");
  const std::string two = piece(R"(gauge {{ data_points {{ time_unix_nano: {} as_int: 2 }} }})");
  const std::string sum = piece(R"(sum {{ aggregation_temporality: 2
                                    data_points {{ time_unix_nano: {} as_int: 3 }} }})");
  const auto request = [](const std::string& metric) {
    // The envelopes round a metric of less than 128 bytes - 6.
    const auto wrapped = [](char field, const std::string& bytes) {
      EXPECT_LT(bytes.size(), 128);
      return std::string(1, static_cast<char>(field << 3 | 2)) + static_cast<char>(bytes.size()) +
             bytes;
    };
    return wrapped(1, wrapped(2, wrapped(2, metric)));
  };
  Fixture merged;
  ASSERT_OK(merged.Export(request(one + two)));
  EXPECT_EQ(merged.Series(), "x 0:2\nx{a=\"1\"} 0:1\n");
  Fixture replaced;
  ASSERT_OK(replaced.Export(request(one + sum)));
  EXPECT_EQ(replaced.Series(), "x 0:3\n");
  Fixture broken;
  EXPECT_THAT(broken.Export(request(std::string("\x2a\x02\x0a\x05", 4) + sum)),
              StatusIs(absl::StatusCode::kInvalidArgument))
      << "what is replaced must be well-formed, too";
}

TEST(MetricsReceiverTest, TooManyExponentialBucketsCostOnlyTheirPoint) {
  Request request;
  AddGauge(&request, "good", 1);
  Metric* const metric =
      request.mutable_resource_metrics(0)->mutable_scope_metrics(0)->add_metrics();
  metric->set_name("wide");
  metric->mutable_exponential_histogram()->set_aggregation_temporality(
      otlp::metrics::v1::AGGREGATION_TEMPORALITY_CUMULATIVE);
  auto* const point = metric->mutable_exponential_histogram()->add_data_points();
  point->set_time_unix_nano(kStartNs);
  for (int i = 0; i < 1'000'000; ++i) point->mutable_negative()->add_bucket_counts(0);
  Fixture fixture;
  ASSERT_OK_AND_ASSIGN(const ExportOutcome outcome, fixture.Export(request));
  EXPECT_EQ(outcome.rejected, 1);
  EXPECT_THAT(outcome.message, HasSubstr("65536"));
  EXPECT_EQ(fixture.Series(), "good 0:1\n");
}

TEST(MetricsReceiverTest, AFailingStoreFailsTheRequest) {
  Fixture fixture;
  Request request;
  AddGauge(&request, "g", 1);
  fixture.harness.store().FailAt(storage::FaultStore::Operation::kWrite, 1,
                                 absl::ResourceExhaustedError("disk full"));
  EXPECT_THAT(fixture.Export(request), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(fixture.Series(), "");
  ASSERT_OK(fixture.Export(request));
  EXPECT_EQ(fixture.Series(), "g 0:1\n");
}

TEST(MetricsReceiverTest, TenantsDoNotShareSeries) {
  Fixture fixture;
  const storage::TenantId other = *fixture.harness.storage().Tenant("other");
  Request request;
  AddGauge(&request, "g", 1);
  ASSERT_OK(fixture.Export(request));
  request.mutable_resource_metrics(0)
      ->mutable_scope_metrics(0)
      ->mutable_metrics(0)
      ->mutable_gauge()
      ->mutable_data_points(0)
      ->set_as_int(2);
  ASSERT_OK(fixture.receiver->Export(other, request.SerializeAsString()));
  EXPECT_EQ(fixture.Series(), "g 0:1\n");
  EXPECT_EQ(SeriesText(fixture.harness.storage(), other), "g 0:2\n");
}

TEST(MetricsReceiverTest, ManyThreadsMeetNewSeriesAtOnce) {
  Fixture fixture;
  constexpr int kSeries = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&fixture, t] {
      for (int round = 0; round < 5; ++round) {
        Request request;
        for (int i = 0; i < kSeries; ++i) {
          NumberDataPoint* const point = AddGauge(&request, fmt::format("m{:02}", i), 1);
          point->set_time_unix_nano(kStartNs + (t * 5 + round) * kNanosPerMilli);
        }
        EXPECT_OK(fixture.Export(request));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::string samples;
  for (int ms = 0; ms < 20; ++ms) samples += fmt::format(" {}:1", ms);
  std::string expected;
  for (int i = 0; i < kSeries; ++i) expected += fmt::format("m{:02}{}\n", i, samples);
  EXPECT_EQ(fixture.Series(), expected);
}

TEST(MetricsWalkTest, CountsThePointsOfARequest) {
  StorageHarness harness(1);
  const OtlpOptions options;
  MetricCache cache;
  storage::MetricBatch batch;
  MetricsWalk walk(&harness.storage(), kDefaultTenant, &options, &cache, 1, &batch);
  const std::string bytes = Everything().SerializeAsString();
  const std::string_view request = bytes;
  JoinedBytes joined;
  ASSERT_OK(walk.Walk({&request, 1}, &joined));
  EXPECT_EQ(walk.points(), 5);
  EXPECT_EQ(walk.rejections().count(), 0);
  EXPECT_EQ(batch.size(), 1 + 1 + 4 + 1 + 3);
}

}  // namespace
}  // namespace vigil::collector
