// SPDX-License-Identifier: Apache-2.0
#include "cli/transfer/progress.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/file.h"
#include "cli/transfer/text_file.h"

namespace vigil::cli {
namespace {

constexpr int64_t kRedrawNs = 200 * kNanosPerMilli;
constexpr size_t kBarWidth = 30;
constexpr size_t kDefaultColumns = 80;
constexpr const char* kSuffix = ".vigil-import";

// "12.3 M", "999 ": what it is an amount of stands right behind.
std::string Amount(double value) {
  if (value >= 1e9) return fmt::format("{:.2f} G", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.1f} M", value / 1e6);
  if (value >= 1e3) return fmt::format("{:.1f} k", value / 1e3);
  return fmt::format("{:.0f} ", value);
}

size_t TerminalColumns() {
  struct winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : kDefaultColumns;
}

}  // namespace

std::string ProgressText(double fraction, uint64_t count, double elapsed_s, size_t width,
                         std::string_view what) {
  std::string text;
  if (fraction >= 0) {
    fraction = std::min(fraction, 1.0);
    const auto filled = static_cast<size_t>(fraction * kBarWidth);
    text = fmt::format("[{}{}] {:3.0f} %  ", std::string(filled, '#'),
                       std::string(kBarWidth - filled, '-'), fraction * 100);
  }
  const double rate = elapsed_s > 0 ? static_cast<double>(count) / elapsed_s : 0;
  const std::string amount = Amount(static_cast<double>(count));
  text += fmt::format("{}{}{}  {}/s", amount, amount.back() == ' ' ? "" : " ", what, Amount(rate));
  return text.substr(0, width);
}

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)), shown_(::isatty(STDERR_FILENO) == 1), started_ns_(MonotonicNs()) {}

ProgressBar::~ProgressBar() { Clear(); }

void ProgressBar::Update(double fraction, uint64_t count) {
  const int64_t now_ns = MonotonicNs();
  if (!shown_ || (drawn_ && now_ns - drawn_ns_ < kRedrawNs)) return;
  drawn_ns_ = now_ns;
  drawn_ = true;
  const double elapsed_s = static_cast<double>(now_ns - started_ns_) / 1e9;
  fmt::print(stderr, "\r\x1b[K{}",
             ProgressText(fraction, count, elapsed_s, TerminalColumns() - 1, what_));
  std::fflush(stderr);
}

void ProgressBar::Clear() {
  if (!drawn_) return;
  drawn_ = false;
  fmt::print(stderr, "\r\x1b[K");
}

ProgressFile::ProgressFile(const std::string& input, const std::string& destination) {
  struct stat info = {};
  if (input == kStandardStream || ::stat(input.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return;
  }
  path_ = input + kSuffix;
  fingerprint_ = fmt::format("{} {}.{:09} {}", info.st_size, info.st_mtim.tv_sec,
                             info.st_mtim.tv_nsec, destination);
}

std::optional<ImportProgress> ProgressFile::Load() const {
  if (path_.empty()) return std::nullopt;
  const absl::StatusOr<std::string> text = ReadFile(path_);
  if (!text.ok()) return std::nullopt;
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("import") || json["import"] != fingerprint_) {
    return std::nullopt;
  }
  ImportProgress progress;
  for (const auto& [name, number] : {std::pair("offset", &progress.offset),
                                     {"lines", &progress.lines},
                                     {"samples", &progress.samples}}) {
    if (!json.contains(name) || !json[name].is_number_unsigned()) return std::nullopt;
    *number = json[name].get<uint64_t>();
  }
  return progress;
}

absl::Status ProgressFile::Save(const ImportProgress& progress) const {
  if (path_.empty()) return absl::OkStatus();
  const nlohmann::ordered_json json = {{"import", fingerprint_},
                                       {"offset", progress.offset},
                                       {"lines", progress.lines},
                                       {"samples", progress.samples}};
  return WriteFile(path_, json.dump() + "\n");
}

void ProgressFile::Remove() const {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace vigil::cli
