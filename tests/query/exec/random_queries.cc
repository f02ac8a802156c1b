// SPDX-License-Identifier: Apache-2.0
#include "tests/query/exec/random_queries.h"

#include <memory>

#include <fmt/format.h>

#include "storage/model/sample.h"

namespace vigil::exec {

void RandomQueries::Fill(int64_t end_ms, MemorySource* source) {
  for (const char* name : {"a_total", "b", "c_bucket", "h"}) {
    for (const char* job : {"x", "y"}) {
      for (const char* extra : {"1", "2", "+Inf"}) {
        if (OneIn(6)) continue;
        const storage::Labels labels({{"__name__", name}, {"job", job}, {"le", extra}});
        FillSeries(labels, name[0] == 'h', end_ms, source);
      }
    }
  }
}

std::string RandomQueries::Vector(int depth) {
  if (depth <= 0) return Selector() + Shift();
  switch (Below(10)) {
    case 0:
    case 1:
      return RangeCall(depth);
    case 2:
    case 3:
      return Aggregate(depth);
    case 4:
    case 5:
      return Binary(depth);
    case 6:
      return Call(depth);
    case 7:
      return fmt::format("({} {} {})", Vector(depth - 1), OneOf("+", "/", ">", "== bool", "%"),
                         Scalar(depth));
    case 8:
      return "-" + Vector(depth - 1);
    default:
      return Selector() + Shift();
  }
}

storage::Histogram RandomQueries::RandomHistogram() {
  storage::Histogram histogram;
  histogram.schema = static_cast<int8_t>(Below(3));
  histogram.zero_threshold = OneIn(2) ? 0.001 : 0.5;
  histogram.zero_count = Below(3);
  histogram.positive_spans = {{Below(3), 2}};
  histogram.positive_counts = {double(Below(5)), double(Below(5))};
  histogram.count =
      histogram.zero_count + histogram.positive_counts[0] + histogram.positive_counts[1];
  histogram.sum = Below(100);
  histogram.reset_hint = static_cast<storage::CounterResetHint>(Below(4));
  return histogram;
}

void RandomQueries::FillSeries(const storage::Labels& labels, bool histograms, int64_t end_ms,
                               MemorySource* source) {
  double value = 0;
  for (int64_t t = Below(60'000); t < end_ms; t += 15'000 + (OneIn(4) ? Below(5000) : 0)) {
    if (OneIn(15)) t += Below(400'000);
    value = OneIn(12) ? Below(5) : value + Below(1000) / 10.0;
    if (histograms && !OneIn(20)) {
      source->AddHistogram(labels, t,
                           std::make_shared<const storage::Histogram>(RandomHistogram()));
    } else if (OneIn(25)) {
      source->AddFloat(labels, t, OneIn(2) ? storage::StaleNan() : 0.0 / 0.0);
    } else {
      source->AddFloat(labels, t, value);
    }
  }
}

std::string RandomQueries::Selector() {
  return OneOf("a_total", "b", "c_bucket", "h", "{__name__=~\"a_total|b\"}", "b{job=\"x\"}",
               "h{job!=\"x\"}", "a_total{le=~\"1|2\"}", "nothing");
}

std::string RandomQueries::Range(int depth) {
  if (OneIn(3)) {
    return fmt::format("({})[{}:{}]{}", Vector(depth - 1), Duration(), OneOf("", "20s", "7s"),
                       Shift());
  }
  return fmt::format("{}[{}]{}", Selector(), Duration(), Shift());
}

std::string RandomQueries::RangeCall(int depth) {
  switch (Below(4)) {
    case 0:
      return fmt::format("quantile_over_time({}, {})", Scalar(depth), Range(depth));
    case 1:
      return fmt::format("predict_linear({}, {})", Range(depth), Scalar(depth));
    default:
      return fmt::format(
          "{}({})",
          OneOf("rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets",
                "sum_over_time", "avg_over_time", "min_over_time", "max_over_time",
                "count_over_time", "last_over_time", "first_over_time", "stddev_over_time",
                "present_over_time", "absent_over_time", "mad_over_time", "ts_of_max_over_time"),
          Range(depth));
  }
}

std::string RandomQueries::Aggregate(int depth) {
  const std::string inner = Vector(depth - 1);
  const std::string by = OneOf("", "by (job)", "without (le)", "by (le, job)", "by (__name__)");
  switch (Below(5)) {
    case 0:
      return fmt::format("{} {} ({}, {})",
                         OneOf("topk", "bottomk", "limitk", "quantile", "limit_ratio"), by,
                         OneOf("1", "2", "0.5"), inner);
    case 1:
      return fmt::format("count_values {} (\"v\", {})", by, inner);
    default:
      return fmt::format("{} {} ({})",
                         OneOf("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"),
                         by, inner);
  }
}

std::string RandomQueries::Binary(int depth) {
  return fmt::format(
      "({} {} {})", Vector(depth - 1),
      OneOf("+", "-", "*", "/", ">", "<= bool", "==", "and", "or", "unless", "and on(job)",
            "unless on(le)", "or on(job)", "+ ignoring(job, le)", "* on(job, le)",
            "/ on(job) group_left()", "- on(job) group_right(le)", "+ fill(1)", "atan2"),
      Vector(depth - 1));
}

std::string RandomQueries::Call(int depth) {
  const std::string inner = Vector(depth - 1);
  switch (Below(7)) {
    case 0:
      return fmt::format("histogram_quantile({}, {})", Scalar(depth), inner);
    case 1:
      return fmt::format("clamp({}, {}, {})", inner, Scalar(depth), Scalar(depth));
    case 2:
      return fmt::format("label_replace({}, \"le\", \"$1\", \"job\", \"(.)\")", inner);
    case 3:
      return fmt::format("histogram_fraction(0, {}, {})", Scalar(depth), inner);
    case 4:
      return fmt::format("vector({})", Scalar(depth));
    default:
      return fmt::format("{}({})",
                         OneOf("abs", "sgn", "sort", "sort_desc", "timestamp", "absent", "hour",
                               "histogram_count", "histogram_stddev", "sqrt", "round"),
                         inner);
  }
}

std::string RandomQueries::Scalar(int depth) {
  if (depth <= 0) return OneOf("0.5", "0", "2", "-1", "time()");
  switch (Below(4)) {
    case 0:
      return fmt::format("scalar({})", Vector(depth - 1));
    case 1:
      return fmt::format("(time() % {})", OneOf("7", "100", "3"));
    default:
      return OneOf("0.9", "1", "0.25", "10", "NaN", "Inf");
  }
}

}  // namespace vigil::exec
