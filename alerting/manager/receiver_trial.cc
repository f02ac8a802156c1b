// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/receiver_trial.h"

#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "alerting/manager/courier.h"
#include "alerting/notify/notification.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace vigil::alerting {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Answers come from other threads, maybe after nobody waits any more.
class Answers {
 public:
  explicit Answers(std::vector<TrialAnswer> answers)
      : answers_(std::move(answers)), missing_(answers_.size()) {}

  void Set(size_t i, DeliveryOutcome outcome, SteadyClock::time_point begun) {
    {
      MutexLock lock(&mutex_);
      answers_[i].outcome = std::move(outcome);
      answers_[i].took_ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begun).count();
      --missing_;
    }
    changed_.notify_all();
  }

  std::vector<TrialAnswer> Await() {
    MutexLock lock(&mutex_);
    while (missing_ > 0) changed_.wait(mutex_);
    return answers_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<TrialAnswer> answers_ ABSL_GUARDED_BY(mutex_);
  size_t missing_ ABSL_GUARDED_BY(mutex_);
};

Notification TestNotification(const std::string& receiver, const std::string& external_url,
                              int64_t now_ms) {
  Notification notification;
  notification.receiver = receiver;
  notification.reason = "test";
  notification.external_url = external_url;
  notification.group_labels = {{"alertname", "VigilTest"}};
  notification.group_key =
      fmt::format("{{}}/test:{{alertname=\"VigilTest\",receiver=\"{}\"}}", receiver);
  ToldAlert told;
  told.alert.labels = {{"alertname", "VigilTest"}, {"severity", "none"}};
  told.alert.annotations = {
      {"description", "Somebody tries whether notifications arrive. Nothing is wrong."},
      {"summary", "This is a test"}};
  told.alert.starts_at_ms = now_ms;
  told.fingerprint = Fingerprint(told.alert.labels);
  notification.alerts.push_back(std::move(told));
  return notification;
}

}  // namespace

absl::StatusOr<std::vector<TrialAnswer>> TryReceivers(const std::vector<Receiver>& receivers,
                                                      std::string_view name,
                                                      const std::string& external_url,
                                                      int64_t now_ms, int64_t timeout_ms,
                                                      Notifier* notifier) {
  std::vector<TrialAnswer> expected;
  std::vector<Parcel> parcels;
  bool found = name.empty();
  for (const Receiver& receiver : receivers) {
    if (!name.empty() && receiver.name != name) continue;
    found = true;
    const std::string text =
        EncodeNotification(TestNotification(receiver.name, external_url, now_ms));
    for (size_t place = 0; place < receiver.channels.size(); ++place) {
      const std::string kind(receiver.channels[place]->kind());
      const int index = receiver.IndexOf(static_cast<int>(place));
      expected.push_back({receiver.name, kind, index, {}, 0});
      Parcel& parcel = parcels.emplace_back();
      parcel.lane = fmt::format("test/{}/{}/{}", receiver.name, kind, index);
      parcel.channel = receiver.channels[place];
      parcel.notification = text;
      parcel.context.id = fmt::format("test-{}-{}-{}", now_ms, kind, index);
      parcel.context.now_ms = now_ms;
      parcel.timeout_ms = timeout_ms;
    }
  }
  if (!found) return absl::NotFoundError(fmt::format("there is no receiver \"{}\"", name));
  const auto answers = std::make_shared<Answers>(std::move(expected));
  for (size_t i = 0; i < parcels.size(); ++i) {
    const auto begun = SteadyClock::now();
    absl::StatusOr<Delivery> delivery = MakeDelivery(parcels[i]);
    if (!delivery.ok()) {
      answers->Set(i, NotMade(delivery.status()), begun);
      continue;
    }
    notifier->Send(parcels[i].lane, *std::move(delivery),
                   [answers, i, begun](DeliveryOutcome outcome) {
                     answers->Set(i, std::move(outcome), begun);
                   });
  }
  return answers->Await();
}

}  // namespace vigil::alerting
