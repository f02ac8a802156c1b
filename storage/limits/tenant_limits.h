// SPDX-License-Identifier: Apache-2.0
//
// What one tenant may have and send: every limit of that kind with its default and reason, in the
// one place where configuration, checks and messages find them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace vigil::storage {

// 0 means no limit.
struct TenantLimits {
  // Series that are not retired. Each takes about half a kilobyte of memory.
  uint64_t max_series = 10'000'000;
  // Of one metric name: a label that takes a request id stops here, before it crowds out the rest.
  uint64_t max_series_per_metric = 2'000'000;
  // `__name__` included. More is a map that someone flattened by mistake.
  uint64_t max_labels_per_series = 64;
  // Of metrics and of log streams. Names and values are kept in memory as long as their series.
  uint64_t max_label_name_bytes = 1024;
  uint64_t max_label_value_bytes = 4096;
  // None by default: how much a machine takes is its own affair, and admission guards it.
  uint64_t max_samples_per_second = 0;
  uint64_t max_samples_per_second_per_metric = 0;
  // Each stream has columns of its own in memory and a block in every flush.
  uint64_t max_log_streams = 50'000;
  uint64_t max_labels_per_stream = 32;
  // A prompt of a million tokens fits, a core dump does not.
  uint64_t max_log_body_bytes = 8 << 20;
  // Of a record, a span, an event, a link, a resource: each becomes a column.
  uint64_t max_attributes = 512;
  // Names and values of those together: prompts and completions travel in them.
  uint64_t max_attribute_bytes = 8 << 20;

  friend bool operator==(const TenantLimits&, const TenantLimits&) = default;
};

// A limit by the name that the configuration (under `limits:`) and messages have for it.
struct LimitField {
  std::string_view name;
  uint64_t TenantLimits::*value;
};

inline constexpr std::array<LimitField, 12> kLimitFields = {{
    {"max_series", &TenantLimits::max_series},
    {"max_series_per_metric", &TenantLimits::max_series_per_metric},
    {"max_labels_per_series", &TenantLimits::max_labels_per_series},
    {"max_label_name_bytes", &TenantLimits::max_label_name_bytes},
    {"max_label_value_bytes", &TenantLimits::max_label_value_bytes},
    {"max_samples_per_second", &TenantLimits::max_samples_per_second},
    {"max_samples_per_second_per_metric", &TenantLimits::max_samples_per_second_per_metric},
    {"max_log_streams", &TenantLimits::max_log_streams},
    {"max_labels_per_stream", &TenantLimits::max_labels_per_stream},
    {"max_log_body_bytes", &TenantLimits::max_log_body_bytes},
    {"max_attributes", &TenantLimits::max_attributes},
    {"max_attribute_bytes", &TenantLimits::max_attribute_bytes},
}};

inline bool Exceeds(uint64_t value, uint64_t limit) { return limit != 0 && value > limit; }

// What the configuration says: for everyone, and for tenants by name.
struct LimitSettings {
  TenantLimits defaults;
  std::map<std::string, TenantLimits, std::less<>> tenants;
};

}  // namespace vigil::storage
