// SPDX-License-Identifier: Apache-2.0
#include "base/file_watch.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/testing/status_matchers.h"

namespace vigil {
namespace {

class FileWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(directory_);
    ASSERT_OK(MakeDirectories(directory_));
    Write("a.yml", "1");
    watch_.Watch({directory_ + "/*.yml"});
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_OK(WriteFile(directory_ + "/" + name, text));
  }

  const std::string directory_ = ::testing::TempDir() + "/file_watch";
  FileWatch watch_;
};

TEST_F(FileWatchTest, NothingIsNewAtFirst) {
  EXPECT_FALSE(watch_.Look());
  EXPECT_FALSE(watch_.Look());
}

TEST_F(FileWatchTest, AChangeIsToldOnceItStandsStill) {
  Write("a.yml", "22");
  EXPECT_FALSE(watch_.Look());
  Write("a.yml", "333");
  EXPECT_FALSE(watch_.Look());
  EXPECT_TRUE(watch_.Look());
  EXPECT_FALSE(watch_.Look());
}

TEST_F(FileWatchTest, FilesThatComeAndGo) {
  Write("b.yml", "1");
  EXPECT_FALSE(watch_.Look());
  EXPECT_TRUE(watch_.Look());
  std::filesystem::remove(directory_ + "/a.yml");
  EXPECT_FALSE(watch_.Look());
  EXPECT_TRUE(watch_.Look());
  Write("other.txt", "1");
  EXPECT_FALSE(watch_.Look());
  EXPECT_FALSE(watch_.Look());
}

TEST_F(FileWatchTest, WhatIsBackAsItWasIsNothingNew) {
  const auto before = std::filesystem::last_write_time(directory_ + "/a.yml");
  std::filesystem::last_write_time(directory_ + "/a.yml", before + std::chrono::seconds(1));
  EXPECT_FALSE(watch_.Look());
  std::filesystem::last_write_time(directory_ + "/a.yml", before);
  EXPECT_FALSE(watch_.Look());
  EXPECT_FALSE(watch_.Look());
}

TEST_F(FileWatchTest, OtherPatterns) {
  Write("a.yml", "22");
  watch_.Watch({directory_ + "/*.txt", directory_ + "/a.yml"});
  EXPECT_FALSE(watch_.Look());
  EXPECT_FALSE(watch_.Look());
  // A link that is set elsewhere, as mounted configuration is.
  Write("one", "1");
  Write("two", "1");
  std::filesystem::create_symlink(directory_ + "/one", directory_ + "/l.txt");
  EXPECT_FALSE(watch_.Look());
  EXPECT_TRUE(watch_.Look());
  std::filesystem::remove(directory_ + "/l.txt");
  std::filesystem::create_symlink(directory_ + "/two", directory_ + "/l.txt");
  EXPECT_FALSE(watch_.Look());
  EXPECT_TRUE(watch_.Look());
}

}  // namespace
}  // namespace vigil
