// SPDX-License-Identifier: Apache-2.0
//
// Adding to the end of a series in memory.
#pragma once

#include <cstdint>

#include "storage/model/sample.h"
#include "storage/storage.h"

namespace vigil::alerting {

// INT64_MIN if there is no sample.
int64_t NewestTime(const storage::SampleColumns& columns);

enum class AppendOutcome : uint8_t {
  kAdded,
  kThere,  // It is the newest one.
  kOlder,  // It is older than the newest one, or differs from it.
};

// Adds `sample` to the end, if it belongs there. A histogram gets what is known, by the one before
// it, of a reset between them.
AppendOutcome AppendSample(const storage::LabeledSample& sample, storage::SampleColumns* columns);

}  // namespace vigil::alerting
