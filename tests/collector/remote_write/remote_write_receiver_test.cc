// SPDX-License-Identifier: Apache-2.0
//
// Remote write against a store: what becomes of every kind of message (testdata/writes.txt and
// writes_v2.txt), of headers and encodings, and when the server refuses.
#include "collector/remote_write/remote_write_receiver.h"

#include <limits>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <prometheus/write_v2.pb.h>

#include "tests/collector/remote_write/write_text.h"
#include "tests/collector/store_text.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::collector {
namespace {

using storage::testing::StorageHarness;
using testing::BytesOf;
using testing::Compress;
using ::testing::HasSubstr;
using testing::SeriesText;
using vigil::testing::StatusIs;
using vigil::testing::TextCase;

constexpr size_t kMaxBytes = 1 << 20;
constexpr const char* kOne =
    R"(timeseries { labels { name: "__name__" value: "x" } samples { value: 1 timestamp: @1 } })";

// A receiver on a store of its own.
struct Fixture {
  explicit Fixture(const AdmissionOptions& options = {}) : admission(options) {}

  StorageHarness harness{3};
  Admission admission;
  RemoteWriteReceiver receiver{&harness.storage(), &admission, kMaxBytes};

  absl::StatusOr<WriteOutcome> Send(const std::string& bytes, const WriteHeaders& headers = {}) {
    return receiver.Receive(headers, Compress(bytes));
  }
  std::string Series() { return SeriesText(harness.storage()); }
};

constexpr const char* kV2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

// Messages of one version and the content type that goes with them.
template <typename Message>
class Script {
 public:
  explicit Script(std::string_view content_type) : content_type_(content_type) {}

  std::string Run(const TextCase& text_case) {
    storage::Storage* const storage = fixture_ == nullptr ? nullptr : &fixture_->harness.storage();
    if (text_case.command == "metadata") return testing::MetadataText(*storage);
    if (text_case.command == "exemplars") return ExemplarsText(storage);
    if (text_case.command == "write") fixture_ = std::make_unique<Fixture>();
    const absl::StatusOr<WriteOutcome> outcome =
        fixture_->Send(BytesOf<Message>(text_case.input), {.content_type = content_type_});
    if (!outcome.ok()) return outcome.status().ToString();
    std::string text = fixture_->Series();
    text += fmt::format("written: {} {} {}\n", outcome->samples, outcome->histograms,
                        outcome->exemplars);
    if (outcome->refused.rejected > 0) {
      text += fmt::format("rejected {}: {}\n", outcome->refused.rejected, outcome->refused.message);
    }
    return text;
  }

 private:
  static std::string ExemplarsText(storage::Storage* storage) {
    std::string text;
    const auto all = storage->ReadExemplars(storage::kDefaultTenant, {},
                                            {0, std::numeric_limits<int64_t>::max()});
    for (const storage::ExemplarSeries& series : all.value()) {
      text += series.labels.ToString();
      for (const storage::Exemplar& exemplar : series.exemplars) {
        text += fmt::format(" {}:{}{}", exemplar.time_ms - storage::testing::kStartMs,
                            exemplar.value, exemplar.labels.ToString());
      }
      text += "\n";
    }
    return text;
  }

