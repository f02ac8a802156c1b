// SPDX-License-Identifier: Apache-2.0
//
// Text files of any size, a piece at a time, compressed by gzip or not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace vigil::cli {

// The name that stands for standard input and output.
inline constexpr std::string_view kStandardStream = "-";

// Reads a file line by line. What is compressed is told by its content. Not thread-safe.
class LineReader {
 public:
  // A longer line is passed over, and told: a series of a million samples has a fifth of that.
  static constexpr size_t kMaxLineBytes = 128 << 20;

  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path);
  virtual ~LineReader() = default;

  enum class Result { kLine, kTooLong, kEnd };
  // The next line, without its line feed. DataLoss when a compressed file is damaged or cut off.
  virtual absl::StatusOr<Result> Next(std::string* line) = 0;

  // How many lines were read, and where the next one begins in what is read.
  virtual uint64_t lines() const = 0;
  virtual uint64_t offset() const = 0;
  // How much of the file is read, and all of it, in bytes on disk; 0 where that is not known.
  virtual uint64_t bytes_done() const = 0;
  virtual uint64_t bytes_total() const = 0;
};

// Writes a file, compressed if its name ends in ".gz"; a file appears under its name only once it
// is complete. Not thread-safe.
class TextWriter {
 public:
  static absl::StatusOr<std::unique_ptr<TextWriter>> Open(const std::string& path);
  // Leaves nothing behind unless Finish succeeded.
  virtual ~TextWriter() = default;

  virtual absl::Status Write(std::string_view text) = 0;
  virtual absl::Status Finish() = 0;
};

}  // namespace vigil::cli
