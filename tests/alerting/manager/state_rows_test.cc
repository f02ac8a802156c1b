// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/state_rows.h"

#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using vigil::testing::StatusIs;

StoredAlert MakeAlert() {
  StoredAlert alert;
  alert.alert.labels = {{"alertname", "A"}, {"ö \"\n", "\x01ü"}};
  alert.alert.annotations = {{"summary", "x"}};
  alert.alert.starts_at_ms = 1;
  alert.alert.ends_at_ms = 1'767'225'600'000;
  alert.alert.generator_url = "http://x";
  alert.fingerprint = Fingerprint(alert.alert.labels);
  alert.updated_at_ms = 3;
  alert.ends_by_timeout = true;
  alert.groups = {"g", "h\"\\"};
  return alert;
}

OutboxEntry MakeEntry() {
  OutboxEntry entry;
  entry.integration = {"g", "r", 3};
  entry.sequence = ~uint64_t{0};
  entry.id = "id";
  entry.body = "{\"a\":\"\\u0001\"}";
  entry.told = {{1, ~uint64_t{0}}, {7}};
  entry.flushed_at_ms = 1;
  entry.deadline_ms = 2;
  entry.next_attempt_ms = 3;
  entry.attempts = 4;
  entry.last_error = "why";
  return entry;
}

TEST(StateRows, AlertsComeBack) {
  const StoredAlert alert = MakeAlert();
  ASSERT_OK_AND_ASSIGN(const StoredAlert back, DecodeAlert(EncodeAlert(alert)));
  EXPECT_EQ(back.alert.labels, alert.alert.labels);
  EXPECT_EQ(back.alert.annotations, alert.alert.annotations);
  EXPECT_EQ(back.alert.starts_at_ms, 1);
  EXPECT_EQ(back.alert.ends_at_ms, 1'767'225'600'000);
  EXPECT_EQ(back.alert.generator_url, "http://x");
  EXPECT_EQ(back.fingerprint, alert.fingerprint);
  EXPECT_EQ(back.updated_at_ms, 3);
  EXPECT_TRUE(back.ends_by_timeout);
  EXPECT_EQ(back.groups, alert.groups);
}

TEST(StateRows, EvidenceComesBack) {
  StoredAlert alert = MakeAlert();
  ASSERT_OK_AND_ASSIGN(const StoredAlert without, DecodeAlert(EncodeAlert(alert)));
  EXPECT_EQ(without.alert.value, std::nullopt);
  EXPECT_EQ(without.alert.evidence, nullptr);
  alert.alert.value = 7.25;
  alert.alert.evidence = std::make_shared<const Evidence>(Evidence{5, "a > 5", {"t"}});
  ASSERT_OK_AND_ASSIGN(const StoredAlert back, DecodeAlert(EncodeAlert(alert)));
  EXPECT_EQ(back.alert.value, 7.25);
  ASSERT_NE(back.alert.evidence, nullptr);
  EXPECT_EQ(*back.alert.evidence, *alert.alert.evidence);
}

TEST(StateRows, SilencesComeBack) {
  Silence silence;
  silence.id = "an-id";
  silence.matchers = {storage::Matcher::Equal("a", "\"ü"), storage::Matcher::NotEqual("b", "")};
  for (const storage::MatchType type :
       {storage::MatchType::kRegex, storage::MatchType::kNotRegex}) {
    ASSERT_OK_AND_ASSIGN(storage::Matcher matcher, storage::Matcher::Create(type, "c", "x|y"));
    silence.matchers.push_back(matcher);
  }
  silence.starts_at_ms = 1;
  silence.ends_at_ms = 1'767'225'600'000;
  silence.updated_at_ms = 3;
  silence.created_by = "me";
  silence.comment = "why\n";
  silence.annotations = {{"k", "v"}};
  ASSERT_OK_AND_ASSIGN(const Silence back, DecodeSilence("an-id", EncodeSilence(silence)));
  EXPECT_EQ(back.id, "an-id");
  EXPECT_EQ(back.matchers, silence.matchers);
  EXPECT_EQ(back.starts_at_ms, 1);
  EXPECT_EQ(back.ends_at_ms, 1'767'225'600'000);
  EXPECT_EQ(back.updated_at_ms, 3);
  EXPECT_EQ(back.created_by, "me");
  EXPECT_EQ(back.comment, "why\n");
  EXPECT_EQ(back.annotations, silence.annotations);
}

