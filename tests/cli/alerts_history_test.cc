// SPDX-License-Identifier: Apache-2.0
#include "cli/alerts_history.h"

#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace vigil::cli {
namespace {

constexpr int64_t kZeroMs = 1'767'225'600'000;  // 2026-01-01.

int64_t Minute(int64_t minute) { return minute < 0 ? 0 : kZeroMs + minute * kMillisPerMinute; }

// The server tells the newest first.
v1::AlertHistoryResponse Response() {
  v1::AlertHistoryResponse response;
  const auto add = [&response](const char* change, int64_t minute, int64_t fired) {
    v1::AlertChange* const added = response.add_changes();
    added->set_change(change);
    added->set_time_ms(Minute(minute));
    added->set_active_at_ms(Minute(1));
    added->set_fired_at_ms(Minute(fired));
    added->set_value(7.5);
    added->set_group("f.yml;g");
    added->set_rule("High");
    for (const auto& [name, value] : {std::pair("alertname", "High"), std::pair("job", "x")}) {
      v1::Label* const label = added->add_labels();
      label->set_name(name);
      label->set_value(value);
    }
  };
  add("resolved", 30, 6);
  response.mutable_changes(0)->set_reason("no_data");
  add("firing", 6, 6);
  v1::AlertEvidence* const evidence = response.mutable_changes(1)->mutable_evidence();
  evidence->set_threshold(5);
  evidence->set_query("load > 5");
  evidence->add_trace_ids("0af7651916cd43dd8448eb211c80319c");
  add("pending", 1, -1);
  return response;
}

TEST(AlertsHistoryTest, TablesAreInTheOrderOfTime) {
  const v1::AlertHistoryResponse response = Response();
  EXPECT_EQ(Render(AnswerOf(response), OutputFormat::kCsv, Terminal()),
            "time,change,alert,after,value,labels,reason,summary\r\n"
            "2026-01-01T00:01:00.000Z,pending,High,,7.5,job=x,,\r\n"
            "2026-01-01T00:06:00.000Z,firing,High,5m,7.5,job=x,,\r\n"
            "2026-01-01T00:30:00.000Z,resolved,High,24m,7.5,job=x,no_data,\r\n");
  EXPECT_EQ(Render(AnswerOf(v1::AlertHistoryResponse()), OutputFormat::kTable, Terminal()),
            "no alert changed its state in this range\n");
}

TEST(AlertsHistoryTest, JsonTellsAll) {
  const v1::AlertHistoryResponse response = Response();
  const nlohmann::ordered_json data = AnswerOf(response).json();
  ASSERT_EQ(data["changes"].size(), 3u);
  EXPECT_FALSE(data["changes"][0].contains("firedAt"));
  EXPECT_EQ(data["changes"][1].dump(),
            R"({"time":"2026-01-01T00:06:00.000Z","change":"firing","group":"f.yml;g",)"
            R"("rule":"High","labels":{"alertname":"High","job":"x"},"annotations":{},)"
            R"("value":"7.5","activeAt":"2026-01-01T00:01:00.000Z",)"
            R"("firedAt":"2026-01-01T00:06:00.000Z","evidence":{"threshold":"5",)"
            R"("query":"load > 5","traceIds":["0af7651916cd43dd8448eb211c80319c"]}})");
  EXPECT_EQ(data["changes"][2]["reason"], "no_data");
}

}  // namespace
}  // namespace vigil::cli
