// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/page_count.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "alerting/manager/alert_manager.h"
#include "alerting/manager/digest.h"
#include "alerting/manager/stages.h"
#include "alerting/notify/channel.h"
#include "alerting/notify/notification.h"
#include "alerting/notify/notifier.h"
#include "base/clock.h"
#include "base/status.h"
#include "storage/kv/memory_store.h"

namespace vigil::alerting {
namespace {

constexpr std::string_view kAlertName = "alertname";
// Each takes microseconds, or milliseconds where there is much to tell.
constexpr int64_t kRoundsPerPulse = 100;

// Stands in for an integration: decides as it does whether resolved alerts are told, and hands on
// what it would tell as it is.
class RehearsedChannel final : public Channel {
 public:
  explicit RehearsedChannel(const Channel& real)
      : Channel({.send_resolved = real.send_resolved()}), kind_(real.kind()) {}

  std::string_view kind() const override { return kind_; }
  absl::StatusOr<Delivery> MakeDelivery(const std::string& notification,
                                        const DeliveryContext&) const override {
    Delivery delivery;
    delivery.body = notification;
    return delivery;
  }

 private:
  const std::string kind_;
};

void ReplaceChannels(ManagerConfig* config) {
  for (Receiver& receiver : config->receivers) {
    for (auto& channel : receiver.channels) {
      channel = std::make_shared<const RehearsedChannel>(*channel);
    }
  }
}

// What stands before the labels of a group's key, its route's key, or before the receiver of a
// digest's, the id of the route whose budget it is of.
std::string RouteOf(const Notification& notification) {
  const size_t labels = notification.reason == kDigestReason
                            ? DigestKey("", notification.receiver).size()
                            : GroupName("", notification.group_labels).size();
  const std::string& key = notification.group_key;
  return key.substr(0, key.size() - std::min(key.size(), labels));
}

// Takes everything at once.
class PageRecorder final : public Notifier {
 public:
  explicit PageRecorder(PageTallies* tallies) : tallies_(*tallies) {}

  void SetTime(int64_t now_ms) { now_ms_ = now_ms; }

  void Send(const std::string& lane, Delivery delivery,
            std::function<void(DeliveryOutcome)> done) override {
    Record(lane, delivery.body);
    done({.delivered = true, .http_status = 200});
  }

 private:
  void Record(const std::string& lane, const std::string& body) {
    const absl::StatusOr<Notification> notification = DecodeNotification(body);
    VIGIL_CHECK_OK(notification);  // The manager has just written it.
    Page page;
    page.time_ms = now_ms_;
    page.receiver = notification->receiver;
    page.integration = lane.substr(page.receiver.size() + 1);
    page.route = RouteOf(*notification);
    page.group_labels = notification->group_labels;
    page.reason = notification->reason;
    std::set<std::string> names;
    for (const ToldAlert& told : notification->alerts) {
      ++(told.resolved ? page.resolved : page.firing);
      names.insert(std::string(told.alert.labels.Get(kAlertName)));
    }
    tallies_.Add(std::move(page), {names.begin(), names.end()});
  }

  PageTallies& tallies_;
  int64_t now_ms_ = 0;
};

class PageCounterImpl final : public PageCounter {
 public:
  PageCounterImpl(const ManagerConfig& config, const PageOptions& options, int64_t start_ms)
      : to_ms_(options.to_ms),
        pulse_(options.pulse),
        now_ms_(start_ms),
        tallies_(config, options),
        recorder_(&tallies_) {}

  absl::Status Start(ManagerConfig config) {
    ReplaceChannels(&config);
    AlertManagerOptions options;
    options.rehearsal = true;
    VIGIL_ASSIGN_OR_RETURN(
        manager_, AlertManager::Create(options, std::move(config), &store_, &recorder_, now_ms_));
    due_ms_ = now_ms_;
    return absl::OkStatus();
  }

  absl::Status Receive(const std::vector<Alert>& alerts, int64_t now_ms) override {
    if (now_ms > now_ms_) VIGIL_RETURN_IF_ERROR(RunUpTo(now_ms));
    now_ms_ = now_ms;
    // Nobody restores it from the rows of the batch. Alerts that are refused are refused live.
    storage::WriteBatch rows;
    manager_->Receive(alerts, now_ms, &rows).IgnoreError();
    due_ms_ = now_ms;
    return absl::OkStatus();
  }

  absl::StatusOr<PageCount> Finish() override {
    VIGIL_RETURN_IF_ERROR(RunUpTo(to_ms_));
    return tallies_.Finish();
  }

 private:
  // Each thing at the time at which it is due, as the live driver wakes the manager.
  absl::Status RunUpTo(int64_t end_ms) {
    while (due_ms_ <= end_ms) {
      if (++rounds_ % kRoundsPerPulse == 0 && pulse_) VIGIL_RETURN_IF_ERROR(pulse_());
      recorder_.SetTime(due_ms_);
      due_ms_ = manager_->RunDue(due_ms_);
    }
    return absl::OkStatus();
  }

