// SPDX-License-Identifier: Apache-2.0
#include "collector/remote_write/remote_write_receiver.h"

#include <memory>
#include <random>
#include <string>

#include <fmt/format.h>
#include <snappy.h>

#include "base/metrics.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/remote_write/write_walk.h"

namespace vigil::collector {
namespace {

uint64_t RandomSeed() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

// Senders of the first version leave headers out; what they send is taken for what it must be.
absl::Status CheckHeaders(const WriteHeaders& headers) {
  const std::vector<std::string_view> type = Split(headers.content_type, ';');
  const std::string media = ToLower(Trim(type.front()));
  if (!media.empty() && media != "application/x-protobuf") {
    return absl::UnimplementedError(fmt::format(
        "content type {} is not taken: send application/x-protobuf", storage::Quote(media)));
  }
  for (size_t i = 1; i < type.size(); ++i) {
    const std::string parameter = ToLower(Trim(type[i]));
    if (parameter.starts_with("proto=") && parameter != "proto=prometheus.writerequest") {
      return absl::UnimplementedError(
          fmt::format("messages of type {} are not taken: send remote write 1.0, "
                      "proto=prometheus.WriteRequest",
                      storage::Quote(Trim(type[i]).substr(6))));
    }
  }
  const std::string encoding = ToLower(Trim(headers.content_encoding));
  if (!encoding.empty() && encoding != "snappy") {
    return absl::UnimplementedError(
        fmt::format("content encoding {} is not taken: send snappy", storage::Quote(encoding)));
  }
  return absl::OkStatus();
}

}  // namespace

RemoteWriteReceiver::RemoteWriteReceiver(storage::Storage* storage, Admission* admission,
                                         size_t max_request_bytes)
    : storage_(*storage),
      admission_(*admission),
      max_request_bytes_(max_request_bytes),
      seed_(RandomSeed()) {}

absl::StatusOr<ExportOutcome> RemoteWriteReceiver::Receive(const WriteHeaders& headers,
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
  return Store(tenant, {request.get(), size});
}

absl::StatusOr<ExportOutcome> RemoteWriteReceiver::Store(storage::TenantId tenant,
                                                         std::string_view request) {
  static Counter& received =
      GetCounter("vigil_received_records_total", "Records that were stored.", "signal=\"metrics\"");
  // Requests of a thread follow each other: their memory stays.
  thread_local storage::MetricBatch batch;
  WriteWalk walk(&storage_, tenant, &cache_, seed_, &batch);
  VIGIL_RETURN_IF_ERROR(walk.Walk(request));
  for (const auto& [name, metadata] : walk.metadata()) {
    // What is said of a metric is worth no sample: it goes without being counted if it cannot stay.
    storage_.SetMetricMetadata(tenant, name, metadata).IgnoreError();
  }
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
  }
  return walk.rejections().Outcome();
}

}  // namespace vigil::collector
