// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/history.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

namespace vigil::cli {
namespace {

absl::Status SystemError(std::string_view doing, const std::string& path) {
  return absl::UnavailableError(fmt::format("cannot {} {}: {}", doing, path, std::strerror(errno)));
}

}  // namespace

std::string HistoryPath(const Environment& environment) {
  const char* const state = environment("XDG_STATE_HOME");
  // The convention asks for absolute paths only.
  if (state != nullptr && state[0] == '/') return std::string(state) + "/vigil/history";
  const char* const home = environment("HOME");
  if (home == nullptr || home[0] == '\0') return "";
  return std::string(home) + "/.local/state/vigil/history";
}

std::vector<std::string> LoadHistory(const std::string& path) {
  std::vector<std::string> questions;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) questions.push_back(std::move(line));
  }
  if (questions.size() > kMaxHistory) {
    questions.erase(questions.begin(), questions.end() - kMaxHistory);
  }
  return questions;
}

absl::Status AddToHistory(const std::string& path, std::string_view question) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(
        fmt::format("cannot make {}: {}", folder.string(), error.message()));
  }
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return SystemError("open", path);
  const std::string line = std::string(question) + "\n";
  // One write, so that lines of several sessions do not mix.
  const ssize_t written = ::write(file, line.data(), line.size());
  const absl::Status status =
      written == static_cast<ssize_t>(line.size()) ? absl::OkStatus() : SystemError("write", path);
  ::close(file);
  return status;
}

}  // namespace vigil::cli
