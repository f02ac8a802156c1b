// SPDX-License-Identifier: Apache-2.0
#include "server/api/status_api.h"

#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <unistd.h>

#include "base/duration.h"
#include "base/json_writer.h"
#include "server/api/api_response.h"
#include "server/api/api_time.h"

namespace vigil::server {
namespace {

// The Prometheus whose API this is: clients decide by it what they may ask for.
constexpr std::string_view kPrometheusVersion = "3.5.0";

std::string HostName() {
  char name[256] = {};
  // The last byte stays 0.
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

std::string WorkingDirectory() {
  char path[4096];
  return ::getcwd(path, sizeof(path)) == nullptr ? "" : path;
}

int64_t ThreadCount() {
  std::error_code error;
  std::filesystem::directory_iterator threads("/proc/self/task", error);
  return error ? 0 : std::distance(threads, std::filesystem::directory_iterator());
}

}  // namespace

absl::StatusOr<HttpResponse> ShowBuildInfo(const ApiParts& parts, const HttpRequest&) {
  const ApiProcess process = parts.process();
  return Success([&process](JsonWriter& json) {
    json.BeginObject();
    json.TextMember("version", kPrometheusVersion);
    json.TextMember("revision", process.version);
    json.TextMember("branch", "");
    json.TextMember("buildUser", "");
    json.TextMember("buildDate", "");
    json.TextMember("goVersion", "");
    json.TextMember("vigilVersion", process.version);
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> ShowRuntimeInfo(const ApiParts& parts, const HttpRequest&) {
  const ApiProcess process = parts.process();
  return Success([&](JsonWriter& json) {
    json.BeginObject();
    json.TextMember("startTime", ApiTimeText(process.started_at_ms));
    json.TextMember("CWD", WorkingDirectory());
    json.TextMember("hostname", HostName());
    json.TextMember("serverTime", ApiTimeText(parts.clock->NowMs()));
    json.BoolMember("reloadConfigSuccess", process.last_reload_ok);
    json.TextMember("lastConfigTime", ApiTimeText(process.config_loaded_at_ms));
    json.IntMember("corruptionCount", process.corrupt_blocks);
    // What Go calls so there are none of here; threads come closest.
    json.IntMember("goroutineCount", ThreadCount());
    json.IntMember("GOMAXPROCS", std::thread::hardware_concurrency());
    json.IntMember("GOMEMLIMIT", static_cast<int64_t>(process.memory_limit_bytes));
    json.TextMember("GOGC", "");
    json.TextMember("GODEBUG", "");
    json.TextMember("storageRetention", process.retention_ms == 0
                                            ? std::string()
                                            : FormatDurationMs(process.retention_ms));
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> ShowConfig(const ApiParts& parts, const HttpRequest&) {
  const ApiProcess process = parts.process();
  return Success([&process](JsonWriter& json) {
    json.BeginObject();
    json.TextMember("yaml", process.config_yaml);
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> ShowFlags(const ApiParts& parts, const HttpRequest&) {
  const ApiProcess process = parts.process();
  return Success([&process](JsonWriter& json) {
    json.BeginObject();
    for (const auto& [name, value] : process.flags) {
      json.EscapedKey(name);
      json.Text(value);
    }
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> ShowNotifications(const ApiParts&, const HttpRequest&) {
  return Success([](JsonWriter& json) { json.Raw("[]"); });
}

HttpResponse ShowWalReplay(const HttpRequest&) {
  return Success([](JsonWriter& json) { json.Raw(R"({"min":0,"max":0,"current":0})"); });
}

}  // namespace vigil::server
