// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/config.h"

#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using vigil::testing::StatusIs;

ManagerConfig Parse(std::string_view yaml) {
  absl::StatusOr<ManagerConfig> config = ParseManagerConfig("am.yml", yaml);
  EXPECT_OK(config);
  return config.ok() ? *std::move(config) : ManagerConfig();
}

TEST(ManagerConfig, DefaultTakesEverythingAndTellsNobody) {
  const ManagerConfig config;
  const auto routes = MatchRoutes(config.route, {{"alertname", "A"}});
  ASSERT_EQ(routes.size(), 1u);
  EXPECT_EQ(config.FindReceiver(routes[0]->receiver), nullptr);
  EXPECT_EQ(routes[0]->key, "{}");
}

TEST(ManagerConfig, DefaultsOfTheSmallestFile) {
  const ManagerConfig config = Parse("route: {receiver: a}\nreceivers: [{name: a}]\n");
  EXPECT_EQ(config.resolve_timeout_ms, 5 * kMillisPerMinute);
  EXPECT_EQ(config.route.group_wait_ms, 30 * kMillisPerSecond);
  EXPECT_EQ(config.route.group_interval_ms, 5 * kMillisPerMinute);
  EXPECT_EQ(config.route.repeat_interval_ms, 4 * kMillisPerHour);
  EXPECT_THAT(config.route.group_by, IsEmpty());
  EXPECT_THAT(config.receivers[0].channels, IsEmpty());
}

TEST(ManagerConfig, ReadsAWebhook) {
  const ManagerConfig config = Parse(R"(
global:
  resolve_timeout: 1m
  http_config: {authorization: {credentials: tok}}
route: {receiver: a}
receivers:
- name: a
  labels: {name: a, team: x}
  webhook_configs:
  - url: https://host:1/x?y
    send_resolved: false
    max_alerts: 7
    timeout: 1500ms
  - url: http://[::1]/
    http_config:
      basic_auth: {username: Aladdin, password: open sesame}
      http_headers: {X-A: {values: [one, two], secrets: [three]}}
)");
  EXPECT_EQ(config.resolve_timeout_ms, kMillisPerMinute);
  ASSERT_EQ(config.receivers.size(), 1u);
  EXPECT_EQ(config.receivers[0].labels.Get("team"), "x");
  ASSERT_EQ(config.receivers[0].channels.size(), 2u);
  const Channel& first = *config.receivers[0].channels[0];
  EXPECT_EQ(first.kind(), "webhook");
  EXPECT_FALSE(first.send_resolved());
  EXPECT_EQ(first.settings().timeout_ms, 1500);
  ASSERT_TRUE(first.settings().http->authorization.has_value());
  EXPECT_EQ(first.settings().http->authorization->credentials.text, "tok");
  const Channel& second = *config.receivers[0].channels[1];
  EXPECT_TRUE(second.send_resolved());
  EXPECT_EQ(second.settings().timeout_ms, 0);
  ASSERT_TRUE(second.settings().http->basic_auth.has_value());
  EXPECT_FALSE(second.settings().http->authorization.has_value());
  EXPECT_EQ(second.settings().http->headers[0].values.size(), 3u);
  EXPECT_EQ(config.receivers[0].FindChannel("webhook", 1), &second);
  EXPECT_EQ(config.receivers[0].FindChannel("webhook", 2), nullptr);
}

