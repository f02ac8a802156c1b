// SPDX-License-Identifier: Apache-2.0
//
// The trim operators `</` and `>/`: a native histogram without its observations above or below a
// threshold.
#pragma once

#include "storage/model/histogram.h"

namespace vigil::exec {

// Keeps what is below the threshold (`</`).
storage::Histogram TrimAbove(const storage::Histogram& histogram, double threshold);
// Keeps what is above it (`>/`).
storage::Histogram TrimBelow(const storage::Histogram& histogram, double threshold);

}  // namespace vigil::exec
