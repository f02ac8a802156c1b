// SPDX-License-Identifier: Apache-2.0
//
// The story of an alert: what led to it and what came of it, in the order of time, and in the end
// why it paged or what holds it back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alerting/explain/facts.h"

namespace vigil::alerting {

struct StoryStep {
  int64_t time_ms = 0;  // 0: it holds all the time.
  // "rule", "evaluated", "read", "pending", "firing", "resolved", "forgotten", "received", "route",
  // "held", "notify", "delivered", "failed", "given up" or "waiting".
  std::string kind;
  std::string text;
};

struct Verdict {
  bool paged = false;
  std::string text;
};

struct Story {
  std::vector<StoryStep> steps;
  Verdict verdict;
};

Story TellStory(const StoryFacts& facts);

// What the story ends with.
Verdict Judge(const StoryFacts& facts);

}  // namespace vigil::alerting
