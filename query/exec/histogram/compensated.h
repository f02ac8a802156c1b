// SPDX-License-Identifier: Apache-2.0
//
// Sums and means that keep what rounding loses (Kahan-Neumaier). Must not be compiled with
// -ffast-math or fused multiply-add.
#pragma once

#include <cmath>
#include <limits>

namespace vigil::exec {

class CompensatedSum {
 public:
  void Add(double x) { Add(x, &sum_, &lost_); }
  // The same for a sum that is kept elsewhere: its value is `*sum + *lost`.
  static void Add(double x, double* sum, double* lost) {
    const double total = *sum + x;
    // What rounding took from either summand (Knuth's TwoSum: exact, and without a branch).
    const double of_x = total - *sum;
    const double rest = (*sum - (total - of_x)) + (x - of_x);
    *lost = std::fabs(total) <= std::numeric_limits<double>::max() ? *lost + rest : 0;
    *sum = total;
  }
  // Puts the values of another sum behind these.
  void Add(const CompensatedSum& other) {
    Add(other.sum_);
    if (!Overflowed()) lost_ += other.lost_;
  }
  void Scale(double factor) {
    sum_ *= factor;
    lost_ *= factor;
  }
  void Divide(double divisor) {
    sum_ /= divisor;
    lost_ /= divisor;
  }
  bool Overflowed() const { return std::isinf(sum_); }
  double Result() const { return sum_ + lost_; }
  // Of the same values in another order it is the same, as the sum is all but exact.
  double DividedBy(double divisor) const { return Result() / divisor; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

// sum / n, or once the sum overflows a mean that is moved by each value.
class CompensatedMean {
 public:
  void Add(double x) {
    ++count_;
    if (!incremental_) {
      CompensatedSum next = total_;
      next.Add(x);
      if (count_ == 1 || !next.Overflowed()) {
        total_ = next;
        return;
      }
      incremental_ = true;
      total_.Divide(count_ - 1);
    }
    total_.Scale((count_ - 1) / count_);
    total_.Add(x / count_);
  }
  // Requires: a value was added.
  double Result() const { return incremental_ ? total_.Result() : total_.DividedBy(count_); }

 private:
  CompensatedSum total_;  // The mean when incremental_.
  double count_ = 0;
  bool incremental_ = false;
};

}  // namespace vigil::exec
