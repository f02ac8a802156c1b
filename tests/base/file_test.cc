// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/testing/status_matchers.h"

namespace vigil {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StatusIs;

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    const ::testing::TestInfo* const info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = ::testing::TempDir() + "/" + info->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  std::string Path(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }

  std::string directory_;
};

TEST_F(FileTest, WritesAndReadsBack) {
  const std::string contents = std::string("a\0b\n", 4) + std::string(200'000, 'x');
  ASSERT_OK(WriteFile(Path("f"), contents));
  ASSERT_OK_AND_ASSIGN(const std::string read, ReadFile(Path("f")));
  EXPECT_EQ(read, contents);
  ASSERT_OK(WriteFile(Path("f"), ""));
  EXPECT_EQ(*ReadFile(Path("f")), "");
  EXPECT_THAT(*Glob(Path("*")), ElementsAre(Path("f"))) << "nothing is left beside it";
}

TEST_F(FileTest, WhoHasAFileOpenKeepsTheOldOne) {
  ASSERT_OK(WriteFile(Path("f"), "old"));
  const int fd = ::open(Path("f").c_str(), O_RDONLY);
  ASSERT_GE(fd, 0);
  ASSERT_OK(WriteFile(Path("f"), "new!"));
  char buffer[8] = {};
  EXPECT_EQ(::read(fd, buffer, sizeof(buffer)), 3);
  ::close(fd);
  EXPECT_STREQ(buffer, "old");
}

TEST_F(FileTest, AWriteThatFailsLeavesTheOldFile) {
  ASSERT_OK(WriteFile(Path("f"), "old"));
  ASSERT_OK(MakeDirectories(Path("f.new")));  // In the way of what is written beside it.
  EXPECT_THAT(WriteFile(Path("f"), "new"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("f.new")));
  EXPECT_EQ(*ReadFile(Path("f")), "old");
}

TEST_F(FileTest, ErrorsNameThePathAndTheReason) {
  EXPECT_THAT(ReadFile(Path("missing")),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(Path("missing")), HasSubstr("No such file"))));
  EXPECT_THAT(ReadFile(directory_), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(WriteFile(Path("no/such/f"), ""), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK(WriteFile(Path("f"), ""));
  EXPECT_THAT(ReadFile(Path("f/x")), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FileTest, MakesDirectories) {
  ASSERT_OK(MakeDirectories(Path("a/b/c")));
  ASSERT_OK(MakeDirectories(Path("a/b/c")));
  EXPECT_TRUE(std::filesystem::is_directory(Path("a/b/c")));
  ASSERT_OK(WriteFile(Path("f"), ""));
  EXPECT_THAT(MakeDirectories(Path("f")), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(MakeDirectories(Path("f/x")), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FileTest, ChecksWhetherADirectoryIsWritable) {
  EXPECT_OK(CheckWritable(directory_));
  EXPECT_THAT(*Glob(Path("*")), IsEmpty()) << "the probe is gone";
  EXPECT_THAT(CheckWritable(Path("missing")), StatusIs(absl::StatusCode::kNotFound));
  // Whoever runs this: nobody makes files there.
  EXPECT_THAT(CheckWritable("/proc"), ::testing::Not(testing::IsOk()));
}

TEST_F(FileTest, GlobSortsAndNamesEachOnce) {
  for (const std::string_view name : {"b.yaml", "a.yaml", "c.txt"})
    ASSERT_OK(WriteFile(Path(name), ""));
  EXPECT_THAT(*Glob(Path("*.yaml")), ElementsAre(Path("a.yaml"), Path("b.yaml")));
  EXPECT_THAT(*Glob(Path("{c,b,a,*}.*")),
              ElementsAre(Path("a.yaml"), Path("b.yaml"), Path("c.txt")));
  EXPECT_THAT(*Glob(Path("a.yaml")), ElementsAre(Path("a.yaml")));
  EXPECT_THAT(*Glob(Path("*.json")), IsEmpty());
  EXPECT_THAT(*Glob(Path("missing/*")), IsEmpty());
}

TEST_F(FileTest, TellsFreeSpace) {
  ASSERT_OK_AND_ASSIGN(const uint64_t bytes, FreeBytes(directory_));
  EXPECT_GT(bytes, 0);
  EXPECT_THAT(FreeBytes(Path("missing")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FileTest, ALockIsHeldUntilItIsDestroyed) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<FileLock> lock, FileLock::Acquire(Path("LOCK")));
  EXPECT_THAT(FileLock::Acquire(Path("LOCK")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr(fmt::format("locked by process {}", ::getpid()))));
  lock.reset();
  EXPECT_OK(FileLock::Acquire(Path("LOCK")));
  EXPECT_THAT(FileLock::Acquire(Path("no/LOCK")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FileTest, ALockKeepsOtherProcessesOutAndGoesWithItsOwn) {
  int ready[2];
  int end[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(end), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = FileLock::Acquire(Path("LOCK"));
    char byte = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    if (::read(end[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);  // Without destroying the lock, as a crash does.
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_THAT(FileLock::Acquire(Path("LOCK")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr(fmt::format("locked by process {}", child))));
  ASSERT_EQ(::write(end[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_OK(FileLock::Acquire(Path("LOCK")));
}

}  // namespace
}  // namespace vigil
