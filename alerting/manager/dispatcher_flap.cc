// SPDX-License-Identifier: Apache-2.0
//
// Alerts that flap are held: to receivers they fire throughout, until they are calm. Their true
// state stays what the store says; inhibition and the API see that.
#include <utility>

#include "alerting/manager/dispatcher.h"

namespace vigil::alerting {

void Dispatcher::CountFire(const AlertStore::PutResult& put, int64_t now_ms) {
  const FlapOptions options = FlapOptionsFor(config_->route, put.alert->alert.labels);
  if (!options.enabled()) return;
  state_->flaps.Fired(put.alert->fingerprint, options, put.ended_at_ms, now_ms);
}

const FlapEntry* Dispatcher::FindFlapping(const Group& group, const StoredAlert& alert,
                                          int64_t now_ms) const {
  if (!group.route->flap_detection.enabled()) return nullptr;
  return state_->FindFlapping(alert, now_ms);
}

bool Dispatcher::HasEnded(const Group& group, const StoredAlert& alert, int64_t now_ms) const {
  return alert.ResolvedAt(now_ms) && FindFlapping(group, alert, now_ms) == nullptr;
}

ToldAlert Dispatcher::Tell(const Group& group, const StoredAlert& alert, int64_t now_ms) const {
  ToldAlert told{alert.alert, alert.fingerprint, HasEnded(group, alert, now_ms)};
  const FlapEntry* const flaps = FindFlapping(group, alert, now_ms);
  if (flaps == nullptr) return told;
  told.flapping = true;
  told.alert.annotations = flaps->AddTo(told.alert.annotations);
  return told;
}

// What is told is stored with it, whatever became of the batch that its sender was given.
void Dispatcher::StoreUnwritten(StoredAlert* alert) {
  if (!alert->maybe_unwritten) return;
  state_->WriteAlert(alert);
  if (watches_flaps_) state_->WriteFlaps(alert->fingerprint);
}

}  // namespace vigil::alerting
