// SPDX-License-Identifier: Apache-2.0
//
// The template language. The expectations in testdata/language.txt are what Go's text/template
// gives for the same data, except for the wording of errors.
#include "alerting/template/template.h"

#include <string>

#include <gtest/gtest.h>

#include "base/status.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::text_template {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

Value TestData() {
  Map texts;
  texts.missing = Value("");
  texts.entries = {{"x", "1"}, {"y", "2"}};
  Map inner;
  inner.entries = {{"B", "deep"}};
  Map nested;
  nested.entries = {{"A", Value(inner)}};
  Map root;
  root.entries = {{"Name", "vigil"},
                  {"N", 3},
                  {"F", 2.5},
                  {"T", true},
                  {"L", List{"a", "b", "c"}},
                  {"M", Value(texts)},
                  {"E", List{}},
                  {"Nested", Value(nested)},
                  {"Nil", Value()}};
  return Value(root);
}

std::string RunTemplate(std::string_view text) {
  const absl::StatusOr<Template> parsed = Template::Parse("t", text);
  if (!parsed.ok()) return "error: " + std::string(MessageOf(parsed.status()));
  const absl::Status checked = parsed->Check({});
  const absl::StatusOr<std::string> output = parsed->Execute(TestData(), {});
  // Whatever Check refuses must fail to run, too, unless it is never reached.
  if (!checked.ok() && !output.ok()) return "error: " + std::string(MessageOf(checked));
  return output.ok() ? *output : "error: " + std::string(MessageOf(output.status()));
}

TEST(TemplateTest, Language) {
  ::vigil::testing::RunTextScript(
      "tests/alerting/template/testdata/language.txt",
      [](const ::vigil::testing::TextCase& text_case) { return RunTemplate(text_case.input); });
}

Function Identity() {
  return {1, 1, [](Args args) -> absl::StatusOr<Value> { return args[0]; }};
}

std::string Execute(std::string_view text, const FunctionSet& functions,
                    const Variables& variables = {}) {
  const absl::StatusOr<Template> parsed = Template::Parse("t", text);
  if (!parsed.ok()) return std::string(MessageOf(parsed.status()));
  const absl::StatusOr<std::string> output = parsed->Execute(TestData(), functions, variables);
  return output.ok() ? *output : std::string(MessageOf(output.status()));
}

TEST(TemplateTest, FunctionsOfTheUserTakePipedValuesLast) {
  FunctionSet functions;
  functions["join"] = {2, 2, [](Args args) -> absl::StatusOr<Value> {
                         return Value(args[0].AsString() + args[1].AsString());
                       }};
  EXPECT_EQ(Execute(R"({{ "b" | join "a" }})", functions), "ab");
  EXPECT_THAT(Execute(R"({{ join "a" }})", functions),
              HasSubstr("wrong number of args for join: want 2 got 1"));
}

TEST(TemplateTest, ErrorsOfFunctionsNameTheirPlace) {
  FunctionSet functions;
  functions["fail"] = {
      0, 0, [](Args) -> absl::StatusOr<Value> { return absl::UnavailableError("out of luck"); }};
  ASSERT_OK_AND_ASSIGN(const Template parsed, Template::Parse("t", "a\n b {{ fail }}"));
  EXPECT_THAT(parsed.Execute(Value(), functions),
              StatusIs(absl::StatusCode::kUnavailable,
                       "template: t:2:7: executing \"t\" at <fail>: error calling fail: "
                       "out of luck"));
}

TEST(TemplateTest, FunctionsCanBeValues) {
  Map root;
  root.entries["f"] = Value(std::make_shared<const Function>(Identity()));
  ASSERT_OK_AND_ASSIGN(const Template parsed, Template::Parse("t", "{{ call .f 5 }}"));
  ASSERT_OK_AND_ASSIGN(const std::string output, parsed.Execute(Value(root), {}));
  EXPECT_EQ(output, "5");
}

TEST(TemplateTest, FunctionsHideBuiltIns) {
  FunctionSet functions;
  functions["len"] = Identity();
  functions["and"] = Identity();
  EXPECT_EQ(Execute("{{ len 7 }}{{ and 8 }}", functions), "78");
}

TEST(TemplateTest, VariablesComeFromOutside) {
  EXPECT_EQ(Execute("{{ $a }}{{ $a = 2 }}{{ $a }}", {}, {{"a", 1}}), "12");
  // Definitions do not see them.
  EXPECT_THAT(Execute(R"({{ define "d" }}{{ $a }}{{ end }}{{ template "d" }})", {}, {{"a", 1}}),
              HasSubstr("undefined variable \"$a\""));
}

