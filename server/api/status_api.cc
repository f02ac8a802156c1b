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

// Writes the members of an object.
class Members {
 public:
  explicit Members(JsonWriter* json) : json_(*json) { json_.BeginObject(); }
  void Text(std::string_view key, std::string_view text) {
    json_.Key(key);
    json_.Text(text);
  }
  void Int(std::string_view key, int64_t number) {
    json_.Key(key);
    json_.Int(number);
  }
  void Bool(std::string_view key, bool flag) {
    json_.Key(key);
    json_.Bool(flag);
  }
  void End() { json_.EndObject(); }

 private:
  JsonWriter& json_;
};

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
    Members members(&json);
    members.Text("version", kPrometheusVersion);
    members.Text("revision", process.version);
    members.Text("branch", "");
    members.Text("buildUser", "");
    members.Text("buildDate", "");
    members.Text("goVersion", "");
    members.Text("vigilVersion", process.version);
    members.End();
  });
}

absl::StatusOr<HttpResponse> ShowRuntimeInfo(const ApiParts& parts, const HttpRequest&) {
  const ApiProcess process = parts.process();
  return Success([&](JsonWriter& json) {
    Members members(&json);
    members.Text("startTime", ApiTimeText(process.started_at_ms));
    members.Text("CWD", WorkingDirectory());
    members.Text("hostname", HostName());
    members.Text("serverTime", ApiTimeText(parts.clock->NowMs()));
    members.Bool("reloadConfigSuccess", process.last_reload_ok);
    members.Text("lastConfigTime", ApiTimeText(process.config_loaded_at_ms));
    members.Int("corruptionCount", process.corrupt_blocks);
    // What Go calls so there are none of here; threads come closest.
    members.Int("goroutineCount", ThreadCount());
    members.Int("GOMAXPROCS", std::thread::hardware_concurrency());
    members.Int("GOMEMLIMIT", static_cast<int64_t>(process.memory_limit_bytes));
    members.Text("GOGC", "");
    members.Text("GODEBUG", "");
    members.Text("storageRetention", process.retention_ms == 0
                                         ? std::string()
                                         : FormatDurationMs(process.retention_ms));
    members.End();
  });
}

absl::StatusOr<HttpResponse> ShowConfig(const ApiParts& parts, const HttpRequest&) {
  const ApiProcess process = parts.process();
  return Success([&process](JsonWriter& json) {
    Members members(&json);
    members.Text("yaml", process.config_yaml);
    members.End();
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

absl::StatusOr<HttpResponse> RefuseAdmin(const ApiParts&, const HttpRequest&) {
  return absl::UnimplementedError("admin APIs disabled");
}

HttpResponse ShowWalReplay(const HttpRequest&) {
  return Success([](JsonWriter& json) { json.Raw(R"({"min":0,"max":0,"current":0})"); });
}

}  // namespace vigil::server
