// SPDX-License-Identifier: Apache-2.0
#include "storage/records/corrupt_block.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::storage {

void ReportCorruptBlock(Family family, std::string_view key, const absl::Status& status) {
  static Counter& corrupt_blocks =
      GetCounter("vigil_corrupt_blocks_total", "Blocks that could not be read and were left out.");
  corrupt_blocks.Add();
  Log(LogLevel::kError, "corrupt block left out",
      {{"family", FamilyName(family)}, {"key", ToHex(key)}, {"error", MessageOf(status)}});
}

}  // namespace vigil::storage
