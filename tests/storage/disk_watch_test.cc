// SPDX-License-Identifier: Apache-2.0
#include "storage/disk_watch.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(DiskWatchTest, NoDiskNoTrouble) { EXPECT_EQ(DiskWatch("").Look(), "taken"); }

TEST(DiskWatchTest, AVanishedDirectoryIsTold) {
  const std::string directory = ::testing::TempDir() + "/disk_watch_test";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/CURRENT") << "x";
  DiskWatch watch(directory);
  EXPECT_EQ(watch.Look(), "taken");
  EXPECT_THAT(ExposeMetrics(), HasSubstr("vigil_store_read_only 0\n"));
  std::filesystem::rename(directory, directory + ".moved");
  EXPECT_THAT(watch.Look(), StartsWith("refused: data directory"));
  EXPECT_THAT(ExposeMetrics(), HasSubstr("vigil_store_read_only 1\n"));
  std::filesystem::rename(directory + ".moved", directory);
  EXPECT_EQ(watch.Look(), "taken");
}

}  // namespace
}  // namespace vigil::storage
