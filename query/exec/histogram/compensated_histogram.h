// SPDX-License-Identifier: Apache-2.0
//
// Sums and means of native histograms that keep what rounding loses, bucket by bucket.
#pragma once

#include "query/exec/histogram/histogram_layout.h"
#include "query/exec/histogram/histogram_math.h"
#include "storage/model/histogram.h"

namespace vigil::exec {

// Of the sum, or of what rounding has taken from it.
struct HistogramParts {
  explicit HistogramParts(const storage::Histogram& histogram);
  void Scale(double factor);

  HistogramLayout layout;
  double count;
  double sum;
};

class CompensatedHistogram {
 public:
  // The first of those to be added.
  explicit CompensatedHistogram(const storage::Histogram& first);

  // As exec::Add does: incompatible histograms change nothing.
  HistogramSumInfo Add(const storage::Histogram& histogram);
  // The same for those that are asked for their mean only, which may be one though the sum
  // overflows.
  HistogramSumInfo AddToMean(const storage::Histogram& histogram);

  storage::Histogram Sum() const;
  // Requires: all but the first were added by AddToMean.
  storage::Histogram Mean() const;

 private:
  // Adds what fits.
  void AddParts(HistogramParts more);
  bool MayOverflow(const storage::Histogram& histogram) const;
  bool Overflowed() const;
  void BecomeMean();

  HistogramParts sum_;  // The mean when incremental_.
  HistogramParts lost_;
  storage::CounterResetHint hint_;
  double added_ = 1;
  bool incremental_ = false;
};

}  // namespace vigil::exec
