// SPDX-License-Identifier: Apache-2.0
//
// Whom alerts would have woken: the live alert manager on a clock of its own, with receivers that
// take everything at once. Nothing is sent, no file that a configuration names is read and no
// template is expanded; silences are not part of it. A notification is a page: a receiver with two
// integrations is paged twice, one without any never.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include "alerting/alert.h"
#include "alerting/manager/config.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

struct Page {
  int64_t time_ms = 0;
  std::string receiver;
  std::string integration;  // "webhook/0"
  std::string route;        // Route::key.
  storage::Labels group_labels;
  std::string reason;  // NotificationReason.
  int64_t firing = 0;  // Alerts told in it.
  int64_t resolved = 0;
};

// An hour or a day of the clock, and what fell into it.
struct BusyTime {
  int64_t begin_ms = 0;
  int64_t pages = 0;  // 0: there was none.
};

struct PageTally {
  int64_t pages = 0;
  int64_t repeats = 0;   // They told nothing new.
  int64_t resolves = 0;  // They told only of what was over.
  int64_t at_night = 0;
  int64_t alerts = 0;  // Told in them.
  BusyTime busiest_hour;
  BusyTime busiest_day;
};

struct PageCount {
  struct OfReceiver {
    std::string receiver;
    PageTally tally;
  };
  struct OfRoute {
    std::string route;
    std::string receiver;
    PageTally tally;
  };
  struct OfAlert {
    std::string name;
    int64_t pages = 0;  // In which it was told; a page may be of several.
  };

  PageTally total;
  std::vector<OfReceiver> receivers;  // All, as the configuration has them.
  std::vector<OfRoute> routes;        // Likewise, from the root down; those that are alike are one.
  std::vector<OfAlert> alerts;        // Those with the most pages first.
  std::vector<Page> pages;            // By time.
  int64_t dropped_pages = 0;          // Beyond kMaxPages: counted only.
};

// More than anybody reads.
inline constexpr size_t kMaxPages = 10'000;
// Hours of the clock at which people sleep: from the first to before the second.
inline constexpr int kNightBegins = 22;
inline constexpr int kNightEnds = 7;

struct PageOptions {
  // What is counted: both ends included.
  int64_t from_ms = 0;
  int64_t to_ms = 0;
  absl::TimeZone time_zone = absl::UTCTimeZone();  // Of nights, hours and days.
  // Called now and then, however short the timers are; a failure ends the count. May be null.
  std::function<absl::Status()> pulse = nullptr;
};

// How long before the counted time a manager with these routes must hear of alerts so that what
// fires all along has been told by then.
int64_t LongestWaitMs(const Route& route);

// Adds pages up.
class PageTallies {
 public:
  PageTallies(const ManagerConfig& config, const PageOptions& options);

  // The route of a digest is the id of the one whose budget it is of; it is counted there.
  // `alert_names`: of the alerts told in it, each once. What lies outside the counted time is
  // passed over. Times do not go back.
  void Add(Page page, const std::vector<std::string>& alert_names);
  // Nothing more comes.
  PageCount Finish();

 private:
  // A tally and what it is made of.
  struct Running {
    PageTally tally;
    BusyTime hour;
    BusyTime day;
  };
  using RouteName = std::pair<std::string, std::string>;  // Its key, and the receiver.
  void AddTo(Running* running, const Page& page) const;
  void AddRoute(const Route& route);
  std::optional<size_t> TakePlace(Page* page) const;

  const PageOptions options_;
  PageCount count_;
  Running total_;
  std::vector<Running> receivers_;  // As PageCount has them.
  std::vector<Running> routes_;
  std::map<std::string, size_t> receiver_places_;
  std::map<RouteName, size_t> route_places_;
  std::map<std::string, size_t> budget_places_;  // By Route::id, where a budget is set.
  std::map<std::string, int64_t> alerts_;
};

// Not thread-safe.
class PageCounter {
 public:
  // Begins at `start_ms` with nothing known. Of `config` it keeps all but the integrations'
  // settings.
  static absl::StatusOr<std::unique_ptr<PageCounter>> Create(ManagerConfig config,
                                                             const PageOptions& options,
                                                             int64_t start_ms);
  virtual ~PageCounter() = default;

  // Takes in what is told at `now_ms`, as AlertSink::Receive; what the manager has to do up to then
  // comes before it. Requires: `now_ms` does not go back.
  virtual absl::Status Receive(const std::vector<Alert>& alerts, int64_t now_ms) = 0;
  // Lets the manager work on to the end of the counted time; nothing more comes.
  virtual absl::StatusOr<PageCount> Finish() = 0;
};

}  // namespace vigil::alerting
