// SPDX-License-Identifier: Apache-2.0
//
// Feeds the fuzz entry point with the templates of the scripts, whole, cut short and with bytes
// changed: none may crash it.
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/strings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace vigil::text_template {
namespace {

void Feed(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

std::vector<std::string> Corpus() {
  std::vector<std::string> corpus;
  for (const char* const name : {"language", "rule_functions"}) {
    const auto text = ReadFile("tests/alerting/template/testdata/" + std::string(name) + ".txt");
    EXPECT_TRUE(text.ok());
    for (const std::string_view line : Split(*text, '\n')) {
      if (line.find("{{") != std::string_view::npos) corpus.emplace_back(line);
    }
  }
  return corpus;
}

TEST(TemplateMutationTest, NothingCrashes) {
  constexpr unsigned kSeed = 20260101;
  constexpr int kMutationsPerTemplate = 60;
  constexpr std::string_view kBytes = "{}-.$|()\"`' \n:=,/*\\%0x9aZ\x80\xff";
  std::mt19937 random(kSeed);
  const std::vector<std::string> corpus = Corpus();
  ASSERT_GT(corpus.size(), 150u);
  for (const std::string& original : corpus) {
    Feed(original);
    for (int i = 0; i < kMutationsPerTemplate; ++i) {
      std::string text = original;
      for (unsigned edits = 1 + random() % 4; edits > 0 && !text.empty(); --edits) {
        const size_t at = random() % text.size();
        const char byte = kBytes[random() % kBytes.size()];
        switch (random() % 4) {
          case 0:
            text[at] = byte;
            break;
          case 1:
            text.insert(at, 1, byte);
            break;
          case 2:
            text.erase(at, 1 + random() % 5);
            break;
          default:
            text.insert(at, corpus[random() % corpus.size()]);
        }
      }
      Feed(text);
    }
  }
}

}  // namespace
}  // namespace vigil::text_template