TEST(TemplateTest, CheckFindsWhatIsNotThere) {
  const auto check = [](std::string_view text) {
    const absl::StatusOr<Template> parsed = Template::Parse("t", text);
    return parsed.ok() ? parsed->Check({{"known", Identity()}}, {"given"}) : parsed.status();
  };
  EXPECT_OK(check("{{ known $given }}{{ range $x := .L }}{{ $x }}{{ else }}{{ $x }}{{ end }}"));
  EXPECT_THAT(check("{{ if false }}{{ unknown }}{{ end }}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("t:1:18: function")));
  EXPECT_THAT(check("{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("undefined variable")));
  EXPECT_THAT(check("{{ define \"d\" }}{{ $given }}{{ end }}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("undefined variable")));
}

TEST(TemplateTest, CheckCallsFindsTemplatesThatAreNotThereToo) {
  ASSERT_OK_AND_ASSIGN(
      const Template parsed,
      Template::Parse("t", "{{ define \"d\" }}{{ template \"nosuch\" }}{{ end }}{{ $given }}"));
  EXPECT_OK(parsed.Check({}, {"given"}));
  EXPECT_THAT(parsed.CheckCalls({}, {"given"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"nosuch\" not defined")));
}

TEST(TemplateTest, OwnDefinitionsWinOverAddedOnes) {
  ASSERT_OK_AND_ASSIGN(
      const Template library,
      Template::Parse("l", R"({{ define "a" }}A{{ end }}{{ define "b" }}B{{ end }})"));
  ASSERT_OK_AND_ASSIGN(Template parsed, Template::Parse("t", R"({{ define "a" }}own{{ end }})"));
  parsed.AddDefinitions(library);
  EXPECT_TRUE(parsed.Defines("b"));
  ASSERT_OK_AND_ASSIGN(const std::string a, parsed.ExecuteDefinition("a", Value(), {}));
  ASSERT_OK_AND_ASSIGN(const std::string b, parsed.ExecuteDefinition("b", Value(), {}));
  EXPECT_EQ(a + b, "ownB");
  EXPECT_THAT(parsed.ExecuteDefinition("c", Value(), {}), StatusIs(absl::StatusCode::kNotFound));
}

TEST(TemplateTest, ObjectsHaveMethodsAndSomethingUnderneath) {
  class Names final : public Object {
   public:
    std::string TypeName() const override { return "names"; }
    Value Underlying() const override { return Value(List{"x", "y"}); }
    absl::StatusOr<Value> Member(std::string_view name, Args args) const override {
      if (name == "Nth" && args.size() == 1) return Underlying().AsList()[args[0].AsInt()];
      return absl::NotFoundError("no such method");
    }
  };
  const Value names{std::shared_ptr<const Object>(std::make_shared<Names>())};
  ASSERT_OK_AND_ASSIGN(
      const Template parsed,
      Template::Parse("t", "{{ .Nth 1 }} {{ len . }} {{ range . }}{{ . }}{{ end }} {{ . }}"));
  ASSERT_OK_AND_ASSIGN(const std::string output, parsed.Execute(names, {}));
  EXPECT_EQ(output, "y 2 xy [x y]");
}

// Templates that would run for ever, or fill the memory.
TEST(TemplateTest, LimitsHold) {
  FunctionSet functions;
  functions["list"] = {0, kAnyNumber, [](Args args) -> absl::StatusOr<Value> {
                         return Value(List(args.begin(), args.end()));
                       }};
  const std::string_view hostile[] = {
      R"({{ define "f" }}{{ template "f" }}{{ end }}{{ template "f" }})",
      R"({{ range 1000000000 }}{{ range 1000000000 }}{{ end }}{{ end }})",
      R"({{ range 1000000000 }}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{ end }})",
      R"({{ $x := "xxxxxxxxxxxxxxxx" }}{{ range 64 }}{{ $x = print $x $x }}{{ end }})",
      R"({{ $x := "laugh" }}{{ range 64 }}{{ $x = list $x $x $x $x }}{{ end }}{{ $x }})",
      R"({{ $x := list }}{{ range 500000 }}{{ $x = list $x }}{{ end }}{{ $x }})",
      R"({{ range 100000 }}{{ printf "%10000d%10000d%10000d" 1 2 3 }}{{ end }})",
  };
  for (const std::string_view text : hostile) {
    ASSERT_OK_AND_ASSIGN(const Template parsed, Template::Parse("t", text));
    EXPECT_THAT(parsed.Execute(Value(), functions), StatusIs(absl::StatusCode::kResourceExhausted))
        << text;
  }
}

TEST(TemplateTest, DeepNestingIsRefused) {
  std::string parens = "{{ ";
  std::string blocks;
  std::string chain = "{{ if 1 }}";
  for (int i = 0; i < 10'000; ++i) {
    parens += '(';
    blocks += "{{ if 1 }}";
    chain += "{{ else if 1 }}";
  }
  parens += '1';
  for (int i = 0; i < 10'000; ++i) parens += ')';
  parens += " }}";
  for (const std::string& text : {parens, blocks, chain}) {
    EXPECT_THAT(Template::Parse("t", text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nested deeper")));
  }
}

}  // namespace
}  // namespace vigil::text_template
