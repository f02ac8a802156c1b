// SPDX-License-Identifier: Apache-2.0
//
// What the jobs of `scrape_configs` and `global`, whose values are those of jobs that do not say
// otherwise, have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/yaml_map.h"
#include "collector/exposition/scrape_protocol.h"

namespace vigil::collector {

inline constexpr std::string_view kScrapeProtocolNames =
    "there are PrometheusProto, PrometheusText0.0.4, PrometheusText1.0.0, OpenMetricsText0.0.1 and "
    "OpenMetricsText1.0.0";

// Beyond one of these a scrape fails as a whole; 0 is no limit.
struct ScrapeLimits {
  size_t body_bytes = 0;  // Decompressed.
  uint64_t samples = 0;   // After relabelling.
  uint64_t labels = 0;    // Of a sample, the name among them.
  uint64_t label_name_bytes = 0;
  uint64_t label_value_bytes = 0;
  uint64_t targets = 0;  // Of the job: with more, none is scraped.
  // Histograms with more buckets get coarser ones; the scrape fails if they cannot.
  uint64_t native_buckets = 0;
  // Not a limit that fails a scrape: of dropped targets so many are shown.
  uint64_t dropped_targets = 0;
};

struct ScrapeSettings {
  int64_t interval_ms = 60'000;
  int64_t timeout_ms = 10'000;
  // Empty: see Protocols().
  std::vector<ScrapeProtocol> protocols;
  NameEscaping name_escaping = NameEscaping::kAllowUtf8;
  bool legacy_names = false;  // Names with other characters than [a-zA-Z0-9_:] fail the scrape.
  // Whether native histograms are taken; nullopt: if protobuf was asked for by name.
  std::optional<bool> native_histograms;
  // Whether the classic buckets of a histogram that is native, too, are kept beside it.
  bool always_classic_histograms = false;
  bool extra_metrics = false;
  double native_min_bucket_factor = 0;
  ScrapeLimits limits;

  bool TakesNativeHistograms() const;
  // What to ask for.
  std::vector<ScrapeProtocol> Protocols() const;
};

// Takes the fields of those settings from `map`.
void TakeScrapeSettings(YamlMap* map, ScrapeSettings* settings, YamlErrors* errors);

}  // namespace vigil::collector
