// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/log_stream.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "server/grpc/convert.h"

namespace vigil::server {
namespace {

// A message is sent when it holds so many records or bytes, to stay below what clients take (4 MiB
// by default, unless a single record is larger).
constexpr int kRecordsPerMessage = 500;
constexpr size_t kBytesPerMessage = 1 << 20;

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

// Gathers records into messages.
class Packer {
 public:
  explicit Packer(LogStream::Sink sink) : sink_(sink) {}

  // False to stop.
  bool Add(const logql::LogResult& result) {
    v1::LogResult* const record = message_.add_records();
    ToMessage(result, record);
    bytes_ += record->ByteSizeLong();
    const bool full = message_.records_size() >= kRecordsPerMessage || bytes_ >= kBytesPerMessage;
    return full ? Send() : true;
  }

  bool Send() {
    if (message_.records().empty()) return true;
    bytes_ = 0;
    return sink_(std::exchange(message_, {}));
  }

 private:
  LogStream::Sink sink_;
  v1::LogsResponse message_;
  size_t bytes_ = 0;
};

}  // namespace

absl::Status LogStream::Past(storage::TimeRangeNs range, uint32_t limit, bool newest_first,
                             Sink sink) {
  Packer packer(sink);
  VIGIL_RETURN_IF_ERROR(
      logql::RunLogQuery(storage_, tenant_, query_, range, limit, newest_first,
                         [&](const logql::LogResult& result) { return packer.Add(result); }));
  packer.Send();
  return absl::OkStatus();
}

absl::Status LogStream::BeginFollowing(int64_t now_ns) {
  return Look(now_ns, [](const logql::LogResult&) { return true; });
}

absl::Status LogStream::News(int64_t now_ns, Sink sink) {
  Packer packer(sink);
  VIGIL_RETURN_IF_ERROR(
      Look(now_ns, [&](const logql::LogResult& result) { return packer.Add(result); }));
  packer.Send();
  return absl::OkStatus();
}

absl::Status LogStream::Look(int64_t now_ns, logql::LogResultVisitor visit) {
  std::map<storage::Labels, uint64_t> seen = seen_;
  VIGIL_RETURN_IF_ERROR(
      logql::RunLogQuery(storage_, tenant_, query_, {now_ns - kFollowLatenessNs, INT64_MAX}, 0,
                         false, [&](const logql::LogResult& result) {
                           const auto before = seen_.find(result.stream);
                           if (before != seen_.end() && result.number <= before->second)
                             return true;
                           uint64_t& last = seen[result.stream];
                           last = std::max(last, result.number);
                           return visit(result);
                         }));
  seen_ = std::move(seen);
  return absl::OkStatus();
}

}  // namespace vigil::server
