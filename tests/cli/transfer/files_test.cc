// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "cli/transfer/progress.h"
#include "cli/transfer/text_file.h"
#include "tests/testing/status_matchers.h"

namespace vigil::cli {
namespace {

using ::testing::ElementsAre;
using testing::StatusIs;
namespace fs = std::filesystem;

std::string Path(const std::string& name) {
  return (fs::path(::testing::TempDir()) / name).string();
}

void Write(const std::string& path, std::string_view text) {
  auto writer = TextWriter::Open(path);
  ASSERT_OK(writer);
  ASSERT_OK((*writer)->Write(text));
  EXPECT_FALSE(fs::exists(path));  // Not before it is complete.
  ASSERT_OK((*writer)->Finish());
}

std::vector<std::string> Lines(const std::string& path) {
  std::vector<std::string> lines;
  auto reader = LineReader::Open(path);
  EXPECT_OK(reader);
  std::string line;
  while (true) {
    const auto result = (*reader)->Next(&line);
    if (!result.ok()) {
      lines.push_back("failed");
      break;
    }
    if (*result == LineReader::Result::kEnd) break;
    lines.push_back(line);
  }
  return lines;
}

TEST(FilesTest, LinesComeBackCompressedOrNot) {
  for (const std::string name : {"plain.txt", "compressed.txt.gz"}) {
    const std::string path = Path(name);
    fs::remove(path);
    Write(path, "one\n\nthree\nfour");
    EXPECT_THAT(Lines(path), ElementsAre("one", "", "three", "four"));
    EXPECT_FALSE(fs::exists(path + ".part"));
  }
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(Path("compressed.txt.gz")));
  EXPECT_EQ(bytes.substr(0, 2), "\x1f\x8b");
  ASSERT_OK_AND_ASSIGN(const std::string plain, ReadFile(Path("plain.txt")));
  EXPECT_EQ(plain, "one\n\nthree\nfour");
}

TEST(FilesTest, LongLinesCrossBuffers) {
  const std::string path = Path("long.txt");
  fs::remove(path);
  const std::string text(1'000'000, 'x');
  Write(path, text + "\n" + text + "y\n");
  EXPECT_THAT(Lines(path), ElementsAre(text, text + "y"));
}

TEST(FilesTest, WriterThatDoesNotFinishLeavesNothing) {
  const std::string path = Path("unfinished.txt");
  fs::remove(path);
  {
    auto writer = TextWriter::Open(path);
    ASSERT_OK(writer);
    ASSERT_OK((*writer)->Write("half"));
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(fs::exists(path + ".part"));
}

TEST(FilesTest, TruncatedFileFails) {
  const std::string path = Path("cut.gz");
  fs::remove(path);
  std::string text;
  for (int i = 0; i < 100000; ++i) text += fmt::format("line {}\n", i * 7919 % 10007);
  Write(path, text);
  fs::resize_file(path, fs::file_size(path) / 2);
  EXPECT_EQ(Lines(path).back(), "failed");
}

TEST(FilesTest, ReaderTellsWhereItIs) {
  const std::string path = Path("where.txt");
  fs::remove(path);
  Write(path, "one\nthree\n");
  ASSERT_OK_AND_ASSIGN(const auto reader, LineReader::Open(path));
  std::string line;
  ASSERT_OK(reader->Next(&line));
  EXPECT_EQ(reader->lines(), 1u);
  EXPECT_EQ(reader->offset(), 4u);
  EXPECT_EQ(reader->bytes_total(), 10u);
  EXPECT_THAT(LineReader::Open(Path("missing")), StatusIs(absl::StatusCode::kNotFound));
}

TEST(FilesTest, ProgressBelongsToInputAndDestination) {
  const std::string input = Path("input.jsonl");
  std::ofstream(input) << "some text\n";
  const ProgressFile file(input, "a:1 ");
  file.Remove();
  EXPECT_FALSE(file.Load().has_value());
  ASSERT_OK(file.Save({.offset = 5, .lines = 2, .samples = 7}));
  const auto loaded = file.Load();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->offset, 5u);
  EXPECT_EQ(loaded->lines, 2u);
  EXPECT_EQ(loaded->samples, 7u);
  EXPECT_FALSE(ProgressFile(input, "b:1 ").Load().has_value());
  std::ofstream(input, std::ios::app) << "more\n";
  EXPECT_FALSE(ProgressFile(input, "a:1 ").Load().has_value());
  file.Remove();
  EXPECT_FALSE(fs::exists(input + ".vigil-import"));
}

TEST(FilesTest, DamagedProgressBeginsAnew) {
  const std::string input = Path("other.jsonl");
  std::ofstream(input) << "text\n";
  const ProgressFile file(input, "a:1 ");
  std::ofstream(input + ".vigil-import") << "{\"import\": 7";
  EXPECT_FALSE(file.Load().has_value());
  file.Remove();
}

TEST(FilesTest, ProgressText) {
  EXPECT_EQ(ProgressText(0.5, 12'345'678, 10, 80),
            "[###############---------------]  50 %  12.3 M samples  1.2 M/s");
  EXPECT_EQ(ProgressText(2, 999, 1, 80),
            "[##############################] 100 %  999 samples  999 /s");
  EXPECT_EQ(ProgressText(-1, 1500, 0, 80), "1.5 k samples  0 /s");
  EXPECT_EQ(ProgressText(0, 0, 0, 10), "[---------");
}

}  // namespace
}  // namespace vigil::cli
