// SPDX-License-Identifier: Apache-2.0
//
// How far a long command is: a bar on the terminal, and a file from which an import goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/status.h>

namespace vigil::cli {

// "[#####-----] 50 %  12.3 M samples  1.2 M/s" of `width` columns at most. `fraction` below 0 means
// that the end is not known: no bar. `what` is counted.
std::string ProgressText(double fraction, uint64_t count, double elapsed_s, size_t width,
                         std::string_view what = "samples");

// Draws on standard error if that is a terminal, a few times a second. Not thread-safe.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what = "samples");
  // Wipes the bar off.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Update(double fraction, uint64_t count);
  // Makes room for a line of other output.
  void Clear();

 private:
  const std::string what_;
  const bool shown_;
  const int64_t started_ns_;
  int64_t drawn_ns_ = 0;
  bool drawn_ = false;
};

// Where an import is, in "INPUT.vigil-import" beside its input.
struct ImportProgress {
  uint64_t offset = 0;  // In the text: everything before is stored.
  uint64_t lines = 0;
  uint64_t samples = 0;
};

// The file belongs to one state of the input and one destination: another size or time of the
// input, or another server or tenant, and the import begins anew. Not thread-safe.
class ProgressFile {
 public:
  // `destination` names server and tenant. No file is kept for standard input.
  ProgressFile(const std::string& input, const std::string& destination);

  // nullopt when there is none that fits.
  std::optional<ImportProgress> Load() const;
  absl::Status Save(const ImportProgress& progress) const;
  // The import is complete.
  void Remove() const;

 private:
  std::string path_;         // "" if there is none.
  std::string fingerprint_;  // Of the input and the destination.
};

}  // namespace vigil::cli
