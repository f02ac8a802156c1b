// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/inhibitor.h"

#include <vector>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "alerting/manager/mute/inhibit_config.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using storage::Labels;

constexpr int64_t kNowMs = 1'000'000;

class InhibitorTest : public ::testing::Test {
 protected:
  void UseRules(const std::string& yaml) {
    YamlErrors errors("t");
    rules_ = ReadInhibitRules(YAML::Load(yaml), &errors);
    ASSERT_OK(errors.ToStatus());
    inhibitor_.emplace(&rules_, &alerts_);
  }

  // An alert that ends at `ends_at_ms`.
  void Put(const Labels& labels, int64_t ends_at_ms = 2 * kNowMs) {
    Alert alert;
    alert.labels = labels;
    alert.starts_at_ms = 1;
    alert.ends_at_ms = ends_at_ms;
    const absl::StatusOr<AlertStore::PutResult> put = alerts_.Put(alert, kNowMs, kNowMs);
    ASSERT_OK(put);
    if (put->added && inhibitor_.has_value()) inhibitor_->Add(*put->alert);
  }

  bool Inhibited(const Labels& labels, int64_t now_ms = kNowMs) {
    return inhibitor_->FindInhibitor(labels, now_ms).has_value();
  }

  AlertStore alerts_;
  std::vector<InhibitRule> rules_;
  std::optional<Inhibitor> inhibitor_;
};

TEST_F(InhibitorTest, AFiringSourceKeepsTargetsQuiet) {
  UseRules("[{source_matchers: [s=critical], target_matchers: [s=warning], equal: [cluster]}]");
  const Labels target = {{"s", "warning"}, {"cluster", "a"}};
  EXPECT_FALSE(Inhibited(target));
  const Labels source = {{"s", "critical"}, {"cluster", "a"}, {"x", "y"}};
  Put(source);
  EXPECT_EQ(inhibitor_->FindInhibitor(target, kNowMs), Fingerprint(source));
  EXPECT_FALSE(Inhibited({{"s", "warning"}, {"cluster", "b"}}));
  EXPECT_FALSE(Inhibited({{"s", "warning"}}));
  EXPECT_FALSE(Inhibited({{"s", "info"}, {"cluster", "a"}}));
}

TEST_F(InhibitorTest, EndsWhenTheSourceEnds) {
  UseRules("[{source_matchers: [s=c], target_matchers: [s=w]}]");
  Put({{"s", "c"}}, kNowMs + 5);
  EXPECT_TRUE(Inhibited({{"s", "w"}}, kNowMs + 4));
  EXPECT_FALSE(Inhibited({{"s", "w"}}, kNowMs + 5));
}

TEST_F(InhibitorTest, LabelsThatBothLackAreEqual) {
  UseRules("[{source_matchers: [s=c], target_matchers: [s=w], equal: [cluster, zone]}]");
  Put({{"s", "c"}, {"zone", "z"}});
  EXPECT_TRUE(Inhibited({{"s", "w"}, {"zone", "z"}}));
  EXPECT_FALSE(Inhibited({{"s", "w"}, {"zone", "z"}, {"cluster", "a"}}));
}

TEST_F(InhibitorTest, NothingInhibitsItself) {
  UseRules("[{source_matchers: [a=x], target_matchers: [a=x]}]");
  Put({{"a", "x"}, {"n", "1"}});
  Put({{"a", "x"}, {"n", "2"}});
  EXPECT_FALSE(Inhibited({{"a", "x"}, {"n", "1"}}));
}

TEST_F(InhibitorTest, ASourceThatIsNoTargetInhibitsTargetsThatAreSources) {
  UseRules("[{source_matchers: ['a=~\"x|y\"'], target_matchers: ['a=~\"y|z\"']}]");
  Put({{"a", "y"}});  // Both sides: inhibits only what is no source.
  EXPECT_FALSE(Inhibited({{"a", "y"}}));
  EXPECT_TRUE(Inhibited({{"a", "z"}}));
  Put({{"a", "x"}});
  EXPECT_TRUE(Inhibited({{"a", "y"}}));
}

TEST_F(InhibitorTest, ARuleWithoutMatchersTakesAll) {
  UseRules("[{}]");
  Put({{"a", "x"}});
  // Everything is source and target.
  EXPECT_FALSE(Inhibited({{"a", "y"}}));
}

TEST_F(InhibitorTest, TakesUpWhatIsThereAndForgetsWhatIsGone) {
  Put({{"s", "c"}}, kNowMs + 1);
  UseRules("[{source_match: {s: c}, target_match_re: {s: w.*}}]");
  EXPECT_TRUE(Inhibited({{"s", "w1"}}));
  alerts_.Collect(kNowMs + 1);
  inhibitor_->Prune();
  EXPECT_FALSE(Inhibited({{"s", "w1"}}));
  Put({{"s", "c"}});
  EXPECT_TRUE(Inhibited({{"s", "w1"}}));
}

}  // namespace
}  // namespace vigil::alerting