TEST(ManagerConfig, ChildrenInherit) {
  const ManagerConfig config = Parse(R"(
route:
  receiver: a
  group_by: [x, y]
  group_wait: 1s
  labels: {one: "1", two: "2"}
  routes:
  - matchers: [t=1]
    continue: true
    labels: {two: "22"}
    routes:
    - {receiver: b, group_by: [], group_interval: 1m, repeat_interval: 2m}
  - group_by: ['...']
    match: {s: "1"}
    match_re: {r: a|b}
    matchers: ['{a="b",c!="d"}', e=~f]
receivers: [{name: a}, {name: b}]
)");
  const Route& first = config.route.routes[0];
  EXPECT_EQ(first.receiver, "a");
  EXPECT_EQ(first.group_wait_ms, 1000);
  EXPECT_TRUE(first.continue_matching);
  EXPECT_EQ(first.labels.ToString(), R"({one="1", two="22"})");
  const Route& grandchild = first.routes[0];
  EXPECT_EQ(grandchild.receiver, "b");
  EXPECT_THAT(grandchild.group_by, IsEmpty());
  EXPECT_THAT(grandchild.matchers, IsEmpty());
  EXPECT_FALSE(grandchild.continue_matching);
  EXPECT_EQ(grandchild.group_interval_ms, kMillisPerMinute);
  EXPECT_EQ(grandchild.repeat_interval_ms, 2 * kMillisPerMinute);
  EXPECT_EQ(grandchild.key, R"({}/{t="1"}/{})");
  const Route& second = config.route.routes[1];
  EXPECT_TRUE(second.group_by_all);
  EXPECT_THAT(second.group_by, IsEmpty());
  EXPECT_EQ(second.key, R"({}/{a="b",c!="d",e=~"f",r=~"a|b",s="1"})");
}

TEST(ManagerConfig, FlapDetectionAndBudgetsAreInheritedUntilTheyAreOff) {
  const ManagerConfig config = Parse(R"(
route:
  receiver: a
  flap_detection: {changes: 4, within: 1h, calm: 15m}
  notification_budget: {limit: 20, per: 1h}
  routes:
  - matchers: [t=1]
    flap_detection: off
    routes: [{receiver: a, notification_budget: off}]
  - matchers: [t=2]
    flap_detection: {changes: 2, within: 1m, calm: 1s}
    notification_budget: {limit: 1, per: 1m}
    routes: [{receiver: a}]
receivers: [{name: a}]
)");
  EXPECT_EQ(config.route.flap_detection.changes, 4);
  EXPECT_EQ(config.route.flap_detection.within_ms, kMillisPerHour);
  EXPECT_EQ(config.route.flap_detection.calm_ms, 15 * kMillisPerMinute);
  EXPECT_EQ(config.route.notification_budget.limit, 20);
  EXPECT_EQ(config.route.notification_budget.per_ms, kMillisPerHour);
  EXPECT_EQ(config.route.budget_id, "{}");
  const Route& first = config.route.routes[0];
  EXPECT_FALSE(first.flap_detection.enabled());
  EXPECT_EQ(first.notification_budget.limit, 20);
  EXPECT_EQ(first.budget_id, "{}");
  EXPECT_FALSE(first.routes[0].notification_budget.enabled());
  EXPECT_EQ(first.routes[0].budget_id, "");
  const Route& second = config.route.routes[1];
  EXPECT_EQ(second.flap_detection.changes, 2);
  EXPECT_EQ(second.budget_id, R"({}/{t="2"})");
  EXPECT_EQ(second.routes[0].notification_budget.limit, 1);
  EXPECT_EQ(second.routes[0].budget_id, R"({}/{t="2"})");
}

TEST(ManagerConfig, NothingIsHeldUnlessToldSo) {
  const ManagerConfig config = Parse("route: {receiver: a}\nreceivers: [{name: a}]\n");
  EXPECT_FALSE(config.route.flap_detection.enabled());
  EXPECT_FALSE(config.route.notification_budget.enabled());
  EXPECT_EQ(config.route.budget_id, "");
}

TEST(ManagerConfig, TimeIntervalsAndMatchersAreNotInherited) {
  const ManagerConfig config = Parse(R"(
route:
  receiver: a
  routes:
  - mute_time_intervals: [t, u]
    active_time_intervals: [u]
    matchers: ['', '{}', a=b]
    routes: [{receiver: a}]
receivers: [{name: a}]
time_intervals: [{name: t}]
mute_time_intervals: [{name: u, time_intervals: [{times: [{start_time: 10:00, end_time: 11:00}]}]}]
inhibit_rules: [{source_matchers: [a=b], target_matchers: [c=d], equal: [e]}]
tracing: {endpoint: here}
)");
  const Route& first = config.route.routes[0];
  EXPECT_THAT(first.mute_time_intervals, ElementsAre("t", "u"));
  EXPECT_THAT(first.active_time_intervals, ElementsAre("u"));
  EXPECT_EQ(first.matchers.size(), 1u);
  EXPECT_THAT(first.routes[0].mute_time_intervals, IsEmpty());
  EXPECT_THAT(first.routes[0].active_time_intervals, IsEmpty());
  ASSERT_NE(config.FindTimeInterval("u"), nullptr);
  EXPECT_FALSE(config.FindTimeInterval("u")->Contains(0));
  EXPECT_TRUE(config.FindTimeInterval("u")->Contains(10 * kMillisPerHour));
  EXPECT_EQ(config.FindTimeInterval("v"), nullptr);
  EXPECT_EQ(config.inhibit_rules.size(), 1u);
  EXPECT_THAT(config.yaml, HasSubstr("tracing"));
}

