// SPDX-License-Identifier: Apache-2.0
//
// Filters on fields and labels: `status="error"`, `latency > 1.5s and (size < 1KB or
// retry=~"y.*")`.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "query/logql/pipeline.h"
#include "query/logql/quantity.h"
#include "storage/series/matcher.h"

namespace vigil::logql {

// Compares as text; a missing field is "".
class TextFilter final : public Stage {
 public:
  explicit TextFilter(storage::Matcher matcher) : matcher_(std::move(matcher)) {}
  bool Process(LogLine* line) const override;

 private:
  const storage::Matcher matcher_;
};

enum class Comparison { kEqual, kNotEqual, kGreater, kGreaterOrEqual, kLess, kLessOrEqual };

// Compares as number, nanoseconds or bytes. A line without the field is dropped. One whose field is
// no such quantity is kept with the error LabelFilterErr, so that it is not lost unseen.
class QuantityFilter final : public Stage {
 public:
  QuantityFilter(std::string name, Comparison comparison, Quantity wanted)
      : name_(std::move(name)), comparison_(comparison), wanted_(wanted) {}
  bool Process(LogLine* line) const override;

 private:
  const std::string name_;
  const Comparison comparison_;
  const Quantity wanted_;
};

// All of several filters, or any of them; stops at the first that decides.
class CombinedFilter final : public Stage {
 public:
  enum class Type { kAll, kAny };
  CombinedFilter(Type type, std::vector<std::unique_ptr<Stage>> parts)
      : type_(type), parts_(std::move(parts)) {}
  bool Process(LogLine* line) const override;

 private:
  const Type type_;
  const std::vector<std::unique_ptr<Stage>> parts_;
};

}  // namespace vigil::logql