  const std::string_view content_type_;
  std::unique_ptr<Fixture> fixture_;
};

TEST(RemoteWriteReceiverTest, Script) {
  Script<prometheus::WriteRequest> script("application/x-protobuf");
  vigil::testing::RunTextScript("tests/collector/remote_write/testdata/writes.txt",
                                [&](const TextCase& c) { return script.Run(c); });
}

TEST(RemoteWriteReceiverTest, ScriptOfTheSecondVersion) {
  Script<io::prometheus::write::v2::Request> script(kV2);
  vigil::testing::RunTextScript("tests/collector/remote_write/testdata/writes_v2.txt",
                                [&](const TextCase& c) { return script.Run(c); });
}

TEST(RemoteWriteReceiverTest, HeadersOfTheProtocolAndNone) {
  Fixture fixture;
  for (const char* type :
       {"", "application/x-protobuf", "Application/X-Protobuf; proto=prometheus.WriteRequest"}) {
    EXPECT_OK(fixture.Send(BytesOf(kOne), {.content_type = type, .content_encoding = "snappy"}));
  }
  EXPECT_OK(fixture.Send(BytesOf(kOne)));
  for (const WriteHeaders& headers :
       {WriteHeaders{.content_type = "application/json"},
        WriteHeaders{.content_type = "application/x-protobuf;proto=io.prometheus.write.v3.Request"},
        WriteHeaders{.content_encoding = "zstd"}, WriteHeaders{.content_encoding = "gzip"}}) {
    EXPECT_THAT(fixture.Send(BytesOf(kOne), headers), StatusIs(absl::StatusCode::kUnimplemented));
  }
}

TEST(RemoteWriteReceiverTest, TheContentTypeTellsTheVersion) {
  EXPECT_EQ(WriteVersionOf(""), WriteVersion::kV1);
  EXPECT_EQ(WriteVersionOf("application/x-protobuf"), WriteVersion::kV1);
  EXPECT_EQ(WriteVersionOf("application/x-protobuf;proto=prometheus.WriteRequest"),
            WriteVersion::kV1);
  EXPECT_EQ(WriteVersionOf(kV2), WriteVersion::kV2);
  EXPECT_EQ(WriteVersionOf("application/x-protobuf; Proto=IO.prometheus.write.v2.Request"),
            WriteVersion::kV2);
}

TEST(RemoteWriteReceiverTest, BothVersionsMeanTheSameSeries) {
  Fixture fixture;
  ASSERT_OK(fixture.Send(BytesOf(
      R"(timeseries { labels { name: "__name__" value: "x" } labels { name: "job" value: "j" }
         samples { value: 1 timestamp: @1 } })")));
  // The same texts by other numbers, in one request and the next.
  for (const char* text : {R"(symbols: ["", "__name__", "x", "job", "j"]
           timeseries { labels_refs: [1, 2, 3, 4] samples { value: 2 timestamp: @2 } })",
                           R"(symbols: ["", "j", "job", "x", "__name__", "j"]
           timeseries { labels_refs: [4, 3, 2, 1] samples { value: 3 timestamp: @3 } }
           timeseries { labels_refs: [4, 3, 2, 5] samples { value: 4 timestamp: @4 } })"}) {
    ASSERT_OK(
        fixture.Send(BytesOf<io::prometheus::write::v2::Request>(text), {.content_type = kV2}));
  }
  EXPECT_EQ(fixture.Series(), "x{job=\"j\"} 1:1 2:2 3:3 4:4\n");
}

TEST(RemoteWriteReceiverTest, TenantsAreApart) {
  Fixture fixture;
  ASSERT_OK(fixture.Send(BytesOf(kOne), {.tenant = "a"}));
  ASSERT_OK(fixture.Send(BytesOf(kOne), {.tenant = "b"}));
  EXPECT_EQ(fixture.Series(), "");
  ASSERT_OK_AND_ASSIGN(const storage::TenantId b, fixture.harness.storage().Tenant("b"));
  EXPECT_EQ(SeriesText(fixture.harness.storage(), b), "x 1:1\n");
  EXPECT_THAT(fixture.Send(BytesOf(kOne), {.tenant = "no spaces"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RemoteWriteReceiverTest, BrokenBodiesStoreNothing) {
  Fixture fixture;
  const std::string good = BytesOf(kOne);
  EXPECT_THAT(fixture.receiver.Receive({}, ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("snappy")));
  EXPECT_THAT(fixture.receiver.Receive({}, good), StatusIs(absl::StatusCode::kInvalidArgument));
  std::string damaged = Compress(good);
  damaged.resize(damaged.size() - 3);
  EXPECT_THAT(fixture.receiver.Receive({}, damaged),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("damaged")));
  for (size_t cut = 1; cut < good.size(); ++cut) {
    const std::string both = good + good.substr(0, cut);
    EXPECT_THAT(fixture.Send(both), StatusIs(absl::StatusCode::kInvalidArgument)) << cut;
  }
  EXPECT_EQ(fixture.Series(), "");
  ASSERT_OK(fixture.Send(""));
}

TEST(RemoteWriteReceiverTest, SizeIsThatOfTheDecompressedBody) {
  Fixture fixture;
  EXPECT_THAT(fixture.Send(std::string(kMaxBytes + 1, '\0')),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("1048577 bytes")));
  // Snappy's length alone, as a bomb would have it.
  EXPECT_THAT(fixture.receiver.Receive({}, "\xff\xff\xff\xff\x0f"),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(RemoteWriteReceiverTest, AdmissionRefuses) {
  AdmissionOptions options;
  options.max_bytes_in_flight = 100;
  Fixture fixture(options);
  const Admission::Ticket other = fixture.admission.Admit(100);
  EXPECT_THAT(fixture.Send(BytesOf(kOne)), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(RemoteWriteReceiverTest, ManySeriesComeBackByTheirBytes) {
  Fixture fixture;
  prometheus::WriteRequest request;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    auto* const series = request.add_timeseries();
    auto* label = series->add_labels();
    label->set_name("__name__");
    label->set_value(fmt::format("m{:04}", i));
    label = series->add_labels();
    label->set_name("job");
    label->set_value(fmt::format("job {}", i % 7));
    series->add_samples()->set_timestamp(storage::testing::kStartMs);
    series->mutable_samples(0)->set_value(i);
  }
  for (int round = 0; round < 3; ++round) {
    for (auto& series : *request.mutable_timeseries()) {
      series.mutable_samples(0)->set_timestamp(storage::testing::kStartMs + round);
    }
    ASSERT_OK(fixture.Send(request.SerializeAsString()));
  }
  for (int i = 0; i < 1000; ++i) {
    expected += fmt::format("m{:04}{{job=\"job {}\"}} 0:{} 1:{} 2:{}\n", i, i % 7, i, i, i);
  }
  EXPECT_EQ(fixture.Series(), expected);
}

}  // namespace
}  // namespace vigil::collector