// A file that is wrong in one way, and what is said about it.
struct Mistake {
  const char* yaml;
  const char* error;
};

// Puts `route` and `receiver` beside what else a file needs.
#define WITH_ROUTE(route) "receivers: [{name: a}]\nroute: " route "\n"
#define WITH_RECEIVER(receiver) "route: {receiver: a}\nreceivers: [" receiver "]\n"
#define WITH_WEBHOOK(webhook) WITH_RECEIVER("{name: a, webhook_configs: [" webhook "]}")
#define WITH_HTTP(http) WITH_WEBHOOK("{url: 'http://h', http_config: " http "}")

class ConfigMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistake, IsNamedWithItsPlace) {
  const absl::Status status = ParseManagerConfig("am.yml", GetParam().yaml).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, GetParam().error))
      << GetParam().yaml;
}

INSTANTIATE_TEST_SUITE_P(
    Root, ConfigMistake,
    ::testing::Values(
        Mistake{"", "am.yml:1:1: no routes provided"},
        Mistake{"receivers: []\n", "am.yml:1:1: no routes provided"},
        Mistake{"[]\n",
                "am.yml:1:1: the configuration must be a map\nam.yml:1:1: no routes provided"},
        Mistake{"route: {receiver: a\n", "am.yml:2:1: end of map flow not found"},
        Mistake{"route: \xff\n", "am.yml:1:1: the file is not valid UTF-8"},
        Mistake{WITH_ROUTE("{receiver: a}") "foo: 1\n",
                "am.yml:3:1: unknown field foo in the configuration"},
        Mistake{WITH_ROUTE("{receiver: a}") "route: {receiver: a}\n",
                "am.yml:3:1: route is given twice in the configuration"},
        Mistake{WITH_ROUTE("{receiver: a}") "templates: x\n",
                "am.yml:3:12: templates must be a list of files"},
        Mistake{WITH_ROUTE("{receiver: a}") "inhibit_rules: {}\n",
                "am.yml:3:16: inhibit_rules must be a list"},
        Mistake{WITH_ROUTE("{receiver: a}") "time_intervals: [{name: t}]\n"
                                            "mute_time_intervals: [{name: t}]\n",
                "am.yml:4:23: mute time interval \"t\" is not unique"},
        Mistake{WITH_ROUTE("{receiver: a}") "global: {resolve_timeout: soon}\n",
                "am.yml:3:27: resolve_timeout: \"soon\" is not a duration: write integers "
                "with units y, w, d, h, m, s or ms, largest first, as in 1h30m"},
        Mistake{WITH_ROUTE("{receiver: a}") "global: {resolve_timeout: 101y}\n",
                "am.yml:3:27: resolve_timeout is longer than 100y"},
        Mistake{WITH_ROUTE("{receiver: a}") "global: {wechat_api_url: y}\n",
                "am.yml:3:26: unsupported scheme \"\" for URL"},
        Mistake{
            WITH_ROUTE("{receiver: a}") "global: {slack_api_url: 'ftp://h', smtp_smarthost: h}\n",
            "am.yml:3:25: unsupported scheme \"ftp\" for URL\n"
            "am.yml:3:52: address h: missing port in address"},
        Mistake{
            WITH_ROUTE("{receiver: a}") "global: {slack_api_url: 'http://h', slack_app_token: t}\n",
            "am.yml:3:54: at most one of slack_app_token and slack_api_url may be given"},
        Mistake{WITH_ROUTE("{receiver: a}") "global: {foo: x}\n",
                "am.yml:3:10: unknown field foo in global"}));

