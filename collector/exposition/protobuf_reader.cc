// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/protobuf_reader.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "collector/exposition/client_histogram.h"
#include "collector/labels/bound_label.h"
#include "collector/otlp/wire.h"
#include "collector/remote_write/label_wire.h"

namespace vigil::collector {
namespace {

using storage::Label;
using storage::MetricType;

// MetricFamily's types, by number.
constexpr std::array<MetricType, 6> kTypes = {MetricType::kCounter,   MetricType::kGauge,
                                              MetricType::kSummary,   MetricType::kUnknown,
                                              MetricType::kHistogram, MetricType::kGaugeHistogram};

absl::Status Malformed() {
  return absl::InvalidArgumentError("the protobuf encoding is broken or cut short");
}

absl::Status NotUtf8() { return absl::InvalidArgumentError("a text is not UTF-8"); }

// Field 1 of a message as a double, which is all that gauges and their kin have; 0 if absent.
bool ReadValue(std::string_view bytes, double* value) {
  *value = 0;
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kFixed64)) {
      *value = reader.Double();
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

// A metric as it stands on the wire.
struct WireMetric {
  std::string labels;  // The label fields' contents, each behind its length.
  std::string_view body;
  uint32_t body_field = 0;  // Which of the types it is.
  int64_t time_ms = 0;
};

class ProtobufReader final : public ExpositionReader {
 public:
  ProtobufReader(std::string_view bytes, const ExpositionOptions& options)
      : options_(options), rest_(bytes) {}

  absl::StatusOr<bool> Next(std::string_view, ExposedSample* sample) override {
    while (next_ == pending_.size()) {
      pending_.clear();
      next_ = 0;
      if (next_metric_ == metrics_.size()) {
        if (rest_.empty()) return false;
        ++message_;
        if (absl::Status status = ReadFamily(); !status.ok()) return Located(status);
        continue;
      }
      if (absl::Status status = ReadMetric(metrics_[next_metric_++]); !status.ok()) {
        return Located(status);
      }
    }
    Pending& pending = pending_[next_++];
    const std::string& name = families_.back().name;
    key_ = fmt::format("{}\n{}\n{}\n{}{}", pending.suffix, pending.bound, name.size(), name,
                       metric_.labels);
    sample->key = key_;
    sample->form = BoundForm::kNone;
    sample->value = pending.value;
    sample->histogram = std::move(pending.histogram);
    sample->time_ms.reset();
    if (metric_.time_ms != 0) sample->time_ms = metric_.time_ms;
    sample->family = families_.size() - 1;
    sample->exemplars = std::move(pending.exemplars);
    return true;
  }

  absl::Status ReadLabels(std::vector<Label>* labels) override {
    labels->clear();
    const Pending& pending = pending_[next_ - 1];
    labels->push_back({std::string(storage::kMetricName),
                       fmt::format("{}{}", families_.back().name, pending.suffix)});
    std::string_view fields = metric_.labels;
    while (!fields.empty()) {
      std::string_view one;
      Label label;
      if (!TakeDelimited(&fields, &one) || !ReadLabel(one, &label)) {
        return Located(Malformed());
      }
      if (absl::Status status = AddLabel(std::move(label), labels); !status.ok()) {
        return Located(status);
      }
    }
    if (pending.bound_name.empty()) return absl::OkStatus();
    return Located(AddLabel({std::string(pending.bound_name), pending.bound}, labels));
  }

 private:
  // A sample of the current metric that was not handed out yet.
  struct Pending {
    std::string_view suffix;      // Of its name.
    std::string_view bound_name;  // The label that tells it from others: "le", "quantile" or "".
    std::string bound;
    double value = 0;
    std::shared_ptr<const storage::Histogram> histogram;
    std::vector<ExposedExemplar> exemplars;
  };

  absl::Status Located(const absl::Status& status) const {
    return status.ok() ? status : Annotate(status, fmt::format("message {}", message_));
  }

  static absl::Status AddLabel(Label label, std::vector<Label>* labels) {
    if (label.name.empty()) return absl::InvalidArgumentError("a label has no name");
    if (!IsValidUtf8(label.name) || !IsValidUtf8(label.value)) return NotUtf8();
    for (const Label& other : *labels) {
      if (other.name == label.name) {
        return absl::InvalidArgumentError(fmt::format("the label {} is given twice", label.name));
      }
    }
    labels->push_back(std::move(label));
    return absl::OkStatus();
  }

  // Reads what the next family says of itself, and finds its metrics.
  absl::Status ReadFamily() {
    std::string_view bytes;
    if (!TakeDelimited(&rest_, &bytes)) return Malformed();
    metrics_.clear();
    next_metric_ = 0;
    MetricFamily family;
    type_ = MetricType::kCounter;  // As an absent field says.
    WireReader reader(bytes);
    while (reader.NextField()) {
      if (reader.Is(1, WireType::kBytes)) {
        family.name = reader.Bytes();
      } else if (reader.Is(2, WireType::kBytes)) {
        family.metadata.help = reader.Bytes();
      } else if (reader.Is(3, WireType::kVarint)) {
        const uint64_t type = reader.Varint();
        if (type >= kTypes.size()) {
          return absl::InvalidArgumentError(fmt::format("there is no type of metrics {}", type));
        }
        type_ = kTypes[type];
      } else if (reader.Is(4, WireType::kBytes)) {
        metrics_.push_back(reader.Bytes());
      } else if (reader.Is(5, WireType::kBytes)) {
        family.metadata.unit = reader.Bytes();
      } else {
        reader.Skip();
      }
    }
    if (!reader.ok()) return Malformed();
    if (family.name.empty()) return absl::InvalidArgumentError("a family has no name");
    if (!IsValidUtf8(family.name) || !IsValidUtf8(family.metadata.help) ||
        !IsValidUtf8(family.metadata.unit)) {
      return NotUtf8();
    }
    family.metadata.type = type_;
    family.declared = true;
    families_.push_back(std::move(family));
    return absl::OkStatus();
  }

  absl::Status ReadMetric(std::string_view bytes) {
    metric_.labels.clear();
    metric_.body = {};
    metric_.body_field = 0;
    metric_.time_ms = 0;
    WireReader reader(bytes);
    while (reader.NextField()) {
      const uint32_t field = reader.field();
      if (reader.Is(6, WireType::kVarint)) {
        metric_.time_ms = static_cast<int64_t>(reader.Varint());
      } else if (reader.type() == WireType::kBytes && field == 1) {
        const char* const begin = reader.at();
        reader.Bytes();
        if (reader.ok()) metric_.labels.append(begin, reader.at());
      } else if (reader.type() == WireType::kBytes && (field <= 5 || field == 7)) {
        metric_.body = reader.Bytes();
        metric_.body_field = field;
      } else {
        reader.Skip();
      }
    }
    if (!reader.ok()) return Malformed();
    if (metric_.time_ms > kMaxExposedTimeMs || metric_.time_ms < -kMaxExposedTimeMs) {
      return absl::InvalidArgumentError(fmt::format("{} is not a timestamp", metric_.time_ms));
    }
    return ReadBody();
  }

  // A metric has the message of its family's type.
  absl::Status ReadBody() {
    const auto has = [this](uint32_t field) { return metric_.body_field == field; };
    switch (type_) {
      case MetricType::kCounter:
        if (has(3)) return ReadCounter();
        break;
      case MetricType::kGauge:
        if (has(2)) return ReadPlain();
        break;
      case MetricType::kSummary:
        if (has(4)) return ReadSummary();
        break;
      case MetricType::kUnknown:
        if (has(5)) return ReadPlain();
        break;
      default:
        if (has(7)) return ReadHistogram();
    }
    return absl::InvalidArgumentError(
        fmt::format("a metric of {} is not of its family's type", families_.back().name));
  }

  absl::Status ReadPlain() {
    return ReadValue(metric_.body, &pending_.emplace_back().value) ? absl::OkStatus() : Malformed();
  }

  absl::Status ReadCounter() {
    Pending& pending = pending_.emplace_back();
    WireReader reader(metric_.body);
    while (reader.NextField()) {
      if (reader.Is(1, WireType::kFixed64)) {
        pending.value = reader.Double();
      } else if (reader.Is(2, WireType::kBytes)) {
        VIGIL_RETURN_IF_ERROR(ReadClientExemplar(reader.Bytes(), &pending.exemplars));
      } else {
        reader.Skip();
      }
    }
    return reader.ok() ? absl::OkStatus() : Malformed();
  }

  absl::Status ReadSummary() {
    double count = 0;
    double sum = 0;
    WireReader reader(metric_.body);
    while (reader.NextField()) {
      if (reader.Is(1, WireType::kVarint)) {
        count = static_cast<double>(reader.Varint());
      } else if (reader.Is(2, WireType::kFixed64)) {
        sum = reader.Double();
      } else if (reader.Is(3, WireType::kBytes)) {
        double quantile = 0;
        double value = 0;
        WireReader message(reader.Bytes());
        while (message.NextField()) {
          if (message.Is(1, WireType::kFixed64)) {
            quantile = message.Double();
          } else if (message.Is(2, WireType::kFixed64)) {
            value = message.Double();
          } else {
            message.Skip();
          }
        }
        if (!message.ok()) return Malformed();
        Add("", "quantile", BoundLabel(quantile), value);
      } else {
        reader.Skip();
      }
    }
    Add("_count", "", "", count);
    Add("_sum", "", "", sum);
    return reader.ok() ? absl::OkStatus() : Malformed();
  }

  absl::Status ReadHistogram() {
    ClientHistogram read;
    VIGIL_RETURN_IF_ERROR(ReadClientHistogram(metric_.body, &read));
    const bool native = read.is_native && options_.native_histograms;
    if (native) {
      if (type_ == MetricType::kGaugeHistogram) {
        read.histogram.reset_hint = storage::CounterResetHint::kGauge;
      }
      Pending& pending = pending_.emplace_back();
      pending.exemplars = read.exemplars;
      if (pending.exemplars.empty()) {
        for (const ClassicBucket& bucket : read.buckets) {
          pending.exemplars.insert(pending.exemplars.end(), bucket.exemplars.begin(),
                                   bucket.exemplars.end());
        }
      }
      // Only by their times are those of one series told apart from the ones of the last scrape.
      std::erase_if(pending.exemplars,
                    [](const ExposedExemplar& exemplar) { return !exemplar.time_ms.has_value(); });
      pending.histogram = std::make_shared<const storage::Histogram>(read.histogram);
      if (!options_.always_classic_histograms || read.buckets.empty()) return absl::OkStatus();
    }
    AddClassic(&read);
    return absl::OkStatus();
  }

  void AddClassic(ClientHistogram* read) {
    Add("_count", "", "", read->histogram.count);
    Add("_sum", "", "", read->histogram.sum);
    bool has_infinite = false;
    for (ClassicBucket& bucket : read->buckets) {
      has_infinite |= bucket.upper_bound == std::numeric_limits<double>::infinity();
      Add("_bucket", "le", BoundLabel(bucket.upper_bound), bucket.cumulative_count);
      pending_.back().exemplars = std::move(bucket.exemplars);
    }
    if (!has_infinite) Add("_bucket", "le", "+Inf", read->histogram.count);
  }

  void Add(std::string_view suffix, std::string_view bound_name, std::string bound, double value) {
    Pending& pending = pending_.emplace_back();
    pending.suffix = suffix;
    pending.bound_name = bound_name;
    pending.bound = std::move(bound);
    pending.value = value;
  }

  // Takes a length and so many bytes from the front of `*bytes`.
  static bool TakeDelimited(std::string_view* bytes, std::string_view* message) {
    WireReader reader(*bytes);
    *message = reader.Bytes();
    if (!reader.ok()) return false;
    bytes->remove_prefix(static_cast<size_t>(reader.at() - bytes->data()));
    return true;
  }

  const ExpositionOptions options_;
  std::string_view rest_;
  size_t message_ = 0;
  MetricType type_ = MetricType::kUnknown;
  std::vector<std::string_view> metrics_;  // Of the current family.
  size_t next_metric_ = 0;
  WireMetric metric_;  // The current one.
  std::vector<Pending> pending_;
  size_t next_ = 0;
  std::string key_;
};

}  // namespace

std::unique_ptr<ExpositionReader> MakeProtobufReader(std::string_view bytes,
                                                     const ExpositionOptions& options) {
  return std::make_unique<ProtobufReader>(bytes, options);
}

}  // namespace vigil::collector
