// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/envelopes.h"

#include <string>
#include <utility>

#include <opentelemetry/proto/common/v1/common.pb.h>
#include <opentelemetry/proto/resource/v1/resource.pb.h>

#include "collector/otlp/attributes.h"
#include "collector/otlp/wire.h"

namespace vigil::collector {
namespace {

namespace common = opentelemetry::proto::common::v1;
namespace resource = opentelemetry::proto::resource::v1;

using RecordVisitor = absl::FunctionRef<void(const RecordEnvelope&, std::string_view)>;

// The message in field 1 of an envelope, merged over its occurrences. False if the envelope is
// malformed; `*parsed` says whether the message could be read.
template <typename Message>
bool ReadHead(std::string_view envelope, Message* message, bool* parsed) {
  WireReader reader(envelope);
  while (reader.NextField()) {
    if (!reader.Is(1, WireType::kBytes)) {
      reader.Skip();
      continue;
    }
    const std::string_view bytes = reader.Bytes();
    *parsed &= message->MergeFromString(std::string(bytes));
  }
  return reader.ok();
}

bool VisitScope(std::string_view scope_records, const storage::Origin& of_resource,
                bool resource_parsed, RecordVisitor visit) {
  common::InstrumentationScope scope;
  bool parsed = resource_parsed;
  if (!ReadHead(scope_records, &scope, &parsed)) return false;
  RecordEnvelope envelope;
  if (parsed) {
    auto origin = std::make_shared<storage::Origin>(of_resource);
    origin->scope_name = scope.name();
    origin->scope_version = scope.version();
    origin->scope_attributes = ToAttributes(scope.attributes());
    envelope.origin = std::move(origin);
  } else {
    envelope.fault = absl::InvalidArgumentError(
        "the resource or scope is malformed or has text that is not UTF-8");
  }
  WireReader reader(scope_records);
  while (reader.NextField()) {
    if (!reader.Is(2, WireType::kBytes)) {
      reader.Skip();
      continue;
    }
    const std::string_view record = reader.Bytes();
    if (reader.ok()) visit(envelope, record);
  }
  return reader.ok();
}

bool VisitResource(std::string_view resource_records, RecordVisitor visit) {
  resource::Resource message;
  bool parsed = true;
  if (!ReadHead(resource_records, &message, &parsed)) return false;
  storage::Origin origin;
  origin.resource = ToAttributes(message.attributes());
  WireReader reader(resource_records);
  while (reader.NextField()) {
    if (!reader.Is(2, WireType::kBytes)) {
      reader.Skip();
      continue;
    }
    const std::string_view scope_records = reader.Bytes();
    if (reader.ok() && !VisitScope(scope_records, origin, parsed, visit)) return false;
  }
  return reader.ok();
}

}  // namespace

absl::Status ForEachRecord(std::string_view request, RecordVisitor visit) {
  WireReader reader(request);
  bool well_formed = true;
  while (well_formed && reader.NextField()) {
    if (!reader.Is(1, WireType::kBytes)) {
      reader.Skip();
      continue;
    }
    const std::string_view resource_records = reader.Bytes();
    well_formed = reader.ok() && VisitResource(resource_records, visit);
  }
  if (well_formed && reader.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the request is not a valid OTLP export request: its protobuf encoding is broken or cut "
      "short");
}

}  // namespace vigil::collector