INSTANTIATE_TEST_SUITE_P(
    Route, ConfigMistake,
    ::testing::Values(
        Mistake{WITH_ROUTE("{}"), "am.yml:2:8: root route must specify a default receiver"},
        Mistake{WITH_ROUTE("x"),
                "am.yml:2:8: route must be a map\n"
                "am.yml:2:8: root route must specify a default receiver"},
        Mistake{WITH_ROUTE("{receiver: b}"), "am.yml:2:19: undefined receiver \"b\" used in route"},
        Mistake{WITH_ROUTE("{receiver: a, routes: [{receiver: b}]}"),
                "am.yml:2:42: undefined receiver \"b\" used in route"},
        Mistake{WITH_ROUTE("{receiver: [a]}"),
                "am.yml:2:8: root route must specify a default receiver\n"
                "am.yml:2:19: receiver must be a single value"},
        Mistake{WITH_ROUTE("{receiver: a, matchers: [a=b]}"),
                "am.yml:2:8: root route must not have any matchers"},
        Mistake{WITH_ROUTE("{receiver: a, match: {a: b}}"),
                "am.yml:2:8: root route must not have any matchers"},
        Mistake{WITH_ROUTE("{receiver: a, mute_time_intervals: [t]}") "time_intervals: [{name: t}]",
                "am.yml:2:8: root route must not have any mute time intervals"},
        Mistake{
            WITH_ROUTE("{receiver: a, active_time_intervals: [t]}") "time_intervals: [{name: t}]",
            "am.yml:2:8: root route must not have any active time intervals"},
        Mistake{WITH_ROUTE("{receiver: a, routes: [{mute_time_intervals: [x]}]}"),
                "am.yml:2:54: undefined time interval \"x\" used in route"},
        Mistake{WITH_ROUTE("{receiver: a, routes: [{active_time_intervals: x}]}"),
                "am.yml:2:55: active_time_intervals must be a list of names"},
        Mistake{WITH_ROUTE("{receiver: a, continue: true}"),
                "am.yml:2:8: cannot have continue in root route"},
        Mistake{WITH_ROUTE("{receiver: a, continue: maybe}"),
                "am.yml:2:32: continue must be true or false"},
        Mistake{WITH_ROUTE("{receiver: a, group_interval: 0s}"),
                "am.yml:2:38: group_interval cannot be zero"},
        Mistake{WITH_ROUTE("{receiver: a, repeat_interval: 0}"),
                "am.yml:2:39: repeat_interval cannot be zero"},
        Mistake{WITH_ROUTE("{receiver: a, group_wait: -1s}"),
                "am.yml:2:34: group_wait: \"-1s\" is not a duration: write integers "
                "with units y, w, d, h, m, s or ms, largest first, as in 1h30m"},
        Mistake{WITH_ROUTE("{receiver: a, group_by: x}"),
                "am.yml:2:32: group_by must be a list of label names"},
        Mistake{WITH_ROUTE("{receiver: a, group_by: [x, x]}"),
                "am.yml:2:36: duplicated label \"x\" in group_by"},
        Mistake{WITH_ROUTE("{receiver: a, group_by: ['']}"),
                "am.yml:2:33: invalid label name \"\" in group_by list"},
        Mistake{WITH_ROUTE("{receiver: a, group_by: ['...', '...']}"),
                "am.yml:2:40: duplicated label \"...\" in group_by"},
        Mistake{WITH_ROUTE("{receiver: a, group_by: ['...', x]}"),
                "am.yml:2:32: cannot have wildcard group_by (`...`) and other labels at the same "
                "time"},
        Mistake{WITH_ROUTE("{receiver: a, routes: [{matchers: [a]}]}"),
                "am.yml:2:43: bad matcher: expected an operator (=, !=, =~, !~) behind \"a\""},
        Mistake{WITH_ROUTE("{receiver: a, routes: [{matchers: [[]]}]}"),
                "am.yml:2:43: bad matcher: no matchers"},
        Mistake{WITH_ROUTE("{receiver: a, routes: [{match: {a-b: c}}]}"),
                "am.yml:2:39: invalid label name \"a-b\" in match"},
        Mistake{WITH_ROUTE("{receiver: a, routes: [{matchers: a=b}]}"),
                "am.yml:2:42: matchers must be a list of texts"},
        Mistake{WITH_ROUTE("{receiver: a, routes: {}}"),
                "am.yml:2:30: routes must be a list of routes"},
        Mistake{WITH_ROUTE("{receiver: a, labels: {x: '{{ .A }}'}}"),
                "am.yml:2:34: a template in route labels is not supported"},
        Mistake{WITH_ROUTE("{receiver: a, foo: 1, routes: [{bar: 2}]}"),
                "am.yml:2:22: unknown field foo in route\nam.yml:2:40: unknown field bar in route"},
        Mistake{WITH_ROUTE("&r {receiver: a, routes: [*r]}"),
                "am.yml:2:8: more than 10000 routes, or deeper than 64"}));

