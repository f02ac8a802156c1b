// SPDX-License-Identifier: Apache-2.0
#include "alerting/forward/alert_forwarder.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "alerting/labels_json.h"
#include "base/duration.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"

namespace vigil::alerting {
namespace {

// What is told about one target.
struct TargetMetrics {
  Counter& sent;
  Counter& errors;
  Counter& dropped;
  Gauge& queue_length;

  explicit TargetMetrics(const std::string& url)
      : sent(GetCounter("prometheus_notifications_sent_total",
                        "Alerts handed to the alert manager.", LabelOf(url))),
        errors(GetCounter("prometheus_notifications_errors_total",
                          "Alerts that the alert manager did not take.", LabelOf(url))),
        dropped(GetCounter("prometheus_notifications_dropped_total",
                           "Alerts that were never sent: too many were waiting.", LabelOf(url))),
        queue_length(GetGauge("prometheus_notifications_queue_length",
                              "Alerts that wait to be sent.", LabelOf(url))) {}

  // URLs hold neither quotes nor backslashes.
  static std::string LabelOf(const std::string& url) {
    return fmt::format("alertmanager=\"{}\"", url);
  }
};

}  // namespace

// The queues. Lives as long as a delivery may come back to it.
class AlertForwarder::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(Notifier* notifier) : notifier_(notifier) {}

  void SetConfig(ForwardConfig config) {
    MutexLock lock(&mutex_);
    relabels_ = std::move(config.alert_relabels);
    std::map<std::string, Queue> old = std::exchange(queues_, {});
    for (ForwardTarget& target : config.targets) {
      const auto at = old.find(target.url);
      std::string url = target.url;
      Queue queue = at != old.end() ? std::move(at->second) : Queue(url);
      queue.target = std::move(target);
      queues_.emplace(std::move(url), std::move(queue));
    }
  }

  std::vector<std::string> targets() const {
    MutexLock lock(&mutex_);
    std::vector<std::string> urls;
    for (const auto& [url, queue] : queues_) urls.push_back(url);
    return urls;
  }

  void Add(const std::vector<Alert>& alerts) {
    std::vector<std::string> urls;
    {
      MutexLock lock(&mutex_);
      if (closed_) return;
      for (auto& [url, queue] : queues_) {
        for (const Alert& alert : alerts) AddLocked(alert, &queue);
        queue.metrics.queue_length.Set(static_cast<int64_t>(queue.alerts.size()));
        urls.push_back(url);
      }
    }
    for (const std::string& url : urls) SendNext(url);
  }

  // Sends nothing more.
  void Close() {
    MutexLock lock(&mutex_);
    closed_ = true;
  }

 private:
  struct Queue {
    explicit Queue(const std::string& url) : metrics(url) {}
    ForwardTarget target;
    std::deque<Alert> alerts;
    bool in_flight = false;
    TargetMetrics metrics;
  };

  void AddLocked(const Alert& alert, Queue* queue) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    storage::LabelsBuilder labels(alert.labels);
    if (!storage::Relabel(relabels_, &labels)) return;
    if (!storage::Relabel(queue->target.alert_relabels, &labels)) return;
    if (queue->alerts.size() >= kMaxForwardQueue) {
      queue->alerts.pop_front();
      queue->metrics.dropped.Add();
    }
    queue->alerts.push_back(alert);
    queue->alerts.back().labels = labels.Build();
  }

  // Sends what waits for the target, unless something is on its way there.
  void SendNext(const std::string& url) {
    Delivery delivery;
    size_t count = 0;
    {
      MutexLock lock(&mutex_);
      const auto at = queues_.find(url);
      if (closed_ || at == queues_.end()) return;
      Queue& queue = at->second;
      if (queue.in_flight || queue.alerts.empty()) return;
      count = std::min(queue.alerts.size(), kMaxForwardBatch);
      const auto end = queue.alerts.begin() + static_cast<std::ptrdiff_t>(count);
      delivery.body = ForwardBody({queue.alerts.begin(), end});
      queue.alerts.erase(queue.alerts.begin(), end);
      queue.metrics.queue_length.Set(static_cast<int64_t>(queue.alerts.size()));
      queue.in_flight = true;
      delivery.url = queue.target.url;
      delivery.timeout_ms = queue.target.timeout_ms;
    }
    delivery.headers = {"Content-Type: application/json"};
    notifier_->Send(fmt::format("alertmanager {}", url), std::move(delivery),
                    [self = shared_from_this(), url, count](const DeliveryOutcome& outcome) {
                      self->TakeEnd(url, count, outcome);
                    });
  }

  void TakeEnd(const std::string& url, size_t count, const DeliveryOutcome& outcome) {
    {
      MutexLock lock(&mutex_);
      const auto at = queues_.find(url);
      if (at == queues_.end()) return;
      at->second.in_flight = false;
      TargetMetrics& metrics = at->second.metrics;
      (outcome.delivered ? metrics.sent : metrics.errors).Add(static_cast<int64_t>(count));
    }
    if (!outcome.delivered) {
      Log(LogLevel::kWarning, "an outside Alertmanager did not take alerts",
          {{"alertmanager", url}, {"alerts", fmt::to_string(count)}, {"error", outcome.error}});
    }
    SendNext(url);
  }

  Notifier* const notifier_;
  mutable Mutex mutex_;
  std::vector<storage::RelabelRule> relabels_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Queue> queues_ ABSL_GUARDED_BY(mutex_);  // By URL.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

AlertForwarder::AlertForwarder(AlertSink* next, Notifier* notifier)
    : next_(next), state_(std::make_shared<State>(notifier)) {}

AlertForwarder::~AlertForwarder() { state_->Close(); }

void AlertForwarder::SetConfig(ForwardConfig config) { state_->SetConfig(std::move(config)); }

std::vector<std::string> AlertForwarder::targets() const { return state_->targets(); }

absl::Status AlertForwarder::Receive(const std::vector<Alert>& alerts, int64_t now_ms,
                                     storage::WriteBatch* batch) {
  state_->Add(alerts);
  return next_->Receive(alerts, now_ms, batch);
}

std::string ForwardBody(const std::vector<Alert>& alerts) {
  std::string body;
  JsonWriter json(&body);
  json.BeginArray();
  for (const Alert& alert : alerts) {
    json.BeginObject();
    WriteLabels("labels", alert.labels, &json);
    WriteLabels("annotations", alert.annotations, &json);
    if (alert.starts_at_ms != 0) {
      json.TextMember("startsAt", FormatInstantMs(alert.starts_at_ms));
    }
    if (alert.ends_at_ms != 0) json.TextMember("endsAt", FormatInstantMs(alert.ends_at_ms));
    if (!alert.generator_url.empty()) json.TextMember("generatorURL", alert.generator_url);
    json.EndObject();
  }
  json.EndArray();
  return body;
}

}  // namespace vigil::alerting