TEST(StateRows, DamagedSilencesAreNamed) {
  constexpr char kRest[] =
      R"(,"start":1,"end":2,"updated":3,"by":"","comment":"","annotations":{},"v":1})";
  const auto decode = [&](const std::string& matchers) {
    return DecodeSilence("x", R"({"matchers":)" + matchers + kRest).status();
  };
  EXPECT_OK(decode(R"([{"name":"a","op":"=","value":"b"}])"));
  EXPECT_THAT(decode("[]"), StatusIs(absl::StatusCode::kDataLoss, "matchers: there are none"));
  EXPECT_THAT(decode(R"([{"name":"a","op":"<","value":"b"}])"),
              StatusIs(absl::StatusCode::kDataLoss, "matchers: op: not one of =, !=, =~, !~"));
  EXPECT_EQ(decode(R"([{"name":"a","op":"=~","value":"("}])").code(), absl::StatusCode::kDataLoss);
}

TEST(StateRows, OutboxEntriesComeBack) {
  const OutboxEntry entry = MakeEntry();
  ASSERT_OK_AND_ASSIGN(const OutboxEntry back, DecodeOutboxEntry(EncodeOutboxEntry(entry)));
  EXPECT_EQ(back.integration, entry.integration);
  EXPECT_EQ(back.sequence, entry.sequence);
  EXPECT_EQ(back.id, entry.id);
  EXPECT_EQ(back.body, entry.body);
  EXPECT_EQ(back.told.firing, entry.told.firing);
  EXPECT_EQ(back.told.resolved, entry.told.resolved);
  EXPECT_EQ(back.flushed_at_ms, 1);
  EXPECT_EQ(back.deadline_ms, 2);
  EXPECT_EQ(back.next_attempt_ms, 3);
  EXPECT_EQ(back.attempts, 4);
  EXPECT_EQ(back.last_error, "why");
  EXPECT_FALSE(back.in_flight);
}

TEST(StateRows, DigestsComeBack) {
  OutboxEntry entry = MakeEntry();
  EXPECT_EQ(EncodeOutboxEntry(entry).find("covers"), std::string::npos);
  entry.covers = {{"g1", {{1, 2}, {3}, {2}}}, {"g2", {{}, {4}}}};
  entry.passed = 5;
  ASSERT_OK_AND_ASSIGN(const OutboxEntry back, DecodeOutboxEntry(EncodeOutboxEntry(entry)));
  EXPECT_EQ(back.covers, entry.covers);
  EXPECT_EQ(back.passed, 5);
}

TEST(StateRows, FlapsComeBack) {
  const std::string row = EncodeFlaps({{1, 5}, true, 100, 20});
  EXPECT_EQ(row, R"({"calm":20,"fires":[1,5],"flapping":true,"v":1,"within":100})");
  ASSERT_OK_AND_ASSIGN(const FlapEntry back, DecodeFlaps(row));
  EXPECT_THAT(back.fires, ElementsAre(1, 5));
  EXPECT_TRUE(back.flapping);
  EXPECT_EQ(back.within_ms, 100);
  EXPECT_EQ(back.calm_ms, 20);
  EXPECT_EQ(FlapKey(10), "manager/flap/000000000000000a");
  EXPECT_THAT(DecodeFlaps(R"({"calm":20,"fires":[],"flapping":true,"v":1,"within":100})").status(),
              StatusIs(absl::StatusCode::kDataLoss, "fires: there are none"));
}

TEST(StateRows, BudgetsComeBack) {
  const Budget budget = Budget::Restore({3, 7}, {{"{}:{a=\"b\"}", 5}}, {{"team", 2}});
  const std::string row = EncodeBudget(budget);
  EXPECT_EQ(row, R"({"held":{"{}:{a=\"b\"}":5},"passed":{"team":2},"spent":[3,7],"v":1})");
  ASSERT_OK_AND_ASSIGN(const Budget back, DecodeBudget(row));
  EXPECT_EQ(back.spent(), budget.spent());
  EXPECT_EQ(back.held(), budget.held());
  EXPECT_EQ(back.passed(), budget.passed());
  ASSERT_OK_AND_ASSIGN(const Budget empty, DecodeBudget(EncodeBudget(Budget())));
  EXPECT_TRUE(empty.empty());
}