INSTANTIATE_TEST_SUITE_P(
    Fatigue, ConfigMistake,
    ::testing::Values(
        Mistake{WITH_ROUTE("{receiver: a, flap_detection: on}"),
                "am.yml:2:38: flap_detection must be a map"},
        Mistake{WITH_ROUTE("{receiver: a, flap_detection: {}}"),
                "am.yml:2:38: flap_detection needs changes; `off` ends an inherited one"},
        Mistake{WITH_ROUTE("{receiver: a, flap_detection: {changes: 2, within: 1m}}"),
                "am.yml:2:38: flap_detection needs calm; `off` ends an inherited one"},
        Mistake{WITH_ROUTE("{receiver: a, flap_detection: {changes: 1, within: 1m, calm: 1m}}"),
                "am.yml:2:48: changes must be from 2 to 100: an alert that fires once does not "
                "flap"},
        Mistake{WITH_ROUTE("{receiver: a, flap_detection: {changes: 101, within: 1m, calm: 1m}}"),
                "am.yml:2:48: changes must be from 2 to 100: an alert that fires once does not "
                "flap"},
        Mistake{WITH_ROUTE("{receiver: a, flap_detection: {changes: 2, within: 0s, calm: 0s}}"),
                "am.yml:2:59: within must be longer than 0\n"
                "am.yml:2:69: calm must be longer than 0"},
        Mistake{
            WITH_ROUTE("{receiver: a, flap_detection: {changes: 2, within: 1m, calm: 1m, x: 1}}"),
            "am.yml:2:73: unknown field x in flap_detection"},
        Mistake{WITH_ROUTE("{receiver: a, notification_budget: 20}"),
                "am.yml:2:43: notification_budget must be a map"},
        Mistake{WITH_ROUTE("{receiver: a, notification_budget: {limit: 5}}"),
                "am.yml:2:43: notification_budget needs per; `off` ends an inherited one"},
        Mistake{WITH_ROUTE("{receiver: a, notification_budget: {limit: 0, per: 1h}}"),
                "am.yml:2:51: limit must be from 1 to 1000; to tell nobody, name a receiver "
                "without integrations"},
        Mistake{WITH_ROUTE("{receiver: a, notification_budget: {limit: 1, per: 0}}"),
                "am.yml:2:59: per must be longer than 0"}));

