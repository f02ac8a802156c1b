// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/backtest_pages.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/status.h"
#include "server/grpc/convert.h"

namespace vigil::server {
namespace {

using alerting::ManagerConfig;
using alerting::Page;
using alerting::PageCount;
using alerting::PageTally;

// In one message, so that it stays below what clients take by default.
constexpr size_t kPagesPerMessage = 1'000;

absl::StatusOr<ManagerConfig> ReadRoutes(const v1::BacktestRoutes& routes,
                                         const alerting::AlertManager& live) {
  if (routes.live()) return *live.config();
  return alerting::ParseManagerConfig(routes.file().name(), routes.file().text(),
                                      alerting::ManagerFiles::kIgnore);
}

void ToMessage(const alerting::BusyTime& time, v1::BusyTime* message) {
  message->set_begin_ms(time.begin_ms);
  message->set_pages(time.pages);
}

void ToMessage(const PageTally& tally, v1::PageTally* message) {
  message->set_pages(tally.pages);
  message->set_repeats(tally.repeats);
  message->set_resolves(tally.resolves);
  message->set_at_night(tally.at_night);
  message->set_alerts(tally.alerts);
  if (tally.pages == 0) return;
  ToMessage(tally.busiest_hour, message->mutable_busiest_hour());
  ToMessage(tally.busiest_day, message->mutable_busiest_day());
}

void ToMessage(const Page& page, v1::Page* message) {
  message->set_time_ms(page.time_ms);
  message->set_receiver(page.receiver);
  message->set_integration(page.integration);
  message->set_route(page.route);
  ToMessages(page.group_labels, message->mutable_group_labels());
  message->set_reason(page.reason);
  message->set_firing(page.firing);
  message->set_resolved(page.resolved);
}

// All but the pages themselves.
void ToMessage(const PageCount& count, v1::BacktestPages* message) {
  ToMessage(count.total, message->mutable_total());
  for (const PageCount::OfReceiver& one : count.receivers) {
    v1::ReceiverPages* const receiver = message->add_receivers();
    receiver->set_receiver(one.receiver);
    ToMessage(one.tally, receiver->mutable_tally());
  }
  for (const PageCount::OfRoute& one : count.routes) {
    v1::RoutePages* const route = message->add_routes();
    route->set_route(one.route);
    route->set_receiver(one.receiver);
    ToMessage(one.tally, route->mutable_tally());
  }
  for (const PageCount::OfAlert& one : count.alerts) {
    v1::AlertPages* const alert = message->add_alerts();
    alert->set_alertname(one.name);
    alert->set_pages(one.pages);
  }
  message->set_dropped_pages(count.dropped_pages);
}

}  // namespace

absl::StatusOr<BacktestManagers> ReadManagers(const v1::BacktestRequest& request,
                                              const alerting::AlertManager& live) {
  BacktestManagers managers;
  managers.time_zone = absl::UTCTimeZone();
  if (!request.time_zone().empty() &&
      !absl::LoadTimeZone(request.time_zone(), &managers.time_zone)) {
    return absl::InvalidArgumentError(
        fmt::format("the time zone \"{}\" is not known", request.time_zone()));
  }
  if (!request.has_routes()) {
    if (!request.has_against_routes()) return managers;
    return absl::InvalidArgumentError("routes to compare with need routes to be compared");
  }
  VIGIL_ASSIGN_OR_RETURN(ManagerConfig tested, ReadRoutes(request.routes(), live));
  managers.tested.push_back(std::move(tested));
  if (request.has_against_routes()) {
    VIGIL_ASSIGN_OR_RETURN(ManagerConfig against, ReadRoutes(request.against_routes(), live));
    managers.against.push_back(std::move(against));
  } else if (request.against_size() > 0) {
    managers.against = managers.tested;
  }
  return managers;
}

absl::Status WritePages(const PageCount& count, bool against,
                        const std::function<absl::Status(const v1::BacktestResponse&)>& write) {
  size_t sent = 0;
  do {
    v1::BacktestResponse response;
    v1::BacktestPages* const pages = response.mutable_pages();
    pages->set_against(against);
    pages->set_continues(sent > 0);
    if (sent == 0) ToMessage(count, pages);
    const size_t end = std::min(count.pages.size(), sent + kPagesPerMessage);
    for (; sent < end; ++sent) ToMessage(count.pages[sent], pages->add_pages());
    VIGIL_RETURN_IF_ERROR(write(response));
  } while (sent < count.pages.size());
  return absl::OkStatus();
}

}  // namespace vigil::server
