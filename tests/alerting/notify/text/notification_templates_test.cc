// SPDX-License-Identifier: Apache-2.0
//
// Runs the scripts of testdata. `expand` gives what a template makes of a notification with three
// alerts, `html` the same in HTML; `check` what is wrong with a template when it is loaded. The
// clock stands at 2026-01-01T00:00:00Z, where the alerts have fired for 90 seconds.
#include "alerting/notify/text/notification_templates.h"

#include <string>

#include <gtest/gtest.h>

#include "base/status.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::alerting {
namespace {

using vigil::testing::StatusIs;
using vigil::testing::TextCase;

constexpr int64_t kNowMs = 1'767'225'600'000;

ToldAlert MakeAlert(storage::Labels labels, storage::Labels annotations, bool resolved) {
  ToldAlert told;
  told.alert.labels = std::move(labels);
  told.alert.annotations = std::move(annotations);
  told.alert.starts_at_ms = kNowMs - 90'000;
  told.alert.ends_at_ms = resolved ? kNowMs - 30'000 : 0;
  told.alert.generator_url = "http://gen?a=1&b=2";
  told.fingerprint = Fingerprint(told.alert.labels);
  told.resolved = resolved;
  return told;
}

Notification MakeNotification() {
  Notification notification;
  notification.receiver = "team x";
  notification.reason = "first notification";
  notification.external_url = "http://vigil";
  notification.group_key = "{}:{alertname=\"Hot\"}";
  notification.group_labels = {{"alertname", "Hot"}};
  notification.route_labels = {{"tier", "1"}};
  notification.alerts = {
      MakeAlert({{"alertname", "Hot"}, {"job", "oven"}, {"zone", "a"}}, {{"summary", "<b>hot</b>"}},
                false),
      MakeAlert({{"alertname", "Hot"}, {"job", "oven"}, {"zone", "b"}}, {{"summary", "<b>hot</b>"}},
                false),
      MakeAlert({{"alertname", "Hot"}, {"job", "oven"}, {"zone", "c"}}, {}, true)};
  return notification;
}

template <typename Texts>
std::string Expand(const std::string& input) {
  absl::StatusOr<TemplateText> text = TemplateText::Parse("t", input, NotificationTemplates());
  if (!text.ok()) return std::string(MessageOf(text.status())) + "\n";
  Texts texts(MakeNotification(), kNowMs);
  const std::string expanded = texts.Expand(*text);
  return (texts.status().ok() ? expanded : std::string(MessageOf(texts.status()))) + "\n";
}

std::string RunCase(const TextCase& command) {
  if (command.command == "html") return Expand<HtmlTexts>(command.input);
  return Expand<NotificationTexts>(command.input);
}

TEST(NotificationTemplates, Functions) {
  vigil::testing::RunTextScript("tests/alerting/notify/text/testdata/functions.txt", RunCase);
}

TEST(NotificationTemplates, Defaults) {
  vigil::testing::RunTextScript("tests/alerting/notify/text/testdata/defaults.txt", RunCase);
}

TEST(NotificationTemplates, DefaultsAreComplete) { EXPECT_OK(NotificationTemplates().Check()); }

TEST(NotificationTemplates, AFileReplacesWhatIsThere) {
  NotificationTemplates templates;
  ASSERT_OK(templates.Add("a.tmpl", R"({{ define "__subject" }}mine{{ end }})"));
  ASSERT_OK(
      templates.Add("b.tmpl", R"({{ define "more" }}{{ template "__subject" . }}!{{ end }})"));
  ASSERT_OK(templates.Check());
  ASSERT_OK_AND_ASSIGN(const TemplateText text,
                       TemplateText::Parse("t",
                                           R"({{ template "slack.default.title" . }} )"
                                           R"({{ template "more" . }})",
                                           templates));
  NotificationTexts texts(MakeNotification(), kNowMs);
  EXPECT_EQ(texts.Expand(text), "mine mine!");
}

TEST(NotificationTemplates, AFileIsChecked) {
  NotificationTemplates templates;
  EXPECT_THAT(templates.Add("a.tmpl", "{{ define \"x\" }}"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_OK(templates.Add("b.tmpl", R"({{ define "x" }}{{ template "nowhere" }}{{ end }})"));
  // Only what is told with it fails, as with Alertmanager.
  EXPECT_OK(templates.Check());
}

TEST(NotificationTemplates, TheFirstFailureIsRemembered) {
  const NotificationTemplates templates;
  ASSERT_OK_AND_ASSIGN(const TemplateText bad,
                       TemplateText::Parse("bad", "{{ index .Alerts 9 }}", templates));
  ASSERT_OK_AND_ASSIGN(const TemplateText good, TemplateText::Parse("good", "x{{ 1 }}", templates));
  NotificationTexts texts(MakeNotification(), kNowMs);
  EXPECT_EQ(texts.Expand(bad), "");
  EXPECT_EQ(texts.Expand(good), "x1");
  EXPECT_THAT(texts.status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(TruncateRunes, CountsCharacters) {
  EXPECT_EQ(TruncateRunes("", 3), "");
  EXPECT_EQ(TruncateRunes("äöü", 3), "äöü");
  EXPECT_EQ(TruncateRunes("äöüß", 3), "äö…");
  EXPECT_EQ(TruncateRunes("abcd", 4), "abcd");
  EXPECT_EQ(TruncateRunes("abcde", 4), "abc…");
}

}  // namespace
}  // namespace vigil::alerting