INSTANTIATE_TEST_SUITE_P(
    Receivers, ConfigMistake,
    ::testing::Values(
        Mistake{"route: {receiver: a}\nreceivers: {name: a}\n",
                "am.yml:1:19: undefined receiver \"a\" used in route\n"
                "am.yml:2:12: receivers must be a list"},
        Mistake{WITH_RECEIVER("{name: a}, {}"), "am.yml:2:24: missing name in receiver"},
        Mistake{WITH_RECEIVER("{name: a}, {name: a}"),
                "am.yml:2:24: notification config name \"a\" is not unique"},
        Mistake{WITH_RECEIVER("{name: a, labels: {name: b}}"),
                "am.yml:2:31: label name \"b\" differs from the receiver's name \"a\""},
        Mistake{WITH_RECEIVER("{name: a, carrier_pigeon_configs: []}"),
                "am.yml:2:23: unknown field carrier_pigeon_configs in receiver"},
        Mistake{WITH_RECEIVER("{name: a, webhook_configs: {}}"),
                "am.yml:2:40: webhook_configs must be a list"},
        Mistake{WITH_WEBHOOK("{}"), "am.yml:2:41: webhook_configs needs a url or a url_file"},
        Mistake{WITH_WEBHOOK("{url: 'ftp://h'}"),
                "am.yml:2:47: unsupported scheme \"ftp\" for URL"},
        Mistake{WITH_WEBHOOK("{url: h}"), "am.yml:2:47: unsupported scheme \"\" for URL"},
        Mistake{WITH_WEBHOOK("{url: 'http:///x'}"), "am.yml:2:47: missing host for URL"},
        Mistake{WITH_WEBHOOK("{url: 'http://h/ x'}"),
                "am.yml:2:47: the URL holds characters that a URL cannot"},
        Mistake{WITH_WEBHOOK("{url: 'http://h:abc/'}"), "am.yml:2:47: invalid port in \"h:abc\""},
        Mistake{WITH_WEBHOOK("{url: 'http://h/%zz'}"), "am.yml:2:47: invalid URL escape \"%zz\""},
        Mistake{WITH_WEBHOOK("{url: 'http://h', max_alerts: '1'}"),
                "am.yml:2:71: max_alerts must be a whole number, 0 or more"},
        Mistake{WITH_WEBHOOK("{url: 'http://h', send_resolved: 'true'}"),
                "am.yml:2:74: send_resolved must be true or false"},
        Mistake{WITH_WEBHOOK("{url: 'http://h/{{ nope }}'}"),
                "am.yml:2:47: template: url:1:13: function \"nope\" not defined"},
        Mistake{WITH_WEBHOOK("{url: 'http://h', payload: x}"),
                "am.yml:2:68: payload must be a map"},
        Mistake{WITH_WEBHOOK("{url: 'http://h', payload: {a: '{{ nope }}'}}"),
                "am.yml:2:72: template: payload:1:4: function \"nope\" not defined"},
        Mistake{WITH_WEBHOOK("{url: 'http://h', hmac: {header: 'a b'}}"),
                "am.yml:2:65: hmac needs a secret or a secret_file\n"
                "am.yml:2:74: \"a b\" is no header"},
        Mistake{WITH_WEBHOOK("{url: 'http://h', headers: {A: \"x\\ny\"}}"),
                "am.yml:2:72: this cannot be a value of the header A"},
        Mistake{WITH_WEBHOOK("{url: 'http://h', max_alerts: -1}"),
                "am.yml:2:71: max_alerts must be a whole number, 0 or more"},
        Mistake{WITH_WEBHOOK("{url: 'http://h', send_resolved: 2}"),
                "am.yml:2:74: send_resolved must be true or false"}));

INSTANTIATE_TEST_SUITE_P(
    Http, ConfigMistake,
    ::testing::Values(
        Mistake{WITH_HTTP("{tls_config: {cert_file: x}}"),
                "am.yml:2:85: a certificate needs its key: key or key_file"},
        Mistake{WITH_HTTP("{foo: x}"), "am.yml:2:73: unknown field foo in http_config"},
        Mistake{WITH_HTTP("{basic_auth: {}, authorization: {}}"),
                "am.yml:2:72: at most one of basic_auth, authorization, bearer_token and oauth2 "
                "may be given"},
        Mistake{WITH_HTTP("{authorization: {type: basic}}"),
                "am.yml:2:95: type may not be basic: write basic_auth instead"},
        Mistake{WITH_HTTP("{authorization: {credentials: \"x\\r\\nEvil: 1\"}}"),
                "am.yml:2:88: authorization has characters that a header cannot have"},
        Mistake{WITH_HTTP("{http_headers: {Host: {values: [x]}}}"),
                "am.yml:2:94: setting header \"Host\" is not allowed"},
        Mistake{WITH_HTTP("{http_headers: {'A B': {values: [x]}}}"),
                "am.yml:2:95: \"A B\" is no header"},
        Mistake{WITH_HTTP("{http_headers: {A: {values: [\"x\\ny\"]}}}"),
                "am.yml:2:101: this cannot be a value of the header A"}));

