// SPDX-License-Identifier: Apache-2.0
#include "server/config_otlp.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "collector/otlp/names.h"

namespace vigil::server {
namespace {

// A list of texts; nothing if the field is absent.
void ReadNames(const char* key, YamlMap* map, YamlErrors* errors, std::vector<std::string>* names) {
  const YAML::Node node = map->Take(key);
  if (node.IsNull()) return;
  if (!node.IsSequence()) return errors->Add(node, fmt::format("{} must be a list of names", key));
  names->clear();
  for (const YAML::Node& name : node) {
    if (!name.IsScalar() || name.Scalar().empty()) {
      errors->Add(name, fmt::format("{}: an attribute is named by a text", key));
    } else {
      names->push_back(name.Scalar());
    }
  }
}

}  // namespace

void ReadOtlp(const YAML::Node& node, YamlErrors* errors, collector::OtlpOptions* options) {
  if (node.IsNull()) return;
  YamlMap map(node, "otlp", errors);
  std::string strategy;
  if (map.TakeString("translation_strategy", &strategy) &&
      !collector::SetTranslationStrategy(strategy, &options->names)) {
    errors->Add(
        map.MarkOf("translation_strategy"),
        fmt::format("translation_strategy \"{}\" is none of UnderscoreEscapingWithSuffixes, "
                    "UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes and "
                    "NoTranslation",
                    strategy));
  }
  map.TakeBool("label_name_underscore_sanitization",
               &options->names.label_name_underscore_sanitization);
  map.TakeBool("label_name_preserve_multiple_underscores",
               &options->names.label_name_preserve_multiple_underscores);
  ReadNames("promote_resource_attributes", &map, errors, &options->promote_resource_attributes);
  map.TakeBool("promote_all_resource_attributes", &options->promote_all_resource_attributes);
  ReadNames("ignore_resource_attributes", &map, errors, &options->ignore_resource_attributes);
  if (options->promote_all_resource_attributes && !options->promote_resource_attributes.empty()) {
    errors->Add(map.MarkOf("promote_all_resource_attributes"),
                "promote_all_resource_attributes and promote_resource_attributes exclude each "
                "other; to leave some out of all, name them in ignore_resource_attributes");
  }
  if (!options->promote_all_resource_attributes && !options->ignore_resource_attributes.empty()) {
    errors->Add(map.MarkOf("ignore_resource_attributes"),
                "ignore_resource_attributes needs promote_all_resource_attributes");
  }
  map.TakeBool("keep_identifying_resource_attributes",
               &options->keep_identifying_resource_attributes);
  map.TakeBool("convert_histograms_to_nhcb", &options->convert_histograms_to_nhcb);
  map.TakeBool("promote_scope_metadata", &options->promote_scope_metadata);
  map.Finish();
}

}  // namespace vigil::server
