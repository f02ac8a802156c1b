// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/disk_space.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

class DiskSpaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(directory_);
    Make();
  }
  void Make() {
    std::filesystem::create_directories(directory_);
    std::ofstream(directory_ + "/CURRENT") << "x";
  }
  void ExpectVanished(const DiskSpace& disk) {
    EXPECT_THAT(disk.CheckThere(),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("has vanished")));
  }

  const std::string directory_ = ::testing::TempDir() + "/disk_space_test";
};

TEST_F(DiskSpaceTest, ThereIsRoomForLittleAndNotForEverything) {
  const DiskSpace disk(directory_);
  EXPECT_GT(disk.FreeBytes(), 0u);
  EXPECT_OK(disk.CheckFree(1));
  EXPECT_THAT(disk.CheckFree(uint64_t{1} << 60),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("is full")));
}

TEST_F(DiskSpaceTest, ADirectoryThatStaysIsThere) {
  const DiskSpace disk(directory_);
  EXPECT_OK(disk.CheckThere());
  std::ofstream(directory_ + "/more") << "x";
  EXPECT_OK(disk.CheckThere());
}

TEST_F(DiskSpaceTest, ADirectoryThatGoesIsNoticed) {
  const DiskSpace disk(directory_);
  std::filesystem::remove_all(directory_);
  ExpectVanished(disk);
}

TEST_F(DiskSpaceTest, OneThatWasEmptiedIsNoticed) {
  const DiskSpace disk(directory_);
  std::filesystem::remove(directory_ + "/CURRENT");
  ExpectVanished(disk);
}

TEST_F(DiskSpaceTest, AnotherOfTheSameNameIsNotTheSame) {
  const DiskSpace disk(directory_);
  std::filesystem::rename(directory_, directory_ + ".old");
  Make();
  ExpectVanished(disk);
  std::filesystem::remove_all(directory_);
  std::filesystem::rename(directory_ + ".old", directory_);
  EXPECT_OK(disk.CheckThere());
}

}  // namespace
}  // namespace vigil::storage
