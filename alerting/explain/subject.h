// SPDX-License-Identifier: Apache-2.0
//
// Which alerts are meant by what people write: a name, a selector, a fingerprint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/series/labels.h"
#include "storage/series/matcher.h"

namespace vigil::alerting {

struct AlertSubject {
  std::string text;  // As it was written.
  std::optional<uint64_t> fingerprint;
  std::vector<storage::Matcher> matchers;  // All must match.

  // Whether an alert with these labels is meant.
  bool Matches(const storage::Labels& labels) const;
  // The labels that are named with a value; those of an alert that is not there.
  storage::Labels NamedLabels() const;
};

// `HighLatency`, `HighLatency{model="x"}`, `{alertname="X"}`, `alertname=X`, or 16 hexadecimal
// digits. InvalidArgument says what is wrong.
absl::StatusOr<AlertSubject> ParseAlertSubject(std::string_view text);

}  // namespace vigil::alerting
