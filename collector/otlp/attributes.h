// SPDX-License-Identifier: Apache-2.0
//
// OTLP attributes as vigil's values and as labels.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "collector/otlp/names.h"
#include "storage/model/value.h"
#include "storage/series/labels.h"

namespace opentelemetry::proto::common::v1 {
class AnyValue;
class KeyValue;
}  // namespace opentelemetry::proto::common::v1

namespace vigil::collector {

// A message's value as ours. Deeper nesting than storage::kMaxValueDepth cannot come out of the
// protobuf parser.
storage::Value ToValue(const opentelemetry::proto::common::v1::AnyValue& message);
storage::Attribute ToAttribute(const opentelemetry::proto::common::v1::KeyValue& message);

// Any range of KeyValue messages.
template <typename Messages>
storage::Attributes ToAttributes(const Messages& messages) {
  storage::Attributes attributes;
  attributes.reserve(messages.size());
  for (const auto& message : messages) attributes.push_back(ToAttribute(message));
  return attributes;
}

// Adds the attributes to `*labels` under translated names; values of names that fall together are
// joined by ";" in the order of the original names, and `*joined` gets the label's name. `__name__`
// is left out. InvalidArgument for an attribute of whose name nothing is left.
absl::Status AddLabels(const storage::Attributes& attributes, const NameRules& rules,
                       std::vector<storage::Label>* labels, std::vector<std::string>* joined);

// Parses the KeyValue message in `bytes`. InvalidArgument when it is not one (which includes text
// that is not UTF-8).
absl::StatusOr<storage::Attribute> ParseAttribute(std::string_view bytes);

// The `job` and `instance` of a resource: namespace/name and instance id of its service; "" when
// there is none.
struct TargetIdentity {
  std::string job;
  std::string instance;
};
TargetIdentity IdentityOf(const storage::Attributes& resource);

}  // namespace vigil::collector
