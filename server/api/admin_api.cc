// SPDX-License-Identifier: Apache-2.0
#include "server/api/admin_api.h"

#include <atomic>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"
#include "server/api/api_params.h"
#include "server/api/api_response.h"
#include "server/api/api_time.h"

namespace vigil::server {
namespace {

absl::Status CheckEnabled(const ApiParts& parts) {
  if (parts.options.admin) return absl::OkStatus();
  return absl::UnimplementedError("admin APIs disabled");
}

// 20260102T030405Z and a number that no other snapshot of this process has.
std::string NewSnapshotName(int64_t now_ms) {
  static std::atomic<uint64_t> number{0};
  std::string name;
  for (const char c : ApiTimeText(now_ms)) {
    if (c == '.') break;
    if (c != '-' && c != ':' && c != 'Z') name += c;
  }
  return fmt::format("{}Z-{:08x}{:08x}", name, static_cast<uint32_t>(now_ms), number.fetch_add(1));
}

}  // namespace

absl::StatusOr<HttpResponse> DeleteSeries(const ApiParts& parts, const HttpRequest& request) {
  VIGIL_RETURN_IF_ERROR(CheckEnabled(parts));
  const ApiParams params(request);
  if (!params.Has("match[]")) return absl::InvalidArgumentError("no match[] parameter provided");
  VIGIL_ASSIGN_OR_RETURN(const TimeRange range, OptionalRange(params));
  const absl::StatusOr<std::vector<Selector>> selectors = ParseSelectors(params);
  if (!selectors.ok()) return AboutParameter("match[]", selectors.status());
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(parts, request));
  for (const Selector& selector : *selectors) {
    VIGIL_RETURN_IF_ERROR(parts.storage->DeleteMetrics(tenant, selector, range).status());
  }
  return NoData();
}

absl::StatusOr<HttpResponse> CleanTombstones(const ApiParts& parts, const HttpRequest&) {
  VIGIL_RETURN_IF_ERROR(CheckEnabled(parts));
  return NoData();
}

absl::StatusOr<HttpResponse> TakeSnapshot(const ApiParts& parts, const HttpRequest& request) {
  VIGIL_RETURN_IF_ERROR(CheckEnabled(parts));
  const std::string_view skip = ApiParams(request).First("skip_head");
  if (const absl::StatusOr<bool> parsed = ParseGoBool(skip); !skip.empty() && !parsed.ok()) {
    return InvalidParameter("skip_head",
                            fmt::format("unable to parse boolean: {}", MessageOf(parsed.status())));
  }
  std::error_code error;
  std::filesystem::create_directories(parts.options.snapshot_dir, error);
  if (error) {
    return absl::InternalError(fmt::format("create snapshot directory {}: {}",
                                           parts.options.snapshot_dir, error.message()));
  }
  const std::string name = NewSnapshotName(parts.clock->NowMs());
  VIGIL_ASSIGN_OR_RETURN(const std::string path, parts.storage->Snapshot(fmt::format(
                                                     "{}/{}", parts.options.snapshot_dir, name)));
  Log(LogLevel::kInfo, "snapshot taken", {{"directory", path}});
  return Success([&name](JsonWriter& json) {
    json.BeginObject();
    json.TextMember("name", name);
    json.EndObject();
  });
}

}  // namespace vigil::server
