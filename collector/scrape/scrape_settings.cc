// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_settings.h"

#include <algorithm>
#include <cctype>
#include <string>

#include <fmt/format.h>

#include "base/byte_size.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

void ReadProtocols(const YAML::Node& list, std::vector<ScrapeProtocol>* protocols,
                   YamlErrors* errors) {
  if (list.IsNull()) return;
  if (!list.IsSequence() || list.size() == 0) {
    return errors->Add(list, "scrape_protocols must be a list of protocols");
  }
  protocols->clear();
  for (const YAML::Node& node : list) {
    const auto protocol =
        node.IsScalar() ? ParseScrapeProtocol(node.Scalar()) : std::optional<ScrapeProtocol>();
    if (!protocol.has_value()) {
      errors->Add(node, fmt::format("this is no protocol: {}", kScrapeProtocolNames));
    } else if (std::find(protocols->begin(), protocols->end(), *protocol) != protocols->end()) {
      errors->Add(node, fmt::format("{} is given twice", ScrapeProtocolName(*protocol)));
    } else {
      protocols->push_back(*protocol);
    }
  }
}

void TakeCount(std::string_view name, YamlMap* map, uint64_t* count) {
  int64_t value = 0;
  if (map->TakeInt(name, &value)) *count = static_cast<uint64_t>(value);
}

// Prometheus' sizes: KB and KiB are both 1024 bytes.
void TakeBodySize(YamlMap* map, size_t* bytes, YamlErrors* errors) {
  std::string text;
  if (!map->TakeString("body_size_limit", &text)) return;
  if (text == "0") {
    *bytes = 0;
    return;
  }
  std::string binary = text;
  const size_t size = binary.size();
  if (size > 2 && binary[size - 1] == 'B' && std::isalpha(binary[size - 2]) != 0 &&
      binary[size - 2] != 'i') {
    binary.insert(size - 1, "i");
  }
  if (const absl::StatusOr<uint64_t> parsed = ParseByteSize(binary); parsed.ok()) {
    *bytes = *parsed;
  } else {
    errors->Add(map->MarkOf("body_size_limit"),
                fmt::format("body_size_limit: \"{}\" is no size: write 10MB", text));
  }
}

void TakeNames(YamlMap* map, ScrapeSettings* settings, YamlErrors* errors) {
  std::string scheme;
  if (map->TakeString("metric_name_validation_scheme", &scheme)) {
    settings->legacy_names = scheme == "legacy";
    if (scheme != "legacy" && scheme != "utf8") {
      errors->Add(map->MarkOf("metric_name_validation_scheme"),
                  fmt::format("\"{}\" is neither utf8 nor legacy", scheme));
    }
    if (settings->legacy_names) settings->name_escaping = NameEscaping::kUnderscores;
  }
  if (map->TakeString("metric_name_escaping_scheme", &scheme)) {
    if (const auto escaping = ParseNameEscaping(scheme); escaping.has_value()) {
      settings->name_escaping = *escaping;
    } else {
      errors->Add(
          map->MarkOf("metric_name_escaping_scheme"),
          fmt::format("\"{}\" is none of allow-utf-8, underscores, dots and values", scheme));
    }
  }
}

void TakeHistograms(YamlMap* map, ScrapeSettings* settings, YamlErrors* errors) {
  bool native = false;
  if (map->TakeBool("scrape_native_histograms", &native)) settings->native_histograms = native;
  map->TakeBool("scrape_classic_histograms", &settings->always_classic_histograms);
  // As it is called now.
  map->TakeBool("always_scrape_classic_histograms", &settings->always_classic_histograms);
  TakeCount("native_histogram_bucket_limit", map, &settings->limits.native_buckets);
  std::string factor;
  if (map->TakeString("native_histogram_min_bucket_factor", &factor)) {
    if (!ParseDouble(factor, &settings->native_min_bucket_factor) ||
        !(settings->native_min_bucket_factor >= 0)) {
      errors->Add(map->MarkOf("native_histogram_min_bucket_factor"),
                  "native_histogram_min_bucket_factor must be a number, 0 or more");
      settings->native_min_bucket_factor = 0;
    }
  }
  bool convert = false;
  const YAML::Mark mark = map->MarkOf("convert_classic_histograms_to_nhcb");
  if (map->TakeBool("convert_classic_histograms_to_nhcb", &convert) && convert) {
    errors->Add(mark,
                "convert_classic_histograms_to_nhcb is not supported: classic histograms are "
                "stored as they are");
  }
}

}  // namespace

void TakeScrapeSettings(YamlMap* map, ScrapeSettings* settings, YamlErrors* errors) {
  map->TakeDurationMs("scrape_interval", &settings->interval_ms);
  map->TakeDurationMs("scrape_timeout", &settings->timeout_ms);
  ReadProtocols(map->Take("scrape_protocols"), &settings->protocols, errors);
  TakeNames(map, settings, errors);
  TakeHistograms(map, settings, errors);
  map->TakeBool("extra_scrape_metrics", &settings->extra_metrics);
  ScrapeLimits& limits = settings->limits;
  TakeBodySize(map, &limits.body_bytes, errors);
  TakeCount("sample_limit", map, &limits.samples);
  TakeCount("label_limit", map, &limits.labels);
  TakeCount("label_name_length_limit", map, &limits.label_name_bytes);
  TakeCount("label_value_length_limit", map, &limits.label_value_bytes);
  TakeCount("target_limit", map, &limits.targets);
  TakeCount("keep_dropped_targets", map, &limits.dropped_targets);
  map->Refuse({"scrape_failure_log_file"}, "vigil's own log tells when a scrape fails, and why");
}

bool ScrapeSettings::TakesNativeHistograms() const {
  return native_histograms.value_or(
      std::find(protocols.begin(), protocols.end(), ScrapeProtocol::kProtobuf) != protocols.end());
}

std::vector<ScrapeProtocol> ScrapeSettings::Protocols() const {
  if (!protocols.empty()) return protocols;
  std::vector<ScrapeProtocol> all = {ScrapeProtocol::kOpenMetrics100,
                                     ScrapeProtocol::kOpenMetrics001, ScrapeProtocol::kText100,
                                     ScrapeProtocol::kText004};
  if (TakesNativeHistograms()) all.insert(all.begin(), ScrapeProtocol::kProtobuf);
  return all;
}

}  // namespace vigil::collector
