// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/metrics_receiver.h"

#include <random>

#include "base/metrics.h"
#include "base/status.h"
#include "collector/otlp/metrics_walk.h"

namespace vigil::collector {
namespace {

uint64_t RandomSeed() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

}  // namespace

MetricsReceiver::MetricsReceiver(storage::Storage* storage)
    : storage_(*storage), seed_(RandomSeed()) {}

absl::StatusOr<ExportOutcome> MetricsReceiver::Export(storage::TenantId tenant,
                                                      std::string_view request) {
  static Counter& received =
      GetCounter("vigil_received_records_total", "Records that were stored.", "signal=\"metrics\"");
  // Requests of a thread follow each other: their memory stays.
  thread_local storage::MetricBatch batch;
  MetricsWalk walk(&storage_, tenant, &cache_, seed_, &batch);
  VIGIL_RETURN_IF_ERROR(walk.Walk(request));
  if (!batch.empty()) {
    // Samples have an identity of their own (series and instant): a request that is sent again
    // overwrites itself, so it needs no token.
    VIGIL_ASSIGN_OR_RETURN(const storage::WriteResult result,
                           storage_.WriteMetrics(tenant, batch, {}));
    walk.rejections().Add(result);
    received.Add(static_cast<int64_t>(batch.size()) - result.rejected);
  }
  return walk.rejections().Outcome();
}

}  // namespace vigil::collector
