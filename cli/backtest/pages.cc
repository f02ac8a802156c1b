// SPDX-License-Identifier: Apache-2.0
#include "cli/backtest/pages.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/time/time.h>
#include <fmt/format.h>

#include "base/duration.h"
#include "cli/output.h"
#include "cli/text/display.h"
#include "cli/text/labels.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

// More names than that are in JSON.
constexpr size_t kMaxAlertNames = 10;

// A row of a table: what it is about, and what each side counts of it.
struct Row {
  std::vector<std::string> names;
  v1::PageTally tested;
  v1::PageTally against;
};

std::string LocalTime(int64_t unix_ms, const char* format, const Verdicts& verdicts) {
  return absl::FormatTime(format, absl::FromUnixMillis(unix_ms), verdicts.time_zone);
}

std::string BusyText(const v1::BusyTime& time, std::string_view at, const char* format,
                     const Verdicts& verdicts) {
  if (time.pages() == 0) return "";
  return fmt::format("{} {} {}", time.pages(), at, LocalTime(time.begin_ms(), format, verdicts));
}

// Prints counts: those of the tested side or, in a comparison, how they change.
class CountText {
 public:
  CountText(const Verdicts& verdicts, const Terminal& terminal)
      : compared_(verdicts.against_pages.has_value()), unicode_(terminal.unicode) {}

  std::string operator()(int64_t tested, int64_t against) const {
    if (!compared_) return fmt::to_string(tested);
    return fmt::format("{} {} {}", against, unicode_ ? "→" : "->", tested);
  }

  // With the change in per cent.
  std::string WithChange(int64_t tested, int64_t against) const {
    std::string text = (*this)(tested, against);
    if (!compared_ || against == 0) return text;
    const double ratio = static_cast<double>(tested - against) / static_cast<double>(against);
    const auto percent = static_cast<int64_t>(std::llround(100 * ratio));
    const std::string_view minus = unicode_ ? "−" : "-";
    return text + fmt::format(" ({}{} %)",
                              percent < 0   ? minus
                              : percent > 0 ? "+"
                                            : "",
                              std::abs(percent));
  }

 private:
  const bool compared_;
  const bool unicode_;
};

Row& RowOf(std::vector<std::string> names, std::vector<Row>* rows) {
  const auto found = std::find_if(rows->begin(), rows->end(),
                                  [&names](const Row& row) { return row.names == names; });
  if (found != rows->end()) return *found;
  rows->push_back({std::move(names), {}, {}});
  return rows->back();
}

std::vector<Row> ReceiverRows(const Verdicts& verdicts) {
  std::vector<Row> rows;
  for (const auto& one : verdicts.pages->receivers()) {
    RowOf({one.receiver()}, &rows).tested = one.tally();
  }
  if (!verdicts.against_pages.has_value()) return rows;
  for (const auto& one : verdicts.against_pages->receivers()) {
    RowOf({one.receiver()}, &rows).against = one.tally();
  }
  return rows;
}

std::vector<Row> RouteRows(const Verdicts& verdicts) {
  std::vector<Row> rows;
  for (const auto& one : verdicts.pages->routes()) {
    RowOf({one.route(), one.receiver()}, &rows).tested = one.tally();
  }
  if (!verdicts.against_pages.has_value()) return rows;
  for (const auto& one : verdicts.against_pages->routes()) {
    RowOf({one.route(), one.receiver()}, &rows).against = one.tally();
  }
  return rows;
}

Table TallyTable(std::vector<std::string> header, const std::vector<Row>& rows,
                 const Verdicts& verdicts, const Terminal& terminal) {
  const CountText count(verdicts, terminal);
  for (const char* const column :
       {"pages", "repeats", "resolves", "at night", "alerts", "busiest hour", "busiest day"}) {
    header.emplace_back(column);
  }
  Table table(std::move(header));
  for (const Row& row : rows) {
    const v1::PageTally& a = row.tested;
    const v1::PageTally& b = row.against;
    std::vector<Cell> cells(row.names.begin(), row.names.end());
    cells.emplace_back(count(a.pages(), b.pages()));
    cells.emplace_back(count(a.repeats(), b.repeats()));
    cells.emplace_back(count(a.resolves(), b.resolves()));
    cells.emplace_back(count(a.at_night(), b.at_night()));
    cells.emplace_back(count(a.alerts(), b.alerts()));
    cells.emplace_back(BusyText(a.busiest_hour(), "at", "%Y-%m-%d %H:%M", verdicts));
    cells.emplace_back(BusyText(a.busiest_day(), "on", "%Y-%m-%d", verdicts));
    table.Add(std::move(cells));
  }
  return table;
}

