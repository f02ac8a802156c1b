// SPDX-License-Identifier: Apache-2.0
#include "server/api/federate.h"

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/server/api/api_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using testing::ApiHarness;
using ::testing::HasSubstr;
using testing::kStartMs;
using ::testing::Not;
using vigil::testing::StatusIs;

constexpr const char* kAll = "/federate?match[]={__name__=~\".%2B\"}";
constexpr const char* kDelimited =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

class FederateTest : public ::testing::Test {
 protected:
  HttpResponse Get(std::string_view url, const std::string& accept = "") {
    HttpRequest request = ApiHarness::Get(url);
    request.headers["accept"] = accept;
    return Federate(harness_.parts(), request).value();
  }

  ApiHarness harness_;
};

TEST_F(FederateTest, TheNewestOfEachSeriesByName) {
  harness_.Add("b_total{job=\"y\"}", -5, 1);
  harness_.Add("b_total{job=\"x\",instance=\"i\"}", -6, 1);
  harness_.Add("b_total{job=\"x\",instance=\"i\"}", -5, 2.5);
  harness_.Add("Z{A=\"q\\\"\\n\\\\\"}", -5, std::numeric_limits<double>::infinity());
  harness_.Add("gone", -6, 1);
  harness_.Add("gone", -5, storage::StaleNan());
  harness_.Add("old", -301, 1);
  harness_.Add("edge", -299.999, 1);
  const HttpResponse response = Get(kAll);
  EXPECT_EQ(response.content_type,
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  EXPECT_EQ(response.body,
            "# TYPE Z untyped\n"
            "Z{A=\"q\\\"\\n\\\\\",instance=\"\"} +Inf 1767323040000\n"
            "# TYPE b_total untyped\n"
            "b_total{instance=\"i\",job=\"x\"} 2.5 1767323040000\n"
            "b_total{job=\"y\",instance=\"\"} 1 1767323040000\n"
            "# TYPE edge untyped\n"
            "edge{instance=\"\"} 1 1767322745001\n");
}

TEST_F(FederateTest, NumbersHaveExponentsFromAMillionOn) {
  const std::pair<double, const char*> numbers[] = {
      {-0.0, "0"},           {100000, "100000"},
      {1e6, "1e+06"},        {1796010285, "1.796010285e+09"},
      {0.0001, "0.0001"},    {1e-5, "1e-05"},
      {-1.5e21, "-1.5e+21"}, {-2, "-2"}};
  for (const auto& [number, text] : numbers) {
    harness_.Add("n{t=\"" + std::string(text) + "\"}", -5, number);
  }
  const std::string body = Get(kAll).body;
  for (const auto& [number, text] : numbers) {
    EXPECT_THAT(body, HasSubstr(std::string("t=\"") + text + "\",instance=\"\"} " + text + " "));
  }
}

TEST_F(FederateTest, SelectorsAreAUnion) {
  harness_.Add("a{x=\"1\"}", -5, 1);
  harness_.Add("a{x=\"2\"}", -5, 1);
  harness_.Add("c", -5, 1);
  const std::string body = Get("/federate?match[]=a&match[]={x=\"1\"}&match[]=nosuch").body;
  EXPECT_EQ(body,
            "# TYPE a untyped\n"
            "a{x=\"1\",instance=\"\"} 1 1767323040000\n"
            "a{x=\"2\",instance=\"\"} 1 1767323040000\n");
  EXPECT_EQ(Get("/federate").body, "");
  EXPECT_THAT(Federate(harness_.parts(), ApiHarness::Get("/federate?match[]={")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("unexpected end of input inside braces")));
}

TEST_F(FederateTest, ExternalLabels) {
  harness_.parts().options.external_labels = {{"dc", "x"}, {"instance", "vigil"}, {"job", "j"}};
  harness_.Add("a{job=\"own\"}", -5, 1);
  EXPECT_THAT(Get(kAll).body, HasSubstr("a{job=\"own\",dc=\"x\",instance=\"vigil\"} 1 "));
}

TEST_F(FederateTest, NamesBeyondTheClassicOnes) {
  harness_.Add("{\"utf8.metric\",\"la.bel\"=\"ä\",\"9ö\"=\"1\"}", -5, 1);
  EXPECT_EQ(Get(kAll).body,
            "# TYPE utf8_metric untyped\n"
            "utf8_metric{__=\"1\",la_bel=\"ä\",instance=\"\"} 1 1767323040000\n");
  EXPECT_EQ(Get(kAll, "text/plain;version=1.0.0;escaping=allow-utf-8").body,
            "# TYPE \"utf8.metric\" untyped\n"
            "{\"utf8.metric\",\"9ö\"=\"1\",\"la.bel\"=\"ä\",instance=\"\"} 1 1767323040000\n");
}

TEST_F(FederateTest, MessagesHaveNativeHistograms) {
  storage::Histogram histogram;
  histogram.schema = 1;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 2;
  histogram.count = 11;
  histogram.sum = 5;
  histogram.positive_spans = {{1, 2}, {2, 1}};
  histogram.positive_counts = {3, 1, 4};
  histogram.negative_spans = {{0, 1}};
  histogram.negative_counts = {1};
  harness_.AddHistogram("nh{job=\"j\"}", -5, histogram);
  harness_.Add("f", -5, 1e22);
  EXPECT_THAT(Get(kAll).body, Not(HasSubstr("nh")));
  const HttpResponse response = Get(kAll, kDelimited);
  EXPECT_EQ(response.content_type,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
            "encoding=delimited; escaping=underscores");
  // As Prometheus writes the same, but for the times.
  EXPECT_EQ(ToHex(response.body),
            "270a0166180322200a0c0a08696e7374616e636512002a090992d54d06cff080443080f2a5e5b733"
            "85010a026e681804227d0a080a036a6f6212016a0a0c0a08696e7374616e636512003080f2a5e5b7"
            "333a5c110000000000001440210000000000002640280231fca9f1d24d62503f4100000000000000"
            "404a040800100159000000000000f03f620408021002620408041001710000000000000840710000"
            "00000000f03f710000000000001040");
}

TEST(NegotiateExpositionTest, TheBestThatIsKnown) {
  const auto negotiate = NegotiateExposition;
  EXPECT_EQ(negotiate(""), ExpositionForm());
  EXPECT_EQ(negotiate("*/*"), ExpositionForm());
  EXPECT_EQ(negotiate(kDelimited), (ExpositionForm{true, false}));
  EXPECT_EQ(negotiate("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
            (ExpositionForm{false, true}));
  EXPECT_EQ(negotiate(std::string("text/plain;q=0.5, ") + kDelimited + ";escaping=allow-utf-8"),
            (ExpositionForm{true, true}));
  EXPECT_EQ(negotiate(std::string(kDelimited) + ";q=0.1, text/plain;q=0.5"), ExpositionForm());
  EXPECT_EQ(negotiate("application/vnd.google.protobuf;q=1"), ExpositionForm());
}

}  // namespace
}  // namespace vigil::server
