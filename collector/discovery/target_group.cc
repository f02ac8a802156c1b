// SPDX-License-Identifier: Apache-2.0
#include "collector/discovery/target_group.h"

#include <string>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::collector {

void ReadTargetGroup(const YAML::Node& node, std::string_view what,
                     std::vector<DiscoveredTarget>* targets, YamlErrors* errors) {
  YamlMap map(node, what, errors);
  storage::LabelsBuilder labels;
  YamlMap label_fields(map.Take("labels"), "labels", errors);
  for (const std::string& name : label_fields.Names()) {
    std::string value;
    if (!label_fields.TakeString(name, &value)) continue;
    if (name.empty() || !IsValidUtf8(name) || !IsValidUtf8(value)) {
      errors->Add(label_fields.MarkOf(name), "a label must have a name, and be UTF-8");
      continue;
    }
    labels.Set(name, value);
  }
  label_fields.Finish();
  const YAML::Node list = map.Take("targets");
  if (list.IsSequence()) {
    for (const YAML::Node& address : list) {
      if (!address.IsScalar() || address.Scalar().empty() || !IsValidUtf8(address.Scalar())) {
        errors->Add(address, "this is not a target: write host:port");
        continue;
      }
      targets->push_back(labels.Set(kAddressLabel, address.Scalar()).Build());
    }
  } else if (node.IsMap()) {
    errors->Add(map.MarkOf("targets"), fmt::format("a {} needs a list of targets", what));
  }
  map.Finish();
}

}  // namespace vigil::collector
