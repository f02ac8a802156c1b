// SPDX-License-Identifier: Apache-2.0
//
// Sums and means that keep what rounding loses (Kahan-Neumaier). Must not be compiled with
// -ffast-math or fused multiply-add.
#pragma once

#include <cmath>

namespace vigil::exec {

class CompensatedSum {
 public:
  void Add(double x) {
    const double total = sum_ + x;
    if (std::isinf(total)) {
      lost_ = 0;
    } else if (std::fabs(sum_) >= std::fabs(x)) {
      lost_ += (sum_ - total) + x;
    } else {
      lost_ += (x - total) + sum_;
    }
    sum_ = total;
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
  double DividedBy(double divisor) const { return sum_ / divisor + lost_ / divisor; }

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