TEST(StateRows, TheOthersComeBack) {
  Group group;
  group.tick_ms = 12;
  group.flushed = true;
  ASSERT_OK_AND_ASSIGN(const Group back, DecodeGroup("id", EncodeGroup(group)));
  EXPECT_EQ(back.id, "id");
  EXPECT_EQ(back.tick_ms, 12);
  EXPECT_EQ(back.next_flush_ms, 12);
  EXPECT_EQ(back.stored_tick_ms, 12);
  EXPECT_TRUE(back.flushed);

  const LogEntry entry{{"g", "r", 1}, {{5}, {6, 7}, {5}}, 8, 9};
  ASSERT_OK_AND_ASSIGN(const LogEntry log, DecodeLogEntry(EncodeLogEntry(entry)));
  EXPECT_EQ(log.integration, entry.integration);
  EXPECT_THAT(log.told.firing, ElementsAre(5));
  EXPECT_THAT(log.told.resolved, ElementsAre(6, 7));
  EXPECT_THAT(log.told.flapping, ElementsAre(5));
  EXPECT_EQ(log.timestamp_ms, 8);
  EXPECT_EQ(log.expires_at_ms, 9);

  EXPECT_THAT(DecodeSequence(EncodeSequence(~uint64_t{0})).value(), ~uint64_t{0});
  EXPECT_THAT(DecodeDeadLetterTime(EncodeDeadLetter({MakeEntry(), "why", 77})).value(), 77);
}

TEST(StateRows, RowsAreWhatTheirPageSays) {
  Group group;
  group.tick_ms = 12;
  EXPECT_EQ(EncodeGroup(group), R"({"flushed":false,"tick":12,"v":1})");
  EXPECT_EQ(EncodeLogEntry({{"g", "r", 1}, {{5}, {}}, 8, 9}),
            R"({"expires":9,"firing":[5],"group":"g","index":1,"receiver":"r","resolved":[],)"
            R"("time":8,"v":1})");
  EXPECT_EQ(EncodeReceipt({{"g", "r", 0}, "id", 5, 2, 200}),
            R"({"attempts":3,"group":"g","id":"id","index":0,"receiver":"r","status":200,)"
            R"("time":5,"v":1})");
  EXPECT_EQ(AlertKey(10), "manager/alert/000000000000000a");
  EXPECT_LT(ReceiptKey(9, "z"), ReceiptKey(10, "a"));
  EXPECT_LT(ReceiptKey(0xFFFFFFFF, "z"), ReceiptKey(0x100000000, "a"));
}

TEST(StateRows, DamagedRowsAreErrors) {
  for (const std::string row : {"", "x", "{}", "[]", "null", "{\"v\":1}", "{\"v\":\"1\"}", "\xff",
                                R"({"v":1,"labels":[],"tick":"x","flushed":1,"last":-1.5})"}) {
    EXPECT_THAT(DecodeAlert(row), StatusIs(absl::StatusCode::kDataLoss)) << row;
    EXPECT_THAT(DecodeGroup("g", row), StatusIs(absl::StatusCode::kDataLoss)) << row;
    EXPECT_THAT(DecodeLogEntry(row), StatusIs(absl::StatusCode::kDataLoss)) << row;
    EXPECT_THAT(DecodeOutboxEntry(row), StatusIs(absl::StatusCode::kDataLoss)) << row;
    EXPECT_THAT(DecodeDeadLetterTime(row), StatusIs(absl::StatusCode::kDataLoss)) << row;
    EXPECT_THAT(DecodeFlaps(row), StatusIs(absl::StatusCode::kDataLoss)) << row;
    EXPECT_THAT(DecodeBudget(row), StatusIs(absl::StatusCode::kDataLoss)) << row;
  }
}

TEST(StateRows, ATickBeforeTimeIsDamage) {
  EXPECT_THAT(DecodeGroup("g", R"({"v":1,"tick":-9223372036854775808,"flushed":true})"),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(StateRows, EveryDamagedByteIsReadOrRefused) {
  const std::string alert = EncodeAlert(MakeAlert());
  const std::string entry = EncodeOutboxEntry(MakeEntry());
  for (const char damage : {'\0', '"', '}', '9', '\xff'}) {
    for (size_t i = 0; i < alert.size(); ++i) {
      std::string row = alert;
      row[i] = damage;
      (void)DecodeAlert(row);
      (void)DecodeAlert(std::string_view(alert).substr(0, i));
    }
    for (size_t i = 0; i < entry.size(); ++i) {
      std::string row = entry;
      row[i] = damage;
      (void)DecodeOutboxEntry(row);
    }
  }
}

TEST(StateRows, RowsOfALaterFormatAreRefused) {
  EXPECT_THAT(DecodeSequence(R"({"v":2,"last":1})"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace vigil::alerting