TEST(ManagerConfig, NamesEveryMistakeInFileOrder) {
  EXPECT_THAT(ParseManagerConfig("f", "receivers: [{}]\nfoo: 1\nroute: {group_wait: x}\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "f:1:13: missing name in receiver\n"
                       "f:2:1: unknown field foo in the configuration\n"
                       "f:3:8: root route must specify a default receiver\n"
                       "f:3:21: group_wait: \"x\" is not a duration: write integers with units y, "
                       "w, d, h, m, s or ms, largest first, as in 1h30m"));
}

TEST(ManagerConfig, FilesMayBeLeftAlone) {
  const std::string yaml = R"(
templates: ['no/such/dir', '/etc/*']
route: {receiver: team}
receivers:
  - name: team
    slack_configs: [{api_url: 'http://slack/', channel: '#c', text: '{{ template "ours" . }}'}]
)";
  EXPECT_THAT(ParseManagerConfig("am.yml", yaml).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("am.yml:")));
  ASSERT_OK_AND_ASSIGN(const ManagerConfig config,
                       ParseManagerConfig("am.yml", yaml, ManagerFiles::kIgnore));
  EXPECT_EQ(config.receivers[0].channels.size(), 1u);
  // What needs no file is still checked.
  EXPECT_THAT(ParseManagerConfig("am.yml",
                                 "templates: [7, []]\nroute: {receiver: b}\n"
                                 "receivers: [{name: a, webhook_configs: [{url: 'http://{{'}]}]\n",
                                 ManagerFiles::kIgnore)
                  .status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("am.yml:1:16: templates must be a list of files"),
                             HasSubstr("am.yml:2:"), HasSubstr("am.yml:3:"))));
}

TEST(ManagerConfig, TemplatesMayBeMissing) {
  EXPECT_OK(ParseManagerConfig("am.yml", R"(
templates: ['/no/such/folder/*.tmpl']
route: {receiver: team}
receivers:
  - name: team
    slack_configs: [{api_url: 'http://slack/', channel: '#c', text: '{{ template "ours" . }}'}]
)"));
}

TEST(ManagerConfig, SettingsOfAllKindsStandInGlobal) {
  EXPECT_OK(ParseManagerConfig("am.yml", R"(
global:
  victorops_api_url: http://v/
  victorops_api_key: k
  wechat_api_url: http://w/
  wechat_api_secret_file: s
  wechat_api_corp_id: c
  rocketchat_api_url: http://r/
  rocketchat_token: t
  rocketchat_token_id: i
  mattermost_webhook_url: http://m/
  jira_api_url: http://j/
  slack_api_url: <secret>
route: {receiver: team}
receivers:
  - name: team
    victorops_configs: [{routing_key: r}]
    wechat_configs: [{}]
    rocketchat_configs: [{}]
    mattermost_configs: [{}]
    jira_configs: [{project: p, issue_type: t}]
    slack_configs: [{channel: c}]
)"));
}

TEST(ManagerConfig, RoutesMayMergeOthersIn) {
  ASSERT_OK_AND_ASSIGN(const ManagerConfig config, ParseManagerConfig("am.yml", R"(
route:
  receiver: team
  routes:
    - &page {matchers: [severity="page"], group_wait: 1s, repeat_interval: 1h}
    - {<<: *page, matchers: [severity="ticket"]}
receivers: [{name: team}]
)"));
  const Route& merged = config.route.routes[1];
  EXPECT_EQ(merged.group_wait_ms, 1'000);
  ASSERT_EQ(merged.matchers.size(), 1u);
  EXPECT_EQ(merged.matchers[0].value(), "ticket");
}

TEST(ManagerConfig, ManyAliasesDoNotTakeTheMemory) {
  std::string yaml = "x: &x0 {}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*x" + std::to_string(i - 1);
    yaml += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " {routes: [" + before + ", " +
            before + "]}\n";
  }
  yaml += "receivers: [{name: a}]\nroute: {receiver: a, routes: [*x39]}\n";
  EXPECT_THAT(ParseManagerConfig("f", yaml).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than 10000 routes")));
}

}  // namespace
}  // namespace vigil::alerting
