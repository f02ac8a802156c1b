// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace vigil {
namespace {

// A system's files below a directory of the test's own.
class FakeSystem {
 public:
  FakeSystem() {
    std::string pattern = ::testing::TempDir() + "/memory_XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~FakeSystem() { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

TEST(MemoryTest, NoGroupNoLimit) {
  FakeSystem system;
  EXPECT_EQ(ControlGroupLimitBytes(system.root()), 0u);
  system.Write("/proc/self/cgroup", "0::/user/app\n");
  EXPECT_EQ(ControlGroupLimitBytes(system.root()), 0u);
  system.Write("/sys/fs/cgroup/user/app/memory.max", "max\n");
  EXPECT_EQ(ControlGroupLimitBytes(system.root()), 0u);
}

TEST(MemoryTest, TheLeastLimitOnTheWayUpHolds) {
  FakeSystem system;
  system.Write("/proc/self/cgroup", "0::/user/app\n");
  system.Write("/sys/fs/cgroup/user/app/memory.max", "2000000\n");
  EXPECT_EQ(ControlGroupLimitBytes(system.root()), 2'000'000u);
  system.Write("/sys/fs/cgroup/user/memory.max", "1000000\n");
  EXPECT_EQ(ControlGroupLimitBytes(system.root()), 1'000'000u);
}

TEST(MemoryTest, ContainersSeeTheirLimitAtTheRoot) {
  FakeSystem system;
  system.Write("/proc/self/cgroup", "0::/\n");
  system.Write("/sys/fs/cgroup/memory.max", "3000000\n");
  EXPECT_EQ(ControlGroupLimitBytes(system.root()), 3'000'000u);
}

TEST(MemoryTest, VersionOneHasAMountForMemory) {
  FakeSystem system;
  system.Write("/proc/self/cgroup", "5:cpu,memory:/app\n3:pids:/app\n");
  system.Write("/sys/fs/cgroup/memory/app/memory.limit_in_bytes", "4000000\n");
  system.Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(ControlGroupLimitBytes(system.root()), 4'000'000u);
}

TEST(MemoryTest, KnowsThisProcess) {
  constexpr size_t kBytes = 64 << 20;
  const uint64_t before = ResidentBytes();
  EXPECT_GT(before, 0u);
  EXPECT_LT(before, AvailableMemoryBytes());
  {
    const auto block = std::make_unique<char[]>(kBytes);
    for (size_t i = 0; i < kBytes; i += 4096) block[i] = static_cast<char>(i >> 12);
    EXPECT_GT(ResidentBytes(), before + kBytes / 2);
  }
  ReleaseFreeMemory();
#ifndef __SANITIZE_ADDRESS__  // It holds back what was freed, to see it being used.
  EXPECT_LT(ResidentBytes(), before + kBytes / 2);
#endif
}

}  // namespace
}  // namespace vigil
