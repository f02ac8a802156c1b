// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/maintenance.h"

#include <limits>
#include <string>
#include <vector>

#include "base/duration.h"
#include "base/log.h"
#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "proto/vigil/v1/admin.pb.h"
#include "query/promql/parser.h"
#include "server/grpc/call.h"

namespace vigil::server {

using collector::ToGrpcStatus;

grpc::Status TakeSnapshot(storage::Storage& storage, const v1::SnapshotRequest& request,
                          v1::SnapshotResponse* response) {
  const absl::StatusOr<std::string> directory = storage.Snapshot(request.directory());
  if (!directory.ok()) return ToGrpcStatus(directory.status());
  Log(LogLevel::kInfo, "took a snapshot", {{"directory", *directory}});
  response->set_directory(*directory);
  return grpc::Status::OK;
}

grpc::Status DeleteMetrics(storage::Storage& storage, const grpc::ServerContext& context,
                           const v1::DeleteMetricsRequest& request,
                           v1::DeleteMetricsResponse* response) {
  return ToGrpcStatus([&]() -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(context, storage));
    VIGIL_ASSIGN_OR_RETURN(const std::vector<storage::Matcher> matchers,
                           promql::ParseSelector(request.match()));
    const TimeRange range = {
        request.has_start_ms() ? request.start_ms() : std::numeric_limits<int64_t>::min(),
        request.has_end_ms() ? request.end_ms() : std::numeric_limits<int64_t>::max()};
    if (range.start_ms > range.end_ms) {
      return absl::InvalidArgumentError("the end of the time range lies before its start");
    }
    VIGIL_ASSIGN_OR_RETURN(const storage::MetricDeletion deletion,
                           storage.DeleteMetrics(tenant, matchers, range));
    Log(LogLevel::kInfo, "deleted samples",
        {{"selector", request.match()},
         {"tenant", int64_t{static_cast<uint32_t>(tenant)}},
         {"series", deletion.series},
         {"samples", deletion.samples}});
    response->set_series(deletion.series);
    response->set_samples(deletion.samples);
    return absl::OkStatus();
  }());
}

}  // namespace vigil::server
