// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/log_stream.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "base/status.h"
#include "query/logql/log_query.h"
#include "query/logql/log_reader.h"
#include "server/grpc/convert.h"

namespace vigil::server {
namespace {

constexpr uint32_t kDefaultLimit = 100;
// A message is sent when it holds so many records or bytes, to stay below what clients take (4 MiB
// by default, unless a single record is larger).
constexpr int kRecordsPerMessage = 500;
constexpr size_t kBytesPerMessage = 1 << 20;
constexpr auto kPollInterval = std::chrono::milliseconds(200);
// A follower is told of records whose own time lies this far behind their arrival.
constexpr int64_t kLatenessNs = 60 * 1'000'000'000LL;

void ToMessage(const logql::LogResult& result, v1::LogResult* message) {
  ToMessages(result.stream, message->mutable_stream_labels());
  message->set_time_ns(result.record.time_ns);
  message->set_line(result.line.text());
  for (const logql::Field& field_of_line : result.line.fields()) {
    v1::Label* const field = message->add_fields();
    field->set_name(field_of_line.name);
    field->set_value(field_of_line.value);
  }
}

// One Logs call.
class LogStreamer {
 public:
  LogStreamer(storage::Storage& storage, storage::TenantId tenant, const logql::LogQuery& query,
              grpc::ServerContext* context, grpc::ServerWriter<v1::LogsResponse>* writer)
      : storage_(storage), tenant_(tenant), query_(query), context_(*context), writer_(*writer) {}

  // Writes what `range` holds.
  absl::Status WritePast(storage::TimeRangeNs range, uint32_t limit, bool newest_first) {
    VIGIL_RETURN_IF_ERROR(logql::RunLogQuery(
        storage_, tenant_, query_, range, limit, newest_first,
        [this](const logql::LogResult& result) { return Add(result) && !context_.IsCancelled(); }));
    Send();
    return absl::OkStatus();
  }

  // Notes what is there already of the records that a look of WriteNews could see.
  absl::Status BeginFollowing(int64_t now_ns) {
    return Look(now_ns, [](const logql::LogResult&) {});
  }

  // Writes what has arrived since the last look.
  absl::Status WriteNews(int64_t now_ns) {
    VIGIL_RETURN_IF_ERROR(Look(now_ns, [this](const logql::LogResult& result) { Add(result); }));
    Send();
    return absl::OkStatus();
  }

  bool broken() const { return broken_; }

 private:
  template <typename Visit>
  absl::Status Look(int64_t now_ns, const Visit& visit) {
    std::map<storage::Labels, uint64_t> seen = seen_;
    VIGIL_RETURN_IF_ERROR(
        logql::RunLogQuery(storage_, tenant_, query_, {now_ns - kLatenessNs, INT64_MAX}, 0, false,
                           [&](const logql::LogResult& result) {
                             const auto before = seen_.find(result.stream);
                             if (before != seen_.end() && result.number <= before->second)
                               return true;
                             uint64_t& last = seen[result.stream];
                             last = std::max(last, result.number);
                             visit(result);
                             return !broken_;
                           }));
    seen_ = std::move(seen);
    return absl::OkStatus();
  }

  bool Add(const logql::LogResult& result) {
    v1::LogResult* const record = message_.add_records();
    ToMessage(result, record);
    message_bytes_ += record->ByteSizeLong();
    if (message_.records_size() >= kRecordsPerMessage || message_bytes_ >= kBytesPerMessage) Send();
    return !broken_;
  }

  void Send() {
    if (message_.records().empty()) return;
    broken_ |= !writer_.Write(message_);
    message_.Clear();
    message_bytes_ = 0;
  }

  storage::Storage& storage_;
  const storage::TenantId tenant_;
  const logql::LogQuery& query_;
  grpc::ServerContext& context_;
  grpc::ServerWriter<v1::LogsResponse>& writer_;
  v1::LogsResponse message_;
  size_t message_bytes_ = 0;
  bool broken_ = false;
  // The last number seen of each stream: numbers rise with arrival.
  std::map<storage::Labels, uint64_t> seen_;
};

}  // namespace

absl::Status StreamLogs(storage::Storage& storage, storage::TenantId tenant,
                        const v1::LogsRequest& request, const Clock& clock,
                        grpc::ServerContext* context,
                        grpc::ServerWriter<v1::LogsResponse>* writer) {
  VIGIL_ASSIGN_OR_RETURN(const logql::LogQuery query, logql::ParseLogQuery(request.query()));
  LogStreamer streamer(storage, tenant, query, context, writer);
  uint64_t version = storage.LogVersion();
  if (request.follow()) VIGIL_RETURN_IF_ERROR(streamer.BeginFollowing(clock.NowNs()));
  const storage::TimeRangeNs range = {request.start_ns(),
                                      request.end_ns() == 0 ? INT64_MAX : request.end_ns()};
  const uint32_t limit = request.limit() == 0 ? kDefaultLimit : request.limit();
  VIGIL_RETURN_IF_ERROR(streamer.WritePast(range, limit, !request.forward()));
  while (request.follow() && !context->IsCancelled() && !streamer.broken()) {
    std::this_thread::sleep_for(kPollInterval);
    const uint64_t now_version = storage.LogVersion();
    if (now_version == version) continue;
    version = now_version;
    VIGIL_RETURN_IF_ERROR(streamer.WriteNews(clock.NowNs()));
  }
  return absl::OkStatus();
}

}  // namespace vigil::server
