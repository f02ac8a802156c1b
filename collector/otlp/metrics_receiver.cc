// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/metrics_receiver.h"

#include <random>
#include <utility>

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

MetricsReceiver::MetricsReceiver(storage::Storage* storage, OtlpOptions options)
    : storage_(*storage), options_(std::move(options)), seed_(RandomSeed()), deltas_(storage) {}

absl::StatusOr<ExportOutcome> MetricsReceiver::Export(storage::TenantId tenant,
                                                      BytePieces request) {
  static Counter& received =
      GetCounter("vigil_received_records_total", "Records that were stored.", "signal=\"metrics\"");
  // Requests of a thread follow each other: their memory stays.
  thread_local storage::MetricBatch batch;
  thread_local JoinedBytes joined;
  joined.Clear();
  MetricsWalk walk(&storage_, tenant, &options_, &cache_, seed_, &batch);
  VIGIL_RETURN_IF_ERROR(walk.Walk(request, &joined));
  DeltaAccumulator::Claim claim =
      deltas_.Accumulate(tenant, walk.TakeDeltas(), &batch, &walk.rejections());
  if (!batch.empty()) {
    // Samples have an identity of their own (series and instant): a request that is sent again
    // overwrites itself, so it needs no token.
    VIGIL_ASSIGN_OR_RETURN(const storage::WriteResult result,
                           storage_.WriteMetrics(tenant, batch, {}));
    walk.rejections().Add(result);
    received.Add(static_cast<int64_t>(batch.size()) - result.rejected);
  }
  claim.SetStored();
  return walk.rejections().Outcome();
}

}  // namespace vigil::collector
