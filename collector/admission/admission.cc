// SPDX-License-Identifier: Apache-2.0
#include "collector/admission/admission.h"

#include "base/metrics.h"

namespace vigil::collector {

Admission::Ticket Admission::Admit(size_t bytes) {
  static Counter& refused = GetCounter("vigil_admission_refused_total",
                                       "Requests that were refused because memory was short.");
  const size_t before = in_flight_.fetch_add(bytes);
  const bool room = before == 0 || before + bytes <= options_.max_bytes_in_flight;
  if (room && head_bytes_.load(std::memory_order_relaxed) <= options_.max_head_bytes) {
    return Ticket(this, bytes);
  }
  in_flight_.fetch_sub(bytes);
  refused.Add();
  return Ticket();
}

}  // namespace vigil::collector
