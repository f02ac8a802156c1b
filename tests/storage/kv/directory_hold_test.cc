// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/directory_hold.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;
namespace fs = std::filesystem;
using Mode = DirectoryHold::Mode;

std::string MakeDirectory(const std::string& name) {
  const std::string path = (fs::path(::testing::TempDir()) / name).string();
  fs::remove_all(path);
  fs::create_directories(path);
  std::ofstream(path + "/CURRENT") << "MANIFEST-000001\n";
  std::ofstream(path + "/LOCK").flush();
  return path;
}

// Locks belong to processes: another one tries. Returns whether it got the hold.
bool AnotherProcessGets(const std::string& directory, Mode mode) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto hold = DirectoryHold::Acquire(directory, mode);
    const std::string holder = fmt::format("process {}", ::getppid());
    if (!hold.ok() && MessageOf(hold.status()).find(holder) == std::string_view::npos) ::_exit(2);
    ::_exit(hold.ok() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2);
  return WEXITSTATUS(status) == 0;
}

TEST(DirectoryHoldTest, ReadersShareWritersDoNot) {
  const std::string directory = MakeDirectory("shared");
  {
    ASSERT_OK_AND_ASSIGN(const auto hold, DirectoryHold::Acquire(directory, Mode::kRead));
    EXPECT_TRUE(AnotherProcessGets(directory, Mode::kRead));
    EXPECT_FALSE(AnotherProcessGets(directory, Mode::kWrite));
  }
  {
    ASSERT_OK_AND_ASSIGN(const auto hold, DirectoryHold::Acquire(directory, Mode::kWrite));
    EXPECT_FALSE(AnotherProcessGets(directory, Mode::kRead));
  }
  EXPECT_TRUE(AnotherProcessGets(directory, Mode::kWrite));
}

TEST(DirectoryHoldTest, WantsADataDirectory) {
  const std::string directory = MakeDirectory("other");
  fs::remove(directory + "/LOCK");
  EXPECT_OK(DirectoryHold::Acquire(directory, Mode::kRead));
  EXPECT_FALSE(fs::exists(directory + "/LOCK"));
  fs::remove(directory + "/CURRENT");
  EXPECT_THAT(DirectoryHold::Acquire(directory, Mode::kRead),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(directory)));
}

}  // namespace
}  // namespace vigil::storage