  const int64_t to_ms_;
  const std::function<absl::Status()> pulse_;
  int64_t rounds_ = 0;
  int64_t now_ms_;
  int64_t due_ms_ = 0;
  PageTallies tallies_;
  PageRecorder recorder_;
  storage::MemoryStore store_;
  std::unique_ptr<AlertManager> manager_;
};

// Where the hour and the day begin in which an instant lies.
int64_t HourOf(int64_t time_ms, const absl::TimeZone& zone) {
  const absl::TimeZone::CivilInfo at = zone.At(absl::FromUnixMillis(time_ms));
  const int64_t second = at.cs.minute() * 60 + at.cs.second();
  return time_ms - absl::ToInt64Milliseconds(at.subsecond) - second * kMillisPerSecond;
}

int64_t DayOf(int64_t time_ms, const absl::TimeZone& zone) {
  const absl::TimeZone::CivilInfo at = zone.At(absl::FromUnixMillis(time_ms));
  return absl::ToUnixMillis(absl::FromCivil(absl::CivilDay(at.cs), zone));
}

bool IsNight(int64_t time_ms, const absl::TimeZone& zone) {
  const int hour = static_cast<int>(zone.At(absl::FromUnixMillis(time_ms)).cs.hour());
  return hour >= kNightBegins || hour < kNightEnds;
}

// One more in the time that begins at `begin_ms`, which does not go back. The earliest of the
// busiest stays.
void Count(int64_t begin_ms, BusyTime* current, BusyTime* busiest) {
  if (current->pages == 0 || current->begin_ms != begin_ms) *current = {begin_ms, 0};
  if (++current->pages > busiest->pages) *busiest = *current;
}

}  // namespace

int64_t LongestWaitMs(const Route& route) {
  int64_t longest_ms = std::max(route.group_wait_ms, route.group_interval_ms);
  for (const Route& child : route.routes) {
    longest_ms = std::max(longest_ms, LongestWaitMs(child));
  }
  return longest_ms;
}

PageTallies::PageTallies(const ManagerConfig& config, const PageOptions& options)
    : options_(options) {
  for (const Receiver& receiver : config.receivers) {
    receiver_places_.emplace(receiver.name, count_.receivers.size());
    count_.receivers.push_back({receiver.name, {}});
  }
  AddRoute(config.route);
  receivers_.resize(count_.receivers.size());
  routes_.resize(count_.routes.size());
}

void PageTallies::AddRoute(const Route& route) {
  const auto [at, added] =
      route_places_.emplace(RouteName(route.key, route.receiver), count_.routes.size());
  if (added) count_.routes.push_back({route.key, route.receiver, {}});
  if (route.own_budget) budget_places_[route.id] = at->second;
  for (const Route& child : route.routes) AddRoute(child);
}

void PageTallies::AddTo(Running* running, const Page& page) const {
  PageTally& tally = running->tally;
  ++tally.pages;
  if (page.reason == kRepeatReason) ++tally.repeats;
  if (page.firing == 0) ++tally.resolves;
  if (IsNight(page.time_ms, options_.time_zone)) ++tally.at_night;
  tally.alerts += page.firing + page.resolved;
  Count(HourOf(page.time_ms, options_.time_zone), &running->hour, &tally.busiest_hour);
  Count(DayOf(page.time_ms, options_.time_zone), &running->day, &tally.busiest_day);
}

// Where the page is counted among the routes. A digest counts for the route that sets its budget,
// whosever receiver gets it, and has that route's key from then on.
std::optional<size_t> PageTallies::TakePlace(Page* page) const {
  if (page->reason == kDigestReason) {
    const auto budget = budget_places_.find(page->route);
    if (budget == budget_places_.end()) return std::nullopt;
    page->route = count_.routes[budget->second].route;
    return budget->second;
  }
  const auto route = route_places_.find(RouteName(page->route, page->receiver));
  return route == route_places_.end() ? std::nullopt : std::optional(route->second);
}

void PageTallies::Add(Page page, const std::vector<std::string>& alert_names) {
  if (page.time_ms < options_.from_ms || page.time_ms > options_.to_ms) return;
  AddTo(&total_, page);
  const auto receiver = receiver_places_.find(page.receiver);
  if (receiver != receiver_places_.end()) AddTo(&receivers_[receiver->second], page);
  if (const std::optional<size_t> place = TakePlace(&page)) AddTo(&routes_[*place], page);
  for (const std::string& name : alert_names) ++alerts_[name];
  if (count_.pages.size() < kMaxPages) {
    count_.pages.push_back(std::move(page));
  } else {
    ++count_.dropped_pages;
  }
}

PageCount PageTallies::Finish() {
  count_.total = total_.tally;
  for (size_t i = 0; i < receivers_.size(); ++i) count_.receivers[i].tally = receivers_[i].tally;
  for (size_t i = 0; i < routes_.size(); ++i) count_.routes[i].tally = routes_[i].tally;
  for (const auto& [name, pages] : alerts_) count_.alerts.push_back({name, pages});
  std::stable_sort(count_.alerts.begin(), count_.alerts.end(),
                   [](const auto& a, const auto& b) { return a.pages > b.pages; });
  return std::move(count_);
}

absl::StatusOr<std::unique_ptr<PageCounter>> PageCounter::Create(ManagerConfig config,
                                                                 const PageOptions& options,
                                                                 int64_t start_ms) {
  // Routes of a default configuration have no names yet.
  NameRoutes(&config.route);
  auto counter = std::make_unique<PageCounterImpl>(config, options, start_ms);
  VIGIL_RETURN_IF_ERROR(counter->Start(std::move(config)));
  return std::unique_ptr<PageCounter>(std::move(counter));
}

}  // namespace vigil::alerting
