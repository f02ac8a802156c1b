// SPDX-License-Identifier: Apache-2.0
#include "tests/query/promql/random_query.h"

#include <fmt/format.h>

namespace vigil::promql {

std::string RandomQuery::Gap() { return OneOf(" ", " ", "  ", "\n", "\t ", " # note [{(\"\n"); }

std::string RandomQuery::Number() {
  return OneOf("0", "1", "2.5", ".5", "1e3", "0x1f", "017", "1_000", "Inf", "NaN", "5m", "1h30m",
               "-1", "+2", "-5m", "- inf", "1e-9", "123456789012345678");
}

std::string RandomQuery::String() {
  return OneOf("\"a\"", "'a\"b'", "`a\\b`", "\"\\n\\t\\\\\"", "\"\\u00e9\"", "''", "\"x\\x01y\"");
}

std::string RandomQuery::Duration() {
  return OneOf("5m", "1h30m", "300", "0.5", "1y", "90s", "7d", "1ms", "1.001", "0x10");
}

std::string RandomQuery::DurationExpr(int levels) {
  if (levels <= 0 || OneIn(3)) return Duration();
  switch (Below(5)) {
    case 0:
      return fmt::format("({})", DurationExpr(levels - 1));
    case 1:
      return OneOf("step()", "range()", "STEP( )");
    case 2:
      return fmt::format("{}({},{}{})", OneOf("min_of", "max_of"), DurationExpr(levels - 1), Gap(),
                         DurationExpr(levels - 1));
    case 3:
      // A negative literal would be refused when it stands alone.
      return fmt::format("{}step()", OneOf("-", "+", "- -"));
    default:
      return fmt::format("{}{}{} {}", DurationExpr(levels - 1), Gap(),
                         OneOf("+", "-", "*", "/", "%", "^", "- -"), DurationExpr(levels - 1));
  }
}

std::string RandomQuery::Name() {
  return OneOf("foo", "foo:bar", ":x", "sum", "by", "offset", "and", "start", "fill", "_a1");
}

std::string RandomQuery::Labels() {
  std::string labels = "(";
  for (int i = Below(3); i > 0; --i) {
    labels +=
        OneOf("a", "b", "by", "sum", "a:b", "\"inf\"", "\"x.y\"", "'c'") + OneOf("", " ") + ",";
  }
  if (labels.size() > 1 && OneIn(2)) labels.pop_back();
  return labels + ")";
}

std::string RandomQuery::Selector() {
  std::string matchers = "{";
  for (int i = Below(4); i > 0; --i) {
    matchers += OneOf("a", "by", "offset", "\"x.y\"", "inf") + OneOf("", " ") +
                OneOf("=", "!=", "=~", "!~") + OneOf("\"v\"", "'v|w'", "\"\"", "`v.*`") + ",";
  }
  if (matchers.size() > 1 && OneIn(2)) matchers.pop_back();
  switch (Below(4)) {
    case 0:
      return Name();
    case 1:
      return Name() + OneOf("", " ") + matchers + "}";
    case 2:
      if (matchers.back() != ',' && matchers.size() > 1) matchers += ',';
      return matchers + OneOf("'metric.name'", "\"m\"", "__name__=\"m\"", "__name__=~\"m.+\"") +
             "}";
    default:
      return "{a=\"b\"}";
  }
}

std::string RandomQuery::Shift() {
  const std::string at = " @" + OneOf("", " ") +
                         OneOf("start()", "end()", "10", "1.5", "-3.25", "+1e3", "1603774568.123");
  std::string offset = Gap() + OneOf("offset", "OFFSET") + " ";
  offset += OneOf("", "-", "+") + (OneIn(2) ? Duration() : "(" + DurationExpr(2) + ")");
  switch (Below(6)) {
    case 0:
      return at;
    case 1:
      return offset;
    case 2:
      return at + offset;
    case 3:
      return offset + at;
    default:
      return "";
  }
}

std::string RandomQuery::Matrix(int levels) {
  if (levels > 0 && OneIn(2)) {
    return fmt::format("({})[{}:{}]{}", Vector(levels - 1), DurationExpr(2),
                       OneIn(2) ? "" : DurationExpr(2), Shift());
  }
  return fmt::format("{}[{}]{}", Selector(), DurationExpr(2), Shift());
}

std::string RandomQuery::Matching() {
  std::string text;
  if (OneIn(2)) {
    const bool on = OneIn(2);
    text += (on ? "on" : "ignoring") + Labels();
    if (OneIn(2)) {
      // A label in both clauses would be refused.
      text += " " + OneOf("group_left", "GROUP_RIGHT") + OneOf("()", "(z)", "(\"z.z\", y,)");
    }
  }
  if (OneIn(4)) {
    text += " " + OneOf("fill(0)", "fill (-1.5)", "fill_left(1)", "fill_right(NaN)",
                        "fill_left(1) fill_right(2)", "fill_right(1) fill_left(+2)");
  }
  return text;
}

std::string RandomQuery::Binary(int levels) {
  const std::string lhs = Vector(levels - 1);
  const std::string rhs = Vector(levels - 1);
  switch (Below(3)) {
    case 0:
      return fmt::format("{}{}{} {}{}", lhs, Gap(),
                         OneOf("+", "-", "*", "/", "%", "^", "atan2", "</", ">/"),
                         Matching() + Gap(), rhs);
    case 1:
      return fmt::format("{} {} {} {} {}", lhs, OneOf("==", "!=", "<", "<=", ">", ">="),
                         OneOf("", "bool"), Matching(), rhs);
    default:
      return fmt::format("{} {} {} {}", lhs, OneOf("and", "OR", "unless"),
                         OneIn(2) ? "" : "on" + Labels(), rhs);
  }
}

std::string RandomQuery::Aggregate(int levels) {
  const std::string grouping = OneIn(2) ? "" : OneOf("by", "without") + Labels();
  const bool first = OneIn(2);
  std::string args = Vector(levels - 1);
  std::string op;
  switch (Below(3)) {
    case 0:
      op = OneOf("topk", "bottomk", "quantile", "limitk", "limit_ratio");
      args = Scalar(levels - 1) + ", " + args;
      break;
    case 1:
      op = "count_values";
      args = String() + "," + args;
      break;
    default:
      op = OneOf("sum", "avg", "COUNT", "min", "max", "group", "stddev", "stdvar");
  }
  return fmt::format("{} {} ({}) {}", op, first ? grouping : "", args, first ? "" : grouping);
}

std::string RandomQuery::Call(int levels) {
  switch (Below(6)) {
    case 0:
      return fmt::format("{}({})", OneOf("rate", "sum_over_time", "changes"), Matrix(levels - 1));
    case 1:
      return fmt::format("quantile_over_time({}, {})", Scalar(levels - 1), Matrix(levels - 1));
    case 2:
      return fmt::format("label_replace({},\"d\",{},\"s\",{})", Vector(levels - 1), String(),
                         String());
    case 3:
      return fmt::format("info({}, {{a=~\".*\"}})", Vector(levels - 1));
    case 4:
      return fmt::format("rate({}[5m] {}{})", Selector(), OneOf("anchored", "smoothed"), Shift());
    default:
      return fmt::format("{}({})", OneOf("abs", "round", "hour", "sort"), Vector(levels - 1));
  }
}

std::string RandomQuery::Scalar(int levels) {
  if (levels <= 0 || OneIn(3)) return Number();
  switch (Below(4)) {
    case 0:
      return fmt::format("({})", Scalar(levels - 1));
    case 1:
      return OneOf("time()", "pi()", "start()", "step()");
    case 2:
      return fmt::format("scalar({})", Vector(levels - 1));
    default:
      return fmt::format("{} {} {}", Scalar(levels - 1),
                         OneOf("+", "-", "*", "/", "%", "^", "atan2", "== bool", "> bool"),
                         Scalar(levels - 1));
  }
}

std::string RandomQuery::Vector(int levels) {
  if (levels <= 0 || OneIn(5)) return Selector() + Shift();
  switch (Below(6)) {
    case 0:
      return fmt::format("({}{})", Gap(), Vector(levels - 1));
    case 1:
      return OneOf("-", "+", "- ", "-+") + Vector(levels - 1);
    case 2:
      return Call(levels);
    case 3:
      return Aggregate(levels);
    case 4:
      return fmt::format("({}) {} {}", Scalar(levels - 1), OneOf("+", "*", "^", "<", ">= bool"),
                         Vector(levels - 1));
    default:
      return Binary(levels);
  }
}

}  // namespace vigil::promql
