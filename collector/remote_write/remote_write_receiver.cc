// SPDX-License-Identifier: Apache-2.0
#include "collector/remote_write/remote_write_receiver.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <snappy.h>

#include "base/metrics.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/remote_write/write_walk.h"
#include "collector/remote_write/write_walk_v2.h"

namespace vigil::collector {
namespace {

uint64_t RandomSeed() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

constexpr std::string_view kMedia = "application/x-protobuf";
// Messages, in lower case.
constexpr std::string_view kMessage = "prometheus.writerequest";
constexpr std::string_view kMessageV2 = "io.prometheus.write.v2.request";

// The parameter `proto` of a content type as it was sent, "" if there is none.
std::string_view ProtoOf(const std::vector<std::string_view>& type) {
  constexpr std::string_view kParameter = "proto=";
  for (size_t i = 1; i < type.size(); ++i) {
    const std::string_view parameter = Trim(type[i]);
    if (ToLower(parameter).starts_with(kParameter)) return parameter.substr(kParameter.size());
  }
  return "";
}

// Senders of the first version leave headers out; what they send is taken for what it must be.
absl::Status CheckHeaders(const WriteHeaders& headers) {
  const std::vector<std::string_view> type = Split(headers.content_type, ';');
  const std::string media = ToLower(Trim(type.front()));
  if (!media.empty() && media != kMedia) {
    return absl::UnimplementedError(
        fmt::format("content type {} is not taken: send {}", storage::Quote(media), kMedia));
  }
  const std::string_view message = ProtoOf(type);
  const std::string lower = ToLower(message);
  if (!lower.empty() && lower != kMessage && lower != kMessageV2) {
    return absl::UnimplementedError(
        fmt::format("messages of type {} are not taken: send proto=prometheus.WriteRequest or "
                    "proto=io.prometheus.write.v2.Request",
                    storage::Quote(message)));
  }
  const std::string encoding = ToLower(Trim(headers.content_encoding));
  if (!encoding.empty() && encoding != "snappy") {
    return absl::UnimplementedError(
        fmt::format("content encoding {} is not taken: send snappy", storage::Quote(encoding)));
  }
  return absl::OkStatus();
}

}  // namespace

WriteVersion WriteVersionOf(std::string_view content_type) {
  return ToLower(ProtoOf(Split(content_type, ';'))) == kMessageV2 ? WriteVersion::kV2
                                                                  : WriteVersion::kV1;
}

RemoteWriteReceiver::RemoteWriteReceiver(storage::Storage* storage, Admission* admission,
                                         size_t max_request_bytes)
    : storage_(*storage),
      admission_(*admission),
      max_request_bytes_(max_request_bytes),
      seed_(RandomSeed()) {}

absl::StatusOr<WriteOutcome> RemoteWriteReceiver::Receive(const WriteHeaders& headers,
                                                          std::string_view body) {
  VIGIL_RETURN_IF_ERROR(CheckHeaders(headers));
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, storage_.Tenant(headers.tenant));
  size_t size = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size)) {
    return absl::InvalidArgumentError("the body is not snappy's block format");
  }
  if (size > max_request_bytes_) {
    return absl::OutOfRangeError(fmt::format(
        "the request has {} bytes decompressed; the limit is {}", size, max_request_bytes_));
  }
  const Admission::Ticket ticket = admission_.Admit(size);
  if (!ticket.admitted() || admission_.memory_short()) {
    return admission_.Refusal();
  }
  // Not a string, which would be zeroed first.
  const auto request = std::make_unique_for_overwrite<char[]>(size);
  if (!snappy::RawUncompress(body.data(), body.size(), request.get())) {
    return absl::InvalidArgumentError("the body is not snappy's block format, or it is damaged");
  }
  if (WriteVersionOf(headers.content_type) == WriteVersion::kV2) {
    return Store<WriteWalkV2>(tenant, &cache_v2_, {request.get(), size});
  }
  return Store<WriteWalk>(tenant, &cache_, {request.get(), size});
}

template <typename Walk>
absl::StatusOr<WriteOutcome> RemoteWriteReceiver::Store(storage::TenantId tenant,
                                                        MetricCache* cache,
                                                        std::string_view request) {
  static Counter& received =
      GetCounter("vigil_received_records_total", "Records that were stored.", "signal=\"metrics\"");
  // Requests of a thread follow each other: their memory stays.
  thread_local storage::MetricBatch batch;
  Walk walk(&storage_, tenant, cache, seed_, &batch);
  VIGIL_RETURN_IF_ERROR(walk.Walk(request));
  for (const auto& [name, metadata] : walk.metadata()) {
    // What is said of a metric is worth no sample: it goes without being counted if it cannot stay.
    storage_.SetMetricMetadata(tenant, name, metadata).IgnoreError();
  }
  WriteOutcome outcome;
  if (!batch.empty()) {
    // Samples have an identity of their own (series and instant): a request that is sent again
    // overwrites itself, so it needs no token.
    const absl::StatusOr<storage::WriteResult> result = storage_.WriteMetrics(tenant, batch, {});
    if (absl::IsResourceExhausted(result.status())) {
      // A full disk. Senders keep their samples for a server that is away, not for one that says
      // "too many requests".
      return absl::UnavailableError(result.status().message());
    }
    VIGIL_RETURN_IF_ERROR(result.status());
    walk.rejections().Add(*result);
    received.Add(static_cast<int64_t>(batch.size()) - result->rejected);
    const auto floats = static_cast<int64_t>(batch.values.size());
    const int64_t refused_floats = std::min(floats, result->rejected);
    outcome.samples = floats - refused_floats;
    outcome.histograms =
        static_cast<int64_t>(batch.histograms.size()) - (result->rejected - refused_floats);
    outcome.exemplars = static_cast<int64_t>(batch.exemplars.size());
  }
  outcome.refused = walk.rejections().Outcome();
  return outcome;
}

}  // namespace vigil::collector
