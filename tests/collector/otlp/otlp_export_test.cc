// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/otlp_export.h"

#include <gtest/gtest.h>

namespace vigil::collector {
namespace {

TEST(RejectionsTest, NothingRefusedIsAnEmptyOutcome) {
  Rejections rejections;
  rejections.Add(0, "not told, as it is the reason of nothing");
  EXPECT_EQ(rejections.Outcome().rejected, 0);
  EXPECT_EQ(rejections.Outcome().message, "");
}

TEST(RejectionsTest, CountsAllAndTellsTheFirstReasonsOnce) {
  Rejections rejections;
  rejections.Add(2, "a");
  rejections.Add(1, "b");
  rejections.Add(1, "a");
  storage::WriteResult result;
  result.rejected = 10;
  result.rejection_reason = "c";
  rejections.Add(result);
  rejections.Add(100, "d");
  EXPECT_EQ(rejections.count(), 114);
  EXPECT_EQ(rejections.Outcome().rejected, 114);
  EXPECT_EQ(rejections.Outcome().message, "a; b; c");
}

TEST(RejectionsTest, WhatIsForgottenStaysAsAWarning) {
  Rejections rejections;
  rejections.Add(1, "target_info has too many labels");
  rejections.Forget(1);
  EXPECT_EQ(rejections.Outcome().rejected, 0);
  EXPECT_EQ(rejections.Outcome().message, "target_info has too many labels");
}

TEST(DigestTokenTest, TellsRequestsApartByTheirBytes) {
  const storage::BatchToken token = DigestToken("request");
  EXPECT_EQ(token.kind, storage::BatchToken::Kind::kDigest);
  EXPECT_EQ(token.source.size(), 16);
  EXPECT_EQ(DigestToken("request").source, token.source);
  EXPECT_NE(DigestToken("Request").source, token.source);
  EXPECT_NE(DigestToken("").source, token.source);
}

}  // namespace
}  // namespace vigil::collector
