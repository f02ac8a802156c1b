// SPDX-License-Identifier: Apache-2.0
#include "server/remote_read/read_request.h"

#include <string>

#include <fmt/format.h>
#include <prometheus/remote_read.pb.h>
#include <snappy.h>

#include "base/status.h"

namespace vigil::server {
namespace {

using storage::Matcher;
using storage::MatchType;

absl::StatusOr<MatchType> TypeOf(prometheus::LabelMatcher::Type type) {
  switch (type) {
    case prometheus::LabelMatcher::EQ:
      return MatchType::kEqual;
    case prometheus::LabelMatcher::NEQ:
      return MatchType::kNotEqual;
    case prometheus::LabelMatcher::RE:
      return MatchType::kRegex;
    case prometheus::LabelMatcher::NRE:
      return MatchType::kNotRegex;
    default:
      return absl::InvalidArgumentError(
          fmt::format("invalid matcher type {}", static_cast<int>(type)));
  }
}

absl::StatusOr<ReadQuery> ReadOne(const prometheus::Query& query,
                                  const storage::Labels& external_labels) {
  ReadQuery read;
  read.range = {query.start_timestamp_ms(), query.end_timestamp_ms()};
  for (const prometheus::LabelMatcher& wire : query.matchers()) {
    VIGIL_ASSIGN_OR_RETURN(const MatchType type, TypeOf(wire.type()));
    if (type == MatchType::kEqual && !wire.value().empty() &&
        external_labels.Get(wire.name()) == wire.value()) {
      continue;
    }
    VIGIL_ASSIGN_OR_RETURN(Matcher matcher, Matcher::Create(type, wire.name(), wire.value()));
    read.matchers.push_back(std::move(matcher));
  }
  return read;
}

// The first form that is asked for and known.
absl::StatusOr<ReadForm> FormOf(const prometheus::ReadRequest& request) {
  if (request.accepted_response_types().empty()) return ReadForm::kSamples;
  for (const int type : request.accepted_response_types()) {
    if (type == prometheus::ReadRequest::SAMPLES) return ReadForm::kSamples;
    if (type == prometheus::ReadRequest::STREAMED_XOR_CHUNKS) return ReadForm::kChunks;
  }
  return absl::InvalidArgumentError(
      "none of the accepted response types is known: ask for SAMPLES or STREAMED_XOR_CHUNKS");
}

}  // namespace

absl::StatusOr<ReadRequest> ParseReadRequest(std::string_view body, size_t max_bytes,
                                             const storage::Labels& external_labels) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size)) {
    return absl::InvalidArgumentError("the body is not snappy's block format");
  }
  if (size > max_bytes) {
    return absl::InvalidArgumentError(
        fmt::format("the request has {} bytes decompressed; the limit is {}", size, max_bytes));
  }
  std::string bytes;
  if (!snappy::Uncompress(body.data(), body.size(), &bytes)) {
    return absl::InvalidArgumentError("the body is not snappy's block format, or it is damaged");
  }
  prometheus::ReadRequest wire;
  if (!wire.ParseFromString(bytes)) {
    return absl::InvalidArgumentError("the body is not a valid prometheus.ReadRequest");
  }
  ReadRequest request;
  VIGIL_ASSIGN_OR_RETURN(request.form, FormOf(wire));
  for (const prometheus::Query& query : wire.queries()) {
    VIGIL_ASSIGN_OR_RETURN(ReadQuery read, ReadOne(query, external_labels));
    request.queries.push_back(std::move(read));
  }
  return request;
}

}  // namespace vigil::server
