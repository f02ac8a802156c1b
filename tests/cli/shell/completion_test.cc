// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/completion.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/testing/text_test.h"

namespace vigil::cli {
namespace {

using testing::TextCase;

// A small world; the selectors that it is asked with are kept.
class FakeCatalog final : public Catalog {
 public:
  std::vector<std::string> MetricNames() override {
    return {"llm.tokens", "llm_latency_seconds_bucket", "llm_requests_total", "up"};
  }
  std::vector<std::string> LabelNames(const std::string& selector) override {
    asked_ += fmt::format("labels of \"{}\"\n", selector);
    return {"instance", "job", "model", "status"};
  }
  std::vector<std::string> LabelValues(const std::string& label,
                                       const std::string& selector) override {
    asked_ += fmt::format("values of {} in \"{}\"\n", label, selector);
    if (label == "model") return {"claude-haiku", "claude-opus", "gpt", "say \"hi\""};
    if (label == "status") return {"error", "ok"};
    return {};
  }
  const std::string& asked() const { return asked_; }

 private:
  std::string asked_;
};

// The text with "|" at the cursor -> what was asked, then "[replaced] candidate suffix  note" each.
std::string RunCase(const TextCase& text_case) {
  const size_t cursor = text_case.input.find('|');
  EXPECT_NE(cursor, std::string::npos) << text_case.location;
  std::string text = text_case.input;
  text.erase(cursor, 1);
  if (text_case.command == "hint") {
    const std::string hint = CallHint(text, cursor);
    return hint.empty() ? "none\n" : hint + "\n";
  }
  FakeCatalog catalog;
  const Completion completion = Complete(text, cursor, catalog);
  std::string output = catalog.asked();
  output += fmt::format("for [{}]: {}\n", text.substr(completion.begin, cursor - completion.begin),
                        CommonPrefix(completion.candidates));
  const size_t most = std::stoul(text_case.Arg("most", "8"));
  for (size_t i = 0; i < std::min(most, completion.candidates.size()); ++i) {
    const Candidate& one = completion.candidates[i];
    const std::string line = fmt::format("  {}{}  {}", one.text, one.suffix, one.note);
    output += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  if (completion.candidates.size() > most) {
    output += fmt::format("  and {} more\n", completion.candidates.size() - most);
  }
  return output;
}

TEST(CompletionTest, Script) {
  testing::RunTextScript("tests/cli/shell/testdata/completion.txt", RunCase);
}

// Whatever is written, and wherever the cursor is, there is an answer.
TEST(CompletionTest, AnyTextAnyCursor) {
  const std::string texts[] = {
      R"(sum by (model, "odd.label") (rate(llm_requests_total{model=~"a|b", status!="x"}[5m:1m] @ end() offset -5m)) > bool on(job) group_left() 3)",
      "{\"llm.tokens\", model=`x`} # comment (\n or vector(1)",
      "a[5 )}{]=~\"\\",
      "\\plot sum(\\format x",
      "\xff\xfe{\"日本",
      std::string(3000, '('),
  };
  FakeCatalog catalog;
  for (const std::string& text : texts) {
    for (size_t cursor = 0; cursor <= text.size(); ++cursor) {
      const Completion completion = Complete(text, cursor, catalog);
      EXPECT_LE(completion.begin, cursor);
      CallHint(text, cursor);
      if (cursor > 400) break;
    }
  }
}

TEST(CompletionTest, CommonPrefixIsOfWholeCharacters) {
  EXPECT_EQ(CommonPrefix({}), "");
  EXPECT_EQ(CommonPrefix({{"abc", "", ""}}), "abc");
  EXPECT_EQ(CommonPrefix({{"abc", "", ""}, {"abd", "", ""}}), "ab");
  EXPECT_EQ(CommonPrefix({{"日本", "", ""}, {"日来", "", ""}}), "日");
  EXPECT_EQ(CommonPrefix({{"a", "", ""}, {"b", "", ""}}), "");
}

}  // namespace
}  // namespace vigil::cli
