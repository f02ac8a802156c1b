// SPDX-License-Identifier: Apache-2.0
#include "server/api/remote_write.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collector/remote_write/write_text.h"
#include "tests/collector/store_text.h"
#include "tests/storage/storage_harness.h"

namespace vigil::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(RemoteWriteTest, StatusesOfOutcomes) {
  constexpr auto kV1 = collector::WriteVersion::kV1;
  const auto status = [](const absl::StatusOr<collector::WriteOutcome>& outcome) {
    return ToWriteResponse(outcome, kV1, 1500).status;
  };
  EXPECT_EQ(status(collector::WriteOutcome{}), 204);
  EXPECT_EQ(status(absl::InvalidArgumentError("x")), 400);
  EXPECT_EQ(status(absl::OutOfRangeError("x")), 413);
  EXPECT_EQ(status(absl::UnimplementedError("x")), 415);
  EXPECT_EQ(status(absl::ResourceExhaustedError("x")), 429);
  EXPECT_EQ(status(absl::UnavailableError("x")), 503);
  EXPECT_EQ(status(absl::DataLossError("x")), 503);
  EXPECT_THAT(ToWriteResponse(absl::ResourceExhaustedError("x"), kV1, 1500).headers,
              UnorderedElementsAre(Pair("Retry-After", "2")));
  EXPECT_THAT(ToWriteResponse(absl::InvalidArgumentError("x"), kV1, 1500).headers, IsEmpty());
  const HttpResponse partial =
      ToWriteResponse(collector::WriteOutcome{{3, "why"}, 5, 0, 0}, kV1, 1500);
  EXPECT_THAT(partial.headers, IsEmpty());
  EXPECT_EQ(partial.status, 400);
  EXPECT_EQ(partial.body, "3 samples were refused, the others are stored: why\n");
}

TEST(RemoteWriteTest, TheSecondVersionIsToldCounts) {
  constexpr auto kV2 = collector::WriteVersion::kV2;
  const auto counts = [](const char* samples, const char* histograms, const char* exemplars) {
    return UnorderedElementsAre(Pair("X-Prometheus-Remote-Write-Samples-Written", samples),
                                Pair("X-Prometheus-Remote-Write-Histograms-Written", histograms),
                                Pair("X-Prometheus-Remote-Write-Exemplars-Written", exemplars));
  };
  const HttpResponse whole = ToWriteResponse(collector::WriteOutcome{{}, 5, 2, 1}, kV2, 1500);
  EXPECT_EQ(whole.status, 204);
  EXPECT_THAT(whole.headers, counts("5", "2", "1"));
  const HttpResponse partial =
      ToWriteResponse(collector::WriteOutcome{{3, "why"}, 5, 2, 1}, kV2, 1500);
  EXPECT_EQ(partial.status, 400);
  EXPECT_THAT(partial.headers, counts("5", "2", "1"));
  EXPECT_THAT(ToWriteResponse(absl::InvalidArgumentError("x"), kV2, 1500).headers,
              counts("0", "0", "0"));
}

TEST(RemoteWriteTest, TheRouteHandsOnBodyAndHeaders) {
  storage::testing::StorageHarness harness(2);
  collector::Admission admission({});
  collector::RemoteWriteReceiver receiver(&harness.storage(), &admission, 1 << 20);
  collector::RemoteWriteReceiver* ready = nullptr;
  HttpRouter router;
  AddRemoteWrite([&ready] { return ready; }, 1000, &router);
  HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/write";
  request.headers = {{"x-scope-orgid", "t"},
                     {"content-type", "application/x-protobuf"},
                     {"content-encoding", "snappy"}};
  request.body = collector::testing::Compress(collector::testing::BytesOf(
      R"(timeseries { labels { name: "__name__" value: "x" } samples { value: 1 timestamp: @1 } })"));
  EXPECT_EQ(router.KindOf(request), HandlerKind::kSlow);
  EXPECT_EQ(router.Route(request).status, 503) << "not ready";
  ready = &receiver;
  EXPECT_EQ(router.Route(request).status, 204);
  EXPECT_EQ(collector::testing::SeriesText(harness.storage(), *harness.storage().Tenant("t")),
            "x 1:1\n");
  request.headers["content-encoding"] = "gzip";
  const HttpResponse response = router.Route(request);
  EXPECT_EQ(response.status, 415);
  EXPECT_THAT(response.body, HasSubstr("send snappy"));
}

}  // namespace
}  // namespace vigil::server
