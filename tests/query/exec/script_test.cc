// SPDX-License-Identifier: Apache-2.0
//
// Runs every script of testdata; each is the contract of one part of the language.
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/query/exec/promql_script.h"

namespace vigil::exec {
namespace {

std::vector<std::string> Scripts() {
  absl::StatusOr<std::vector<std::string>> paths = Glob("tests/query/exec/testdata/*.promql");
  return paths.ok() ? *paths : std::vector<std::string>();
}

class ScriptTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ScriptTest, GivesWhatItSays) { RunPromqlScript(GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, ScriptTest, ::testing::ValuesIn(Scripts()),
                         [](const ::testing::TestParamInfo<std::string>& info) {
                           const size_t begin = info.param.rfind('/') + 1;
                           return info.param.substr(begin, info.param.rfind('.') - begin);
                         });

TEST(ScriptTest, FindsScripts) { EXPECT_FALSE(Scripts().empty()); }

}  // namespace
}  // namespace vigil::exec
