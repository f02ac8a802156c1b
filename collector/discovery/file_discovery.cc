// SPDX-License-Identifier: Apache-2.0
#include "collector/discovery/file_discovery.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

constexpr std::string_view kFilePathLabel = "__meta_filepath";

// A file's name ends in .json, .yml or .yaml; a star stands in its last part only.
bool IsPattern(std::string_view pattern) {
  const std::string lower = ToLower(pattern);
  if (!lower.ends_with(".json") && !lower.ends_with(".yml") && !lower.ends_with(".yaml")) {
    return false;
  }
  const size_t star = pattern.find('*');
  return star == std::string_view::npos || pattern.find('/', star) == std::string_view::npos;
}

absl::StatusOr<std::vector<DiscoveredTarget>> ParseFile(const std::string& path,
                                                        const std::string& text) {
  YamlErrors errors(path);
  std::vector<DiscoveredTarget> targets;
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsSequence()) {
      for (const YAML::Node& group : root)
        ReadTargetGroup(group, "target group", &targets, &errors);
    } else if (!root.IsNull()) {
      errors.Add(root, "a file of targets must be a list of target groups");
    }
  } catch (const YAML::Exception& error) {
    errors.Add(error.mark, error.msg);
  }
  VIGIL_RETURN_IF_ERROR(errors.ToStatus());
  for (DiscoveredTarget& target : targets) {
    target = storage::LabelsBuilder(target).Set(kFilePathLabel, path).Build();
  }
  return targets;
}

int64_t NanosOf(const timespec& time) {
  return int64_t{time.tv_sec} * kMillisPerSecond * kNanosPerMilli + time.tv_nsec;
}

}  // namespace

FileSdConfig ReadFileSdConfig(const YAML::Node& node, std::string_view directory,
                              YamlErrors* errors) {
  FileSdConfig config;
  YamlMap map(node, "file_sd config", errors);
  const YAML::Node list = map.Take("files");
  if (!list.IsSequence() || list.size() == 0) {
    errors->Add(map.MarkOf("files"), "file_sd_configs needs a list of files");
  } else {
    for (const YAML::Node& pattern : list) {
      if (!pattern.IsScalar() || !IsPattern(pattern.Scalar())) {
        errors->Add(pattern,
                    "this names no files of targets: they end in .json, .yml or .yaml, and a * may "
                    "stand behind the last / only");
        continue;
      }
      const std::filesystem::path path(pattern.Scalar());
      config.patterns.push_back(
          path.is_absolute() ? path.string() : (std::filesystem::path(directory) / path).string());
    }
  }
  map.TakeDurationMs("refresh_interval", &config.refresh_interval_ms);
  if (config.refresh_interval_ms <= 0) {
    errors->Add(map.MarkOf("refresh_interval"), "refresh_interval must be more than 0");
  }
  map.Finish();
  return config;
}

FileDiscovery::Stamp FileDiscovery::StampOf(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return {};
  return {NanosOf(status.st_mtim), NanosOf(status.st_ctim), status.st_ino, status.st_size};
}

std::vector<std::string> FileDiscovery::FindFiles() const {
  std::vector<std::string> paths;
  for (const std::string& pattern : config_.patterns) {
    const absl::StatusOr<std::vector<std::string>> found = Glob(pattern);
    if (found.ok()) paths.insert(paths.end(), found->begin(), found->end());
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

bool FileDiscovery::Poll(int64_t now_ms) {
  const bool refresh = now_ms >= next_refresh_ms_;
  if (refresh) next_refresh_ms_ = now_ms + config_.refresh_interval_ms;
  const std::vector<std::string> paths = FindFiles();
  bool changed = std::erase_if(files_, [&paths](const auto& entry) {
                   return !std::binary_search(paths.begin(), paths.end(), entry.first);
                 }) > 0;
  for (const std::string& path : paths) {
    const Stamp stamp = StampOf(path);
    const auto [file, is_new] = files_.try_emplace(path);
    if (!is_new && !refresh && file->second.stamp == stamp) continue;
    // The stamp of before reading: what is written meanwhile is seen next time.
    file->second.stamp = stamp;
    changed |= Read(path, &file->second);
  }
  return changed;
}

bool FileDiscovery::Read(const std::string& path, File* file) const {
  absl::StatusOr<std::string> text = ReadFile(path);
  absl::StatusOr<std::vector<DiscoveredTarget>> targets =
      text.ok() ? ParseFile(path, *text) : text.status();
  const std::string error(MessageOf(targets.status()));
  if (!error.empty() && error != file->error) {
    Log(LogLevel::kError, "a file of scrape targets is not taken, what it said before goes on",
        {{"file", path}, {"error", error}});
  }
  file->error = error;
  if (!targets.ok() || *targets == file->targets) return false;
  file->targets = *std::move(targets);
  return true;
}

std::vector<DiscoveredTarget> FileDiscovery::Targets() const {
  std::vector<DiscoveredTarget> all;
  for (const auto& [path, file] : files_) {
    all.insert(all.end(), file.targets.begin(), file.targets.end());
  }
  return all;
}

}  // namespace vigil::collector
