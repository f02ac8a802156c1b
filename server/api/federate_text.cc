// SPDX-License-Identifier: Apache-2.0
#include "server/api/federate_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.h"
#include "base/wire_writer.h"
#include "collector/labels/bound_label.h"

namespace vigil::server {
namespace {

using storage::CounterResetHint;
using storage::Histogram;

constexpr std::string_view kInstance = "instance";
// Of io.prometheus.client.MetricFamily.
constexpr int kUntyped = 3;
constexpr int kHistogram = 4;
constexpr int kGaugeHistogram = 5;

bool IsPlain(std::string_view name, bool is_metric) {
  const auto may_follow = [is_metric](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (is_metric && c == ':');
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), may_follow);
}

// Each character that may not be in a name, of whatever number of bytes, as one underscore.
std::string WithUnderscores(std::string_view name, bool is_metric) {
  std::string plain;
  for (const char c : name) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
    plain += c;
    if (!IsPlain(plain, is_metric)) plain.back() = '_';
  }
  return plain;
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string QuotedIfNeeded(const std::string& name, bool is_metric) {
  return IsPlain(name, is_metric) ? name : fmt::format("\"{}\"", Escaped(name));
}

// As the text format's own library writes numbers: those of bounds, but whole ones without ".0".
std::string NumberText(double value) {
  std::string text = collector::BoundLabel(value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

int TypeOf(const FederatedSample& sample) {
  if (sample.histogram == nullptr) return kUntyped;
  return sample.histogram->reset_hint == CounterResetHint::kGauge ? kGaugeHistogram : kHistogram;
}

void WriteBuckets(const std::vector<storage::BucketSpan>& spans, const std::vector<double>& counts,
                  uint32_t span_field, uint32_t count_field, WireWriter* wire) {
  for (const storage::BucketSpan& span : spans) {
    wire->Message(span_field, [&] {
      wire->ZigZag(1, span.offset);
      wire->Varint(2, span.length);
    });
  }
  for (const double count : counts) wire->Double(count_field, count);
}

// Custom bounds are what classic histograms have: cumulative counts, the last one of all.
void WriteCustom(const Histogram& histogram, WireWriter* wire) {
  std::vector<double> counts(histogram.custom_bounds.size() + 1);
  size_t index = 0;
  size_t at = 0;
  for (const storage::BucketSpan& span : histogram.positive_spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && index < counts.size(); ++i) {
      counts[index++] = histogram.positive_counts[at++];
    }
  }
  double total = 0;
  for (size_t i = 0; i < histogram.custom_bounds.size(); ++i) {
    total += counts[i];
    wire->Message(3, [&] {
      wire->Double(2, histogram.custom_bounds[i]);
      wire->Double(4, total);
    });
  }
}

void WriteHistogram(const Histogram& histogram, WireWriter* wire) {
  wire->Double(2, histogram.sum);
  wire->Double(4, histogram.count);
  if (histogram.UsesCustomBuckets()) return WriteCustom(histogram, wire);
  wire->ZigZag(5, histogram.schema);
  wire->Double(6, histogram.zero_threshold);
  wire->Double(8, histogram.zero_count);
  WriteBuckets(histogram.negative_spans, histogram.negative_counts, 9, 11, wire);
  WriteBuckets(histogram.positive_spans, histogram.positive_counts, 12, 14, wire);
  if (histogram.positive_spans.empty() && histogram.negative_spans.empty() &&
      histogram.zero_threshold == 0 && histogram.zero_count == 0) {
    // Only by a span is it seen that it is no classic one.
    wire->Message(12, [&] {
      wire->ZigZag(1, 0);
      wire->Varint(2, 0);
    });
  }
}

}  // namespace

std::string ContentTypeOf(const ExpositionForm& form) {
  return fmt::format("{}; escaping={}",
                     form.protobuf ? "application/vnd.google.protobuf; "
                                     "proto=io.prometheus.client.MetricFamily; encoding=delimited"
                                   : "text/plain; version=0.0.4; charset=utf-8",
                     form.utf8 ? "allow-utf-8" : "underscores");
}

std::string FederationWriter::NameOf(std::string_view name, bool is_metric) const {
  return form_.utf8 ? std::string(name) : WithUnderscores(name, is_metric);
}

FederationWriter::Pairs FederationWriter::LabelsOf(const storage::Labels& labels) const {
  Pairs pairs;
  for (const storage::LabelView& label : labels) {
    if (label.name == storage::kMetricName) continue;
    pairs.emplace_back(NameOf(label.name, false), label.value);
  }
  bool has_instance = labels.Has(kInstance);
  for (const storage::LabelView& label : external_labels_) {
    if (labels.Has(label.name)) continue;
    has_instance |= label.name == kInstance;
    pairs.emplace_back(NameOf(label.name, false), label.value);
  }
  if (!has_instance) pairs.emplace_back(kInstance, "");
  return pairs;
}

void FederationWriter::Add(const storage::Labels& labels, const FederatedSample& sample) {
  if (sample.histogram != nullptr && !form_.protobuf) return;
  const std::string name = NameOf(labels.MetricName(), true);
  const int type = TypeOf(sample);
  if (family_type_ != type || family_name_ != name) {
    EndFamily();
    family_name_ = name;
    family_type_ = type;
    if (form_.protobuf) {
      WireWriter wire(&family_);
      wire.Bytes(1, name);
      wire.Varint(3, static_cast<uint64_t>(type));
    } else {
      out_ += fmt::format("# TYPE {} untyped\n", QuotedIfNeeded(name, true));
    }
  }
  const Pairs pairs = LabelsOf(labels);
  form_.protobuf ? AddMessage(pairs, sample) : AddText(name, pairs, sample);
}

void FederationWriter::AddText(const std::string& name, const Pairs& labels,
                               const FederatedSample& sample) {
  const bool plain = IsPlain(name, true);
  if (plain) out_ += name;
  out_ += '{';
  if (!plain) out_ += QuotedIfNeeded(name, true);
  bool first = plain;
  for (const auto& [label, value] : labels) {
    if (!first) out_ += ',';
    first = false;
    out_ += QuotedIfNeeded(label, false);
    out_ += "=\"";
    out_ += Escaped(value);
    out_ += '"';
  }
  out_ += fmt::format("}} {} {}\n", NumberText(sample.value), sample.time_ms);
}

void FederationWriter::AddMessage(const Pairs& labels, const FederatedSample& sample) {
  WireWriter wire(&family_);
  wire.Message(4, [&] {
    for (const auto& [label, value] : labels) {
      wire.Message(1, [&] {
        wire.Bytes(1, label);
        wire.Bytes(2, value);
      });
    }
    if (sample.histogram == nullptr) {
      wire.Message(5, [&] { wire.Double(1, sample.value); });
    }
    wire.Varint(6, static_cast<uint64_t>(sample.time_ms));
    if (sample.histogram != nullptr) {
      wire.Message(7, [&] { WriteHistogram(*sample.histogram, &wire); });
    }
  });
}

void FederationWriter::EndFamily() {
  if (family_.empty()) return;
  AppendVarint(family_.size(), &out_);
  out_ += family_;
  family_.clear();
}

}  // namespace vigil::server
