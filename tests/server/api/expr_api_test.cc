// SPDX-License-Identifier: Apache-2.0
#include "server/api/expr_api.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/promql/parser.h"
#include "server/api/expr_json.h"
#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using testing::ApiHarness;
using ::testing::HasSubstr;

std::string Tree(std::string_view query) {
  std::string text;
  JsonWriter json(&text);
  WriteExpr(*promql::ParseExpr(query).value(), &json);
  return text;
}

// A selector of one name without modifiers.
std::string Named(const std::string& name) {
  return R"({"anchored":false,"matchers":[{"name":"__name__","type":"=","value":")" + name +
         R"("}],"name":")" + name +
         R"(","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":null,)"
         R"("type":"vectorSelector"})";
}

TEST(ExprApiTest, FormatQuery) {
  ApiHarness harness;
  EXPECT_EQ(harness.Ask(FormatQuery, "/api/v1/format_query?query=foo/bar%23comment"),
            R"("foo / bar")");
  EXPECT_EQ(harness.Ask(FormatQuery, ApiHarness::Post("/api/v1/format_query?query=a%3C1")),
            R"("a \u003c 1")");
  EXPECT_THAT(harness.Ask(FormatQuery, "/api/v1/format_query?query=sum("),
              HasSubstr(R"("error":"invalid parameter \"query\": 1:)"));
}

TEST(ExprApiTest, ParseQuery) {
  ApiHarness harness;
  EXPECT_EQ(harness.Ask(ParseQueryTree, "/api/v1/parse_query?query=5m"),
            R"({"type":"numberLiteral","val":"300"})");
  EXPECT_THAT(harness.Ask(ParseQueryTree, "/api/v1/parse_query?query=sum("),
              HasSubstr(R"("error":"invalid parameter \"query\": 1:)"));
}

TEST(ExprJsonTest, Literals) {
  EXPECT_EQ(Tree("1e30"), R"({"type":"numberLiteral","val":"1000000000000000000000000000000"})");
  EXPECT_EQ(Tree("Inf"), R"({"type":"numberLiteral","val":"+Inf"})");
  EXPECT_EQ(Tree("\"a\""), R"({"type":"stringLiteral","val":"a"})");
  EXPECT_EQ(Tree("(1)"), R"({"expr":{"type":"numberLiteral","val":"1"},"type":"parenExpr"})");
}

TEST(ExprJsonTest, Selectors) {
  EXPECT_EQ(Tree("up"), Named("up"));
  EXPECT_THAT(Tree("up{a=~\"b<\"} offset 1m @ 123"),
              HasSubstr(R"("matchers":[{"name":"a","type":"=~","value":"b\u003c"},)"
                        R"({"name":"__name__","type":"=","value":"up"}],"name":"up",)"
                        R"("offset":60000,"offsetExpr":null,"smoothed":false,"startOrEnd":null,)"
                        R"("timestamp":123000,)"));
  EXPECT_THAT(Tree("{\"up\"}[5m] @ end()"),
              HasSubstr(R"("name":"","offset":0,"offsetExpr":null,"range":300000,)"
                        R"("rangeExpr":null,"smoothed":false,"startOrEnd":"end","timestamp":null,)"
                        R"("type":"matrixSelector"})"));
  EXPECT_EQ(Tree("up[5m:1m]"),
            R"({"expr":)" + Named("up") +
                R"(,"offset":0,"offsetExpr":null,"range":300000,"rangeExpr":null,)"
                R"("startOrEnd":null,"step":60000,"stepExpr":null,"timestamp":null,)"
                R"("type":"subquery"})");
}

TEST(ExprJsonTest, Operators) {
  EXPECT_EQ(Tree("a / on (x) group_left (y) b"),
            R"({"bool":false,"lhs":)" + Named("a") +
                R"(,"matching":{"card":"many-to-one","fillValues":{"lhs":null,"rhs":null},)"
                R"("include":["y"],"labels":["x"],"on":true},"op":"/","rhs":)" +
                Named("b") + R"(,"type":"binaryExpr"})");
  EXPECT_THAT(Tree("1 > bool 2"), HasSubstr(R"("matching":null,"op":"\u003e")"));
  EXPECT_THAT(Tree("a and b"), HasSubstr(R"("card":"many-to-many")"));
  EXPECT_EQ(Tree("-(a)"), R"({"expr":{"expr":)" + Named("a") +
                              R"(,"type":"parenExpr"},"op":"-","type":"unaryExpr"})");
}

TEST(ExprJsonTest, Calls) {
  EXPECT_EQ(Tree("time()"),
            R"({"args":[],"func":{"argTypes":[],"name":"time","returnType":"scalar",)"
            R"("variadic":0},"type":"call"})");
  EXPECT_THAT(Tree("round(a)"),
              HasSubstr(R"("func":{"argTypes":["vector","scalar"],"name":"round",)"
                        R"("returnType":"vector","variadic":1})"));
  EXPECT_THAT(Tree("label_join(a, \"b\", \"c\")"), HasSubstr(R"("variadic":-1)"));
  EXPECT_EQ(Tree("topk by (c) (2, a)"),
            R"({"expr":)" + Named("a") +
                R"(,"grouping":["c"],"op":"topk","param":{"type":"numberLiteral","val":"2"},)"
                R"("type":"aggregation","without":false})");
  EXPECT_THAT(Tree("sum(a)"), HasSubstr(R"("grouping":[],"op":"sum","param":null)"));
}

}  // namespace
}  // namespace vigil::server
