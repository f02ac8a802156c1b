// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/corruption.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::storage {

void ReportCorrupt(std::string_view what, std::string_view key, const absl::Status& status) {
  static Counter& corrupt = GetCounter("vigil_corrupt_blocks_total",
                                       "Stored blocks and rows that were damaged and skipped.");
  corrupt.Add();
  Log(LogLevel::kError, "damaged data skipped",
      {{"what", what}, {"key", ToHex(key)}, {"error", MessageOf(status)}});
}

}  // namespace vigil::storage
