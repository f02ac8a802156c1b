// SPDX-License-Identifier: Apache-2.0
//
// Targets that stand in files (`file_sd_configs`): JSON or YAML, named by patterns, read again when
// they change.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/yaml_map.h"
#include "collector/discovery/target_group.h"

namespace vigil::collector {

struct FileSdConfig {
  std::vector<std::string> patterns;
  int64_t refresh_interval_ms = 5 * kMillisPerMinute;
};

// Reads one element of `file_sd_configs`. Relative patterns are relative to `directory`.
FileSdConfig ReadFileSdConfig(const YAML::Node& node, std::string_view directory,
                              YamlErrors* errors);

// The targets of the files of one configuration. Not thread-safe.
class FileDiscovery {
 public:
  explicit FileDiscovery(FileSdConfig config) : config_(std::move(config)) {}

  // Looks for files that came, went or changed, and reads those; all of them when
  // refresh_interval has passed. True if targets may have changed. A file that cannot be read or
  // is malformed keeps its targets, one that is gone loses them.
  bool Poll(int64_t now_ms);

  std::vector<DiscoveredTarget> Targets() const;

 private:
  // What tells one state of a file from another without reading it.
  struct Stamp {
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    uint64_t inode = 0;
    int64_t size = -1;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct File {
    Stamp stamp;
    std::string error;  // Of the last reading, "" if it went well.
    std::vector<DiscoveredTarget> targets;
  };

  static Stamp StampOf(const std::string& path);
  std::vector<std::string> FindFiles() const;
  bool Read(const std::string& path, File* file) const;

  const FileSdConfig config_;
  std::map<std::string, File> files_;  // By path.
  int64_t next_refresh_ms_ = 0;
};

}  // namespace vigil::collector
