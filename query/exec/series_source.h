// SPDX-License-Identifier: Apache-2.0
//
// Series that are made one by one, by several threads: what is made of samples in the store.
// Whoever takes them need not hold all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "query/exec/evaluator.h"
#include "query/exec/value.h"

namespace vigil::exec {

// Makes series; for one thread.
class SeriesReader {
 public:
  virtual ~SeriesReader() = default;
  // Puts the points of a series into `*column`, which has none.
  virtual absl::Status Read(size_t series, Column* column) = 0;
};

// Thread-safe.
class SeriesSource {
 public:
  virtual ~SeriesSource() = default;
  virtual size_t size() const = 0;
  // The series in the order in which they are best read, one behind the other in the store; empty:
  // as they are.
  virtual std::vector<uint32_t> ReadOrder() const = 0;
  virtual const storage::Labels& labels(size_t series) const = 0;
  // The same, moved out where that saves a copy: labels() of the series is not asked for any more.
  virtual storage::Labels TakeLabels(size_t series) = 0;
  // Whether the series leave the node without their `__name__`, which labels() still has.
  virtual bool DropsName() const = 0;
  // Whether two series may have the same labels but for `__name__`.
  virtual bool SeveralNames() const = 0;
  // Borrows the source.
  virtual absl::StatusOr<std::unique_ptr<SeriesReader>> NewReader() const = 0;
};

// Calls take(series, column) for every series that has points, in the order in which they are read,
// one call at a time. Fails with the first failure of a reader or of `take`.
using TakeSeries = absl::FunctionRef<absl::Status(size_t series, Column&& column)>;
absl::Status ForEachSeries(Evaluator& evaluator, const SeriesSource& source, TakeSeries take);

// All of them in their own order, as the node gives them.
absl::StatusOr<VectorValue> CollectSeries(Evaluator& evaluator, SeriesSource& source);
// The same of those that are wanted: the labels of the others need not be copied. Requires: the
// names of series are not dropped, or differ in nothing that is left.
absl::StatusOr<VectorValue> CollectSeries(Evaluator& evaluator, SeriesSource& source,
                                          absl::FunctionRef<bool(const Column& column)> wanted);

}  // namespace vigil::exec
