// SPDX-License-Identifier: Apache-2.0
//
// The labels that a sample gets: its own, those of its target, what relabelling makes of both.
#pragma once

#include <vector>

#include <absl/status/statusor.h>

#include "collector/scrape/scrape_config.h"
#include "storage/series/labels.h"

namespace vigil::collector {

// Empty if relabelling drops the sample. An error, which fails the scrape, if the labels that it
// leaves have no name or are over a limit.
absl::StatusOr<storage::Labels> SampleLabels(const ScrapeConfig& config,
                                             const storage::Labels& target,
                                             const std::vector<storage::Label>& exposed);

}  // namespace vigil::collector
