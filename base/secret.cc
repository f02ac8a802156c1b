// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil {

absl::StatusOr<std::string> ReadSecret(const Secret& secret) {
  if (secret.file.empty()) return secret.text;
  VIGIL_ASSIGN_OR_RETURN(const std::string text, ReadFile(secret.file));
  const std::string_view trimmed = Trim(text);
  if (trimmed.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return absl::InvalidArgumentError(fmt::format("{} has more than one line", secret.file));
  }
  return std::string(trimmed);
}

bool TakeSecret(std::string_view name, std::string_view directory, YamlMap* map, YamlErrors* errors,
                Secret* secret) {
  const std::string file = fmt::format("{}_file", name);
  const bool has_text = map->TakeString(name, &secret->text);
  const bool has_file = map->TakeString(file, &secret->file);
  if (has_file) secret->file = ResolvePath(directory, secret->file);
  if (!secret->text.empty() && !secret->file.empty()) {
    errors->Add(map->MarkOf(file),
                fmt::format("at most one of {} and {} may be given", name, file));
  }
  return has_text || has_file;
}

std::string ResolvePath(std::string_view directory, const std::string& path) {
  if (path.empty() || std::filesystem::path(path).is_absolute()) return path;
  return (std::filesystem::path(directory) / path).string();
}

}  // namespace vigil
