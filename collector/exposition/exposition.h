// SPDX-License-Identifier: Apache-2.0
//
// What an endpoint exposes, whichever format it is written in: families of metrics and their
// samples, read one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "collector/exposition/scrape_protocol.h"
#include "storage/model/histogram.h"
#include "storage/model/sample.h"
#include "storage/series/labels.h"

namespace vigil::collector {

// The latest time that a sample may have, and negated the earliest. Up to this doubles
// of seconds tell milliseconds apart; no clock has such a time.
inline constexpr int64_t kMaxExposedTimeMs = (int64_t{1} << 42) * 1000;

struct MetricFamily {
  std::string name;
  storage::MetricMetadata metadata;
  // The exposition speaks of the family, not only of its samples.
  bool declared = false;
  friend bool operator==(const MetricFamily&, const MetricFamily&) = default;
};

struct ExposedExemplar {
  storage::Labels labels;
  double value = 0;
  std::optional<int64_t> time_ms;
};

// Which labels of a sample are numbers, to be written as BoundLabel does: they then agree whoever
// exposes them.
enum class BoundForm : uint8_t { kNone, kLe, kQuantile };

struct ExposedSample {
  // Tells the series of an endpoint apart: of two samples with the same key and form, in one
  // exposition or in two, the labels are the same. Borrowed from the exposition, until the next.
  std::string_view key;
  BoundForm form = BoundForm::kNone;
  double value = 0;
  std::shared_ptr<const storage::Histogram> histogram;  // Instead of the value, if not null.
  std::optional<int64_t> time_ms;
  size_t family = 0;  // Index in families().
  std::vector<ExposedExemplar> exemplars;
};

// Reads one exposition, from its beginning to its end. Errors are InvalidArgument and say where and
// what is wrong; an exposition is to be taken whole or not at all. Not thread-safe.
class ExpositionReader {
 public:
  virtual ~ExpositionReader() = default;

  // Reads the next sample; false at the end. `expected` is a guess at its key, which saves time if
  // it is right.
  virtual absl::StatusOr<bool> Next(std::string_view expected, ExposedSample* sample) = 0;
  // The labels of the sample read last, its name first as `__name__`. To be called for every key
  // and form that is not known from before: only this sees what is wrong within a key.
  virtual absl::Status ReadLabels(std::vector<storage::Label>* labels) = 0;

  // Those met so far.
  const std::vector<MetricFamily>& families() const { return families_; }

 protected:
  std::vector<MetricFamily> families_;
};

struct ExpositionOptions {
  bool native_histograms = true;
  // Of a histogram that is native, too, the classic buckets as well.
  bool always_classic_histograms = false;
};

// Borrows `body`.
std::unique_ptr<ExpositionReader> MakeReader(ExpositionFormat format, std::string_view body,
                                             const ExpositionOptions& options);

}  // namespace vigil::collector
