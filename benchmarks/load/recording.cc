// SPDX-License-Identifier: Apache-2.0
//
// The data set of a recording. Series of one target that were read at one instant become one scrape
// again.
#include <zlib.h>

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "benchmarks/load/data_set.h"

namespace vigil::load {
namespace {

struct Series {
  uint32_t target = 0;
  std::vector<int64_t> times_ms;
  std::vector<double> values;
};

class Recording final : public DataSet {
 public:
  const std::vector<Target>& targets() const override { return targets_; }
  const std::vector<Instrument>& instruments() const override { return instruments_; }

  absl::Status Add(std::string_view line, int copy, int copies) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("metric") || !json.contains("values") ||
        !json.contains("timestamps")) {
      return absl::InvalidArgumentError("a line is not a recorded series");
    }
    Instrument instrument;
    Target target;
    for (const auto& [name, value] : json["metric"].items()) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      if (name == "__name__") {
        instrument.name = text;
      } else if (name == "job") {
        target.job = text;
      } else if (name == "instance") {
        target.instance = copies > 1 ? fmt::format("{}-{}", text, copy) : text;
      } else {
        instrument.labels.emplace_back(name, text);
      }
    }
    std::sort(instrument.labels.begin(), instrument.labels.end());
    Series& series = series_.emplace_back();
    series.target = NumberOf(target);
    for (const auto& time : json["timestamps"]) series.times_ms.push_back(time.get<int64_t>());
    for (const auto& value : json["values"]) {
      series.values.push_back(value.is_number() ? value.get<double>() : 0);
    }
    if (series.values.size() != series.times_ms.size()) {
      return absl::InvalidArgumentError("a series has not as many values as instants");
    }
    instruments_.push_back(std::move(instrument));
    return absl::OkStatus();
  }

  // Sorts what was added into scrapes, the last at `end_ms`.
  void Arrange(int64_t end_ms) {
    int64_t last_ms = 0;
    for (const Series& series : series_) {
      if (!series.times_ms.empty()) last_ms = std::max(last_ms, series.times_ms.back());
    }
    for (uint32_t i = 0; i < series_.size(); ++i) {
      for (size_t at = 0; at < series_[i].times_ms.size(); ++at) {
        scrapes_[{series_[i].times_ms[at] + end_ms - last_ms, series_[i].target}].push_back(
            {i, series_[i].values[at]});
      }
    }
    series_.clear();
    next_ = scrapes_.begin();
  }

  bool Next(Scrape* scrape) override {
    if (next_ == scrapes_.end()) return false;
    scrape->time_ms = next_->first.first;
    scrape->target = next_->first.second;
    scrape->count = next_->second.size();
    if (scrape->readings.size() < scrape->count) scrape->readings.resize(scrape->count);
    for (size_t i = 0; i < scrape->count; ++i) {
      scrape->readings[i].instrument = next_->second[i].instrument;
      scrape->readings[i].values.assign(1, next_->second[i].value);
    }
    ++next_;
    return true;
  }

 private:
  struct Point {
    uint32_t instrument;
    double value;
  };

  uint32_t NumberOf(const Target& target) {
    const auto [found, is_new] =
        numbers_.try_emplace({target.job, target.instance}, static_cast<uint32_t>(targets_.size()));
    if (is_new) targets_.push_back(target);
    return found->second;
  }

  std::vector<Target> targets_;
  std::map<std::pair<std::string, std::string>, uint32_t> numbers_;
  std::vector<Instrument> instruments_;
  std::vector<Series> series_;
  std::map<std::pair<int64_t, uint32_t>, std::vector<Point>> scrapes_;
  std::map<std::pair<int64_t, uint32_t>, std::vector<Point>>::const_iterator next_;
};

// The whole file, unpacked if it is a gzip.
absl::StatusOr<std::string> ReadMaybeGzip(const std::string& path) {
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return absl::NotFoundError(fmt::format("cannot open {}", path));
  std::string text;
  char buffer[1 << 16];
  int count = 0;
  while ((count = gzread(file, buffer, sizeof(buffer))) > 0) text.append(buffer, count);
  gzclose(file);
  if (count < 0) return absl::DataLossError(fmt::format("{} is damaged", path));
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataSet>> ReadRecording(const std::string& path, int64_t end_ms,
                                                       int copies) {
  VIGIL_ASSIGN_OR_RETURN(const std::string text, ReadMaybeGzip(path));
  auto recording = std::make_unique<Recording>();
  for (int copy = 0; copy < copies; ++copy) {
    size_t begin = 0;
    while (begin < text.size()) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      if (end > begin) {
        VIGIL_RETURN_IF_ERROR_WITH(recording->Add({text.data() + begin, end - begin}, copy, copies),
                                   path);
      }
      begin = end + 1;
    }
  }
  recording->Arrange(end_ms);
  return std::unique_ptr<DataSet>(std::move(recording));
}

}  // namespace vigil::load
