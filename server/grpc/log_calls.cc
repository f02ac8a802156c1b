// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/log_calls.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/metrics.h"
#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "server/grpc/call.h"

namespace vigil::server {
namespace {

using collector::ToGrpcStatus;

constexpr uint32_t kDefaultLimit = 100;
constexpr auto kPollInterval = std::chrono::milliseconds(200);
// A client that reads nothing for so long gives its thread back. As long as lateness: a follower
// that is looked at less often would miss records.
constexpr auto kPatience = std::chrono::milliseconds(kFollowLatenessNs / kNanosPerMilli);

absl::Status TooSlow() {
  return absl::ResourceExhaustedError(fmt::format(
      "the client has read nothing for {} s while records waited", kPatience.count() / 1000));
}

Gauge& Followers() {
  static Gauge& gauge = GetGauge("vigil_log_followers", "Clients that follow logs.");
  return gauge;
}

}  // namespace

struct LogCalls::Call {
  Call(v1::LogsRequest what, std::shared_ptr<LogSender> whom, LogStream records,
       QueryGate::TimePoint until)
      : request(std::move(what)),
        sender(std::move(whom)),
        stream(std::move(records)),
        deadline(until) {}

  const v1::LogsRequest request;
  const std::shared_ptr<LogSender> sender;
  // Used by the worker that has the call, then by the watcher.
  LogStream stream;
  const QueryGate::TimePoint deadline;
  uint64_t version = 0;  // Of the logs at the last look.
  std::chrono::steady_clock::time_point last_look;
};

LogCalls::LogCalls(storage::Storage* storage, const Clock* clock, QueryGate* gate)
    : storage_(*storage),
      clock_(*clock),
      gate_(*gate),
      workers_(gate->limits().max_running, gate->limits().max_waiting),
      watcher_([this] { Watch(); }) {}

LogCalls::~LogCalls() {
  Close();
  watcher_.join();
}

std::shared_ptr<LogSender> LogCalls::Serve(grpc::CallbackServerContext* context,
                                           const v1::LogsRequest& request) {
  std::shared_ptr<LogSender> sender = LogSender::Start(context);
  const absl::StatusOr<storage::TenantId> tenant = TenantOf(*context, storage_);
  absl::StatusOr<logql::LogQuery> query = logql::ParseLogQuery(request.query());
  if (!tenant.ok() || !query.ok()) {
    sender->End(ToGrpcStatus(tenant.ok() ? query.status() : tenant.status()));
    return sender;
  }
  auto call = std::make_shared<Call>(
      request, sender, LogStream(&storage_, *tenant, *std::move(query)), context->deadline());
  const bool queued = workers_.TrySubmit([this, call] {
    absl::Status status = Run(*call);
    if (status.ok() && call->request.follow()) {
      status = Follow(call);
      if (status.ok()) return;
    }
    call->sender->End(ToGrpcStatus(status));
  });
  if (!queued) {
    sender->End(ToGrpcStatus(absl::ResourceExhaustedError(
        fmt::format("{} queries wait already (server.max_queued_queries): try again later",
                    gate_.limits().max_waiting))));
  }
  return sender;
}

absl::Status LogCalls::Run(Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass,
                         gate_.Enter(call.deadline, [&call] { return call.sender->ended(); }));
  const v1::LogsRequest& request = call.request;
  call.version = storage_.LogVersion();
  if (request.follow()) VIGIL_RETURN_IF_ERROR(call.stream.BeginFollowing(clock_.NowNs()));
  const storage::TimeRangeNs range = {request.start_ns(),
                                      request.end_ns() == 0 ? INT64_MAX : request.end_ns()};
  const uint32_t limit = request.limit() == 0 ? kDefaultLimit : request.limit();
  bool slow = false;
  VIGIL_RETURN_IF_ERROR(
      call.stream.Past(range, limit, !request.forward(), [&](v1::LogsResponse message) {
        slow = !call.sender->WaitForRoom(kPatience) && !call.sender->ended();
        return !slow && call.sender->Send(std::move(message));
      }));
  return slow ? TooSlow() : absl::OkStatus();
}

absl::Status LogCalls::Follow(const std::shared_ptr<Call>& call) {
  call->last_look = std::chrono::steady_clock::now();
  MutexLock lock(&mutex_);
  if (closed_) return absl::UnavailableError("the server is stopping");
  if (followers_.size() >= gate_.limits().max_followers) {
    return absl::ResourceExhaustedError(fmt::format(
        "{} clients follow logs already; the limit is server.max_followers", followers_.size()));
  }
  followers_.push_back(call);
  Followers().Set(static_cast<int64_t>(followers_.size()));
  return absl::OkStatus();
}

bool LogCalls::TellNews(Call& call) {
  if (call.sender->ended()) return false;
  const auto now = std::chrono::steady_clock::now();
  const uint64_t version = storage_.LogVersion();
  if (version == call.version) {
    call.last_look = now;
    return true;
  }
  if (!call.sender->HasRoom()) {
    if (now - call.last_look < kPatience) return true;
    call.sender->End(ToGrpcStatus(TooSlow()));
    return false;
  }
  call.last_look = now;
  const absl::Status status = call.stream.News(clock_.NowNs(), [&](v1::LogsResponse message) {
    return call.sender->Send(std::move(message));
  });
  if (!status.ok()) call.sender->End(ToGrpcStatus(status));
  call.version = version;
  return status.ok();
}

void LogCalls::Watch() {
  while (true) {
    Calls calls;
    {
      MutexLock lock(&mutex_);
      const auto next = std::chrono::steady_clock::now() + kPollInterval;
      while (!closed_ && changed_.wait_until(mutex_, next) != std::cv_status::timeout) {
      }
      if (closed_) return;
      calls = followers_;
    }
    Calls gone;
    for (const std::shared_ptr<Call>& call : calls) {
      if (!TellNews(*call)) gone.push_back(call);
    }
    if (gone.empty()) continue;
    MutexLock lock(&mutex_);
    std::erase_if(followers_, [&gone](const std::shared_ptr<Call>& call) {
      return std::find(gone.begin(), gone.end(), call) != gone.end();
    });
    Followers().Set(static_cast<int64_t>(followers_.size()));
  }
}

size_t LogCalls::followers() const {
  MutexLock lock(&mutex_);
  return followers_.size();
}

void LogCalls::Close() {
  Calls calls;
  {
    MutexLock lock(&mutex_);
    closed_ = true;
    calls.swap(followers_);
  }
  changed_.notify_all();
  for (const std::shared_ptr<Call>& call : calls) {
    call->sender->End({grpc::StatusCode::UNAVAILABLE, "the server is stopping"});
  }
}

}  // namespace vigil::server
