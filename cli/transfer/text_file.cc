// SPDX-License-Identifier: Apache-2.0
#include "cli/transfer/text_file.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::cli {
namespace {

constexpr unsigned kBufferBytes = 256 << 10;

std::string SystemReason() { return std::generic_category().message(errno); }

class GzLineReader final : public LineReader {
 public:
  GzLineReader(gzFile file, std::string path, uint64_t total)
      : file_(file), path_(std::move(path)), total_(total), buffer_(kBufferBytes) {}
  ~GzLineReader() override { gzclose_r(file_); }

  absl::StatusOr<Result> Next(std::string* line) override {
    line->clear();
    bool too_long = false;
    bool any = false;
    while (true) {
      if (begin_ == end_) VIGIL_RETURN_IF_ERROR(Fill());
      if (begin_ == end_) break;
      any = true;
      const char* const from = buffer_.data() + begin_;
      const void* const feed = std::memchr(from, '\n', end_ - begin_);
      const size_t size = feed == nullptr ? end_ - begin_ : static_cast<const char*>(feed) - from;
      too_long |= line->size() + size > kMaxLineBytes;
      if (too_long) {
        line->clear();
      } else {
        line->append(from, size);
      }
      const size_t taken = size + (feed == nullptr ? 0 : 1);
      begin_ += taken;
      offset_ += taken;
      if (feed != nullptr) break;
    }
    if (!any) return Result::kEnd;
    ++lines_;
    return too_long ? Result::kTooLong : Result::kLine;
  }

  uint64_t lines() const override { return lines_; }
  uint64_t offset() const override { return offset_; }
  uint64_t bytes_done() const override {
    const z_off_t done = total_ == 0 ? 0 : gzoffset(file_);
    return done < 0 ? 0 : done;
  }
  uint64_t bytes_total() const override { return total_; }

 private:
  absl::Status Fill() {
    const int count = gzread(file_, buffer_.data(), kBufferBytes);
    int code = Z_OK;
    const char* const message = gzerror(file_, &code);
    if (count < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR) {
      return absl::DataLossError(
          fmt::format("reading {}: {}", path_, code == Z_ERRNO ? SystemReason() : message));
    }
    begin_ = 0;
    end_ = count;
    return absl::OkStatus();
  }

  const gzFile file_;
  const std::string path_;
  const uint64_t total_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t lines_ = 0;
  uint64_t offset_ = 0;
};

class GzWriter final : public TextWriter {
 public:
  GzWriter(gzFile file, std::string path, std::string temporary)
      : file_(file), path_(std::move(path)), temporary_(std::move(temporary)) {}
  ~GzWriter() override {
    if (file_ != nullptr) gzclose_w(file_);
    if (!finished_ && !temporary_.empty()) ::unlink(temporary_.c_str());
  }

  absl::Status Write(std::string_view text) override {
    while (!text.empty()) {
      const auto size = static_cast<unsigned>(std::min<size_t>(text.size(), 1 << 30));
      if (gzwrite(file_, text.data(), size) <= 0) return Failure();
      text.remove_prefix(size);
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    const int code = gzclose_w(file_);
    file_ = nullptr;
    if (code != Z_OK) return Failure();
    if (!temporary_.empty() && ::rename(temporary_.c_str(), path_.c_str()) != 0) return Failure();
    finished_ = true;
    return absl::OkStatus();
  }

 private:
  absl::Status Failure() const {
    return absl::UnavailableError(fmt::format("writing {}: {}", path_, SystemReason()));
  }

  gzFile file_;
  const std::string path_;
  const std::string temporary_;  // "" for standard output.
  bool finished_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  const bool standard = path == kStandardStream;
  const gzFile file = standard ? gzdopen(::dup(STDIN_FILENO), "rb") : gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return absl::NotFoundError(fmt::format("opening {}: {}", path, SystemReason()));
  }
  gzbuffer(file, kBufferBytes);
  struct stat info = {};
  const bool regular = !standard && ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  return std::make_unique<GzLineReader>(file, standard ? "standard input" : path,
                                        regular ? info.st_size : 0);
}

absl::StatusOr<std::unique_ptr<TextWriter>> TextWriter::Open(const std::string& path) {
  // "T" writes as it is.
  if (path == kStandardStream) {
    return std::make_unique<GzWriter>(gzdopen(::dup(STDOUT_FILENO), "wbT"), "standard output", "");
  }
  const std::string temporary = path + ".part";
  const gzFile file = gzopen(temporary.c_str(), path.ends_with(".gz") ? "wb" : "wbT");
  if (file == nullptr) {
    return absl::UnavailableError(fmt::format("creating {}: {}", temporary, SystemReason()));
  }
  gzbuffer(file, kBufferBytes);
  return std::make_unique<GzWriter>(file, path, temporary);
}

}  // namespace vigil::cli
