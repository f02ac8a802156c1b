// SPDX-License-Identifier: Apache-2.0
#include "tests/testing/text_test.h"

#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/strings.h"

namespace vigil::testing {
namespace {

constexpr std::string_view kSeparator = "----";

// A case as parsed, or lines between cases (comments, blanks) when `is_case` is false.
struct Section {
  bool is_case = false;
  std::string verbatim;  // Everything up to the separator, to be written back as it was.
  TextCase text_case;
  std::string expected;
};

std::vector<std::string> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool started = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      started = true;
    } else if (c == ' ' && !quoted) {
      if (started) words.push_back(std::move(word));
      word.clear();
      started = false;
    } else {
      word += c;
      started = true;
    }
  }
  if (started) words.push_back(std::move(word));
  return words;
}

// Reads sections from lines.
class ScriptReader {
 public:
  ScriptReader(std::string path, std::string_view text) : path_(std::move(path)) {
    lines_ = Split(text, '\n');
    if (!lines_.empty() && lines_.back().empty()) lines_.pop_back();
  }

  std::vector<Section> Read() {
    std::vector<Section> sections;
    while (at_ < lines_.size()) {
      const std::string_view line = lines_[at_];
      if (Trim(line).empty() || line.starts_with("#")) {
        Section section;
        section.verbatim = fmt::format("{}\n", line);
        sections.push_back(std::move(section));
        ++at_;
      } else {
        sections.push_back(ReadCase());
      }
    }
    return sections;
  }

 private:
  Section ReadCase() {
    Section section;
    section.is_case = true;
    section.text_case.location = fmt::format("{}:{}", path_, at_ + 1);
    section.verbatim = fmt::format("{}\n", lines_[at_]);
    std::vector<std::string> words = SplitWords(lines_[at_++]);
    section.text_case.command = words.front();
    section.text_case.args.assign(words.begin() + 1, words.end());
    while (at_ < lines_.size() && lines_[at_] != kSeparator) {
      section.verbatim += fmt::format("{}\n", lines_[at_]);
      if (!section.text_case.input.empty()) section.text_case.input += '\n';
      section.text_case.input += lines_[at_++];
    }
    ++at_;  // The separator.
    ReadExpected(&section.expected);
    return section;
  }

  void ReadExpected(std::string* expected) {
    const bool fenced = at_ < lines_.size() && lines_[at_] == kSeparator;
    if (fenced) ++at_;
    const auto ends = [&] { return fenced ? lines_[at_] == kSeparator : lines_[at_].empty(); };
    while (at_ < lines_.size() && !ends()) *expected += fmt::format("{}\n", lines_[at_++]);
    if (fenced) ++at_;
  }

  const std::string path_;
  std::vector<std::string_view> lines_;
  size_t at_ = 0;
};

std::string Render(std::string_view verbatim, std::string_view output) {
  const bool fenced = output.starts_with("\n") || output.find("\n\n") != std::string_view::npos;
  return fenced ? fmt::format("{0}{1}\n{1}\n{2}{1}\n", verbatim, kSeparator, output)
                : fmt::format("{}{}\n{}", verbatim, kSeparator, output);
}

}  // namespace

std::string TextCase::Arg(std::string_view key, std::string_view fallback) const {
  for (const std::string& arg : args) {
    if (arg.size() > key.size() && arg.starts_with(key) && arg[key.size()] == '=') {
      return arg.substr(key.size() + 1);
    }
  }
  return std::string(fallback);
}

void RunTextScript(const std::string& path, const TextHandler& handler) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  const bool rewrite = std::getenv("VIGIL_REWRITE") != nullptr;
  std::string rewritten;
  for (const Section& section : ScriptReader(path, *text).Read()) {
    if (!section.is_case) {
      rewritten += section.verbatim;
      continue;
    }
    std::string output = handler(section.text_case);
    if (!output.empty() && output.back() != '\n') output += '\n';
    rewritten += Render(section.verbatim, output);
    if (rewrite) continue;
    EXPECT_EQ(section.expected, output) << section.text_case.location;
  }
  if (!rewrite) return;
  // Runfiles are links to the sources: write through them.
  char* const real = ::realpath(path.c_str(), nullptr);
  const std::string target = real != nullptr ? real : path;
  std::free(real);
  const absl::Status written = WriteFile(target, rewritten);
  ASSERT_TRUE(written.ok()) << written.ToString();
}

}  // namespace vigil::testing
