// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <snappy.h>

#include "benchmarks/load/encoder.h"
#include "benchmarks/load/wire_writer.h"

namespace vigil::load {
namespace {

using LabelMap = std::map<std::string, std::string>;

// The label fields of a TimeSeries.
std::string LabelFields(const LabelMap& labels) {
  std::string fields;
  for (const auto& [name, value] : labels) {
    std::string label;
    AppendBytesField(1, name, &label);
    AppendBytesField(2, value, &label);
    AppendBytesField(1, label, &fields);
  }
  return fields;
}

// The same for each series of an instrument, in the order of its values.
std::vector<std::string> SeriesFields(const Target& target, const Instrument& instrument) {
  LabelMap labels(instrument.labels.begin(), instrument.labels.end());
  labels["job"] = target.job;
  labels["instance"] = target.instance;
  std::vector<std::string> fields;
  const auto add = [&](std::string_view suffix) {
    labels["__name__"] = instrument.name + std::string(suffix);
    fields.push_back(LabelFields(labels));
  };
  if (instrument.kind != Kind::kHistogram) {
    add("");
    return fields;
  }
  for (const double bound : instrument.bounds) {
    labels["le"] = fmt::format("{}", bound);
    add("_bucket");
  }
  labels["le"] = "+Inf";
  add("_bucket");
  labels.erase("le");
  add("_sum");
  add("_count");
  return fields;
}

class RemoteWriteEncoder final : public Encoder {
 public:
  void Add(const DataSet& data, const Scrape& scrape) override {
    known_.resize(data.instruments().size());
    for (size_t i = 0; i < scrape.count; ++i) {
      const Reading& reading = scrape.readings[i];
      std::vector<std::string>& fields = known_[reading.instrument];
      if (fields.empty()) {
        fields =
            SeriesFields(data.targets()[scrape.target], data.instruments()[reading.instrument]);
      }
      for (size_t series = 0; series < fields.size(); ++series) {
        sample_.clear();
        AppendDoubleField(1, reading.values[series], &sample_);
        AppendVarintField(2, static_cast<uint64_t>(scrape.time_ms), &sample_);
        series_ = fields[series];
        AppendBytesField(2, sample_, &series_);
        AppendBytesField(1, series_, &request_);
      }
    }
  }

  std::string Take() override {
    std::string body;
    snappy::Compress(request_.data(), request_.size(), &body);
    request_.clear();
    return body;
  }

 private:
  std::vector<std::vector<std::string>> known_;  // By instrument.
  std::string sample_;
  std::string series_;
  std::string request_;
};

}  // namespace

std::unique_ptr<Encoder> MakeRemoteWriteEncoder() { return std::make_unique<RemoteWriteEncoder>(); }

}  // namespace vigil::load
