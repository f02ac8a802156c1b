// SPDX-License-Identifier: Apache-2.0
//
// What the configuration says about alerts that keep others quiet.
#pragma once

#include <string>
#include <vector>

#include "storage/series/matcher.h"

namespace vigil::alerting {

// A firing alert that `source` takes inhibits those that `target` takes, if both have the same
// values of the labels `equal` (a missing one is empty). One that both sides take is not inhibited
// by another of that kind, and so never by itself.
struct InhibitRule {
  std::string name;  // "" if it has none.
  std::vector<storage::Matcher> source;
  std::vector<storage::Matcher> target;
  std::vector<std::string> equal;
};

}  // namespace vigil::alerting