double ShareOf(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// "most by: A 3 (75 %), B 1 (25 %)": the part of the tested side's pages.
std::string AlertsText(const Verdicts& verdicts) {
  const v1::BacktestPages& pages = *verdicts.pages;
  std::string text;
  for (int i = 0; i < pages.alerts_size() && i < static_cast<int>(kMaxAlertNames); ++i) {
    const v1::AlertPages& alert = pages.alerts(i);
    const double share = ShareOf(alert.pages(), pages.total().pages());
    text += fmt::format("{}{} {} ({} %)", text.empty() ? "most by: " : ", ",
                        Printable(alert.alertname()), alert.pages(), std::llround(100 * share));
  }
  return text.empty() ? text : text + "\n";
}

Json JsonBusyTime(const v1::BusyTime& time) {
  if (time.pages() == 0) return nullptr;
  return {{"begin", FormatInstantMs(time.begin_ms())}, {"pages", time.pages()}};
}

void AddTally(const v1::PageTally& tally, Json* object) {
  (*object)["pages"] = tally.pages();
  (*object)["repeats"] = tally.repeats();
  (*object)["resolves"] = tally.resolves();
  (*object)["atNight"] = tally.at_night();
  (*object)["alerts"] = tally.alerts();
  (*object)["busiestHour"] = JsonBusyTime(tally.busiest_hour());
  (*object)["busiestDay"] = JsonBusyTime(tally.busiest_day());
}

Json JsonPage(const v1::Page& page) {
  Json object;
  object["time"] = FormatInstantMs(page.time_ms());
  object["receiver"] = page.receiver();
  object["integration"] = page.integration();
  object["route"] = page.route();
  object["groupLabels"] = JsonLabels(page.group_labels());
  object["reason"] = page.reason();
  object["firing"] = page.firing();
  object["resolved"] = page.resolved();
  return object;
}

}  // namespace

std::string PagesText(const Verdicts& verdicts, const Terminal& terminal) {
  if (!verdicts.pages.has_value()) return "";
  const CountText count(verdicts, terminal);
  std::string text =
      fmt::format("\nPages (hours, days and nights: {})\n\n", verdicts.time_zone.name());
  text += TallyTable({"receiver"}, ReceiverRows(verdicts), verdicts, terminal).ToText(terminal);
  const std::vector<Row> routes = RouteRows(verdicts);
  if (routes.size() > 1) {
    text += "\n";
    text += TallyTable({"route", "receiver"}, routes, verdicts, terminal).ToText(terminal);
  }
  const int64_t against =
      verdicts.against_pages.has_value() ? verdicts.against_pages->total().pages() : 0;
  text += "\n" + AlertsText(verdicts);
  return text + fmt::format("pages {}\n", count.WithChange(CountPages(verdicts), against));
}

Json JsonPages(const v1::BacktestPages& pages, const Verdicts& verdicts) {
  Json object;
  object["timeZone"] = verdicts.time_zone.name();
  Json total;
  AddTally(pages.total(), &total);
  object["total"] = std::move(total);
  object["receivers"] = Json::array();
  for (const v1::ReceiverPages& one : pages.receivers()) {
    Json receiver = {{"receiver", one.receiver()}};
    AddTally(one.tally(), &receiver);
    object["receivers"].push_back(std::move(receiver));
  }
  object["routes"] = Json::array();
  for (const v1::RoutePages& one : pages.routes()) {
    Json route = {{"route", one.route()}, {"receiver", one.receiver()}};
    AddTally(one.tally(), &route);
    object["routes"].push_back(std::move(route));
  }
  object["alerts"] = Json::array();
  for (const v1::AlertPages& one : pages.alerts()) {
    object["alerts"].push_back({{"alertname", one.alertname()},
                                {"pages", one.pages()},
                                {"share", ShareOf(one.pages(), pages.total().pages())}});
  }
  object["list"] = Json::array();
  for (const v1::Page& page : pages.pages()) object["list"].push_back(JsonPage(page));
  object["notListed"] = pages.dropped_pages();
  return object;
}

int64_t CountPages(const Verdicts& verdicts) {
  return verdicts.pages.has_value() ? verdicts.pages->total().pages() : 0;
}

bool PagesMore(const Verdicts& verdicts) {
  return verdicts.against_pages.has_value() &&
         CountPages(verdicts) > verdicts.against_pages->total().pages();
}

}  // namespace vigil::cli
