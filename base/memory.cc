// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>

#include "base/strings.h"

namespace vigil {
namespace {

constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();
// Version 1 writes "no limit" as the largest multiple of a page.
constexpr uint64_t kNoLimitFrom = uint64_t{1} << 60;
constexpr int kFewArenas = 2;
constexpr int kLargePieceBytes = 256 << 10;

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The number in a file such as memory.max; kNone for "max" and if there is none.
uint64_t ReadLimit(const std::string& path) {
  const std::string text = ReadText(path);
  uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && value < kNoLimitFrom ? value : kNone;
}

// The least limit of a group and those above it.
uint64_t LeastLimit(const std::string& mount, std::string group, const std::string& file) {
  uint64_t least = kNone;
  while (true) {
    least = std::min(least, ReadLimit(mount + group + "/" + file));
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos) return least;
    group.resize(slash);
  }
}

}  // namespace

uint64_t ControlGroupLimitBytes(const std::string& root) {
  uint64_t least = kNone;
  const std::string groups = ReadText(root + "/proc/self/cgroup");
  // Lines "number:controllers:path"; version 2 has number 0 and names no controllers.
  for (const std::string_view line : Split(groups, '\n')) {
    const std::vector<std::string_view> fields = Split(line, ':');
    if (fields.size() < 3) continue;
    std::string group(line.substr(fields[0].size() + fields[1].size() + 2));
    if (group == "/") group.clear();
    if (fields[0] == "0" && fields[1].empty()) {
      least = std::min(least, LeastLimit(root + "/sys/fs/cgroup", group, "memory.max"));
    }
    const std::vector<std::string_view> controllers = Split(fields[1], ',');
    if (std::find(controllers.begin(), controllers.end(), "memory") != controllers.end()) {
      least = std::min(least,
                       LeastLimit(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
  }
  return least == kNone ? 0 : least;
}

uint64_t AvailableMemoryBytes() {
  const uint64_t machine = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                           static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const uint64_t group = ControlGroupLimitBytes("");
  return group == 0 ? machine : std::min(machine, group);
}

uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  return file ? resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

void ReleaseFreeMemory() { ::malloc_trim(0); }

void ShareArenas() {
  ::mallopt(M_ARENA_MAX, std::max(kFewArenas, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN))));
}

void PreferSmallFootprint() {
  ::mallopt(M_ARENA_MAX, kFewArenas);
  ::mallopt(M_MMAP_THRESHOLD, kLargePieceBytes);
  ::mallopt(M_TRIM_THRESHOLD, kLargePieceBytes);
}

}  // namespace vigil
