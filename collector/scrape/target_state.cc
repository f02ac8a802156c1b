// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/target_state.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "collector/exposition/bucket_limit.h"
#include "collector/scrape/sample_labels.h"

namespace vigil::collector {
namespace {

using storage::Label;
using storage::Labels;
using storage::LabelsBuilder;
using storage::LabelView;
using storage::MetricBatch;

// Keys that are remembered although the last scrape did not have them, beside as many as it had.
constexpr size_t kSpareEntries = 1000;
// Exemplars with longer labels are left out, as the OpenMetrics specification has it.
constexpr size_t kMaxExemplarRunes = 128;

size_t RunesOf(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool IsShort(const Labels& exemplar) {
  size_t runes = 0;
  for (const LabelView& label : exemplar) runes += RunesOf(label.name) + RunesOf(label.value);
  return runes <= kMaxExemplarRunes;
}

// As `scrape_body_size_bytes` tells it.
double BodySize(const absl::StatusOr<HttpAnswer>& answer) {
  if (answer.ok()) return static_cast<double>(answer->body.size());
  return answer.status().code() == absl::StatusCode::kResourceExhausted ? -1 : 0;
}

}  // namespace

TargetState::TargetState(std::shared_ptr<const ScrapeConfig> config, Labels labels,
                         int64_t timeout_ms)
    : config_(std::move(config)), labels_(std::move(labels)), timeout_ms_(timeout_ms) {}

void TargetState::SetConfig(std::shared_ptr<const ScrapeConfig> config, int64_t timeout_ms) {
  config_ = std::move(config);
  timeout_ms_ = timeout_ms;
  entries_.clear();
  order_.clear();
}

ScrapeResult TargetState::Take(const absl::StatusOr<HttpAnswer>& answer, int64_t start_ms,
                               double seconds, ScrapeSink* sink, MetricBatch* batch) {
  ++generation_;
  rows_.clear();
  exemplars_.clear();
  next_order_.clear();
  ScrapeResult result;
  Counts counts;
  result.status = answer.ok() ? Read(*answer, &counts) : answer.status();
  if (result.status.ok()) {
    Commit(start_ms, sink, batch, &counts, &result);
  } else {
    EndAbsent(start_ms, batch);
  }
  const auto report = [&](std::string_view name, double value) {
    AddReport(name, value, start_ms, sink, batch);
  };
  report("up", result.status.ok() ? 1 : 0);
  report("scrape_duration_seconds", seconds);
  report("scrape_samples_scraped", static_cast<double>(counts.scraped));
  report("scrape_samples_post_metric_relabeling", static_cast<double>(counts.kept));
  report("scrape_series_added", static_cast<double>(counts.added));
  if (config_->extra_metrics) {
    report("scrape_timeout_seconds", static_cast<double>(timeout_ms_) / kMillisPerSecond);
    report("scrape_sample_limit", static_cast<double>(config_->limits.samples));
    report("scrape_body_size_bytes", BodySize(answer));
  }
  rows_.clear();
  Forget();
  return result;
}

absl::Status TargetState::Read(const HttpAnswer& answer, Counts* counts) {
  VIGIL_ASSIGN_OR_RETURN(const ExpositionFormat format,
                         FormatOf(answer.content_type, config_->fallback_protocol));
  read_families_.clear();
  // Nothing at all is fine in every format: so an endpoint says that it has no metrics now.
  if (answer.body.empty()) return absl::OkStatus();
  const std::unique_ptr<ExpositionReader> reader =
      MakeReader(format, answer.body,
                 {.native_histograms = config_->TakesNativeHistograms(),
                  .always_classic_histograms = config_->always_classic_histograms});
  const uint64_t limit = config_->limits.samples;
  ExposedSample sample;
  size_t guess = 0;  // Where in order_ the next sample is expected.
  while (true) {
    EntryMap::value_type* entry = guess < order_.size() ? order_[guess] : nullptr;
    VIGIL_ASSIGN_OR_RETURN(
        const bool more,
        reader->Next(entry == nullptr ? std::string_view() : entry->first, &sample));
    if (!more) break;
    ++counts->scraped;
    if (entry == nullptr || entry->second.form != sample.form || entry->first != sample.key) {
      VIGIL_ASSIGN_OR_RETURN(entry, FindEntry(sample, reader.get(), counts));
      if (entry->second.position < order_.size()) guess = entry->second.position;
    }
    if (guess < order_.size() && order_[guess] == entry) ++guess;
    entry->second.seen = generation_;
    next_order_.push_back(entry);
    if (entry->second.series == nullptr) continue;
    // With too many the rest is counted only.
    if (++counts->kept > limit && limit != 0) continue;
    VIGIL_RETURN_IF_ERROR(AddRow(entry->second.series, &sample));
  }
  if (limit != 0 && counts->kept > limit) {
    return absl::ResourceExhaustedError(
        fmt::format("sample_limit exceeded: there are {} samples, at most {} are allowed",
                    counts->kept, limit));
  }
  read_families_ = reader->families();
  return absl::OkStatus();
}

absl::StatusOr<TargetState::EntryMap::value_type*> TargetState::FindEntry(
    const ExposedSample& sample, ExpositionReader* reader, Counts* counts) {
  const auto known = entries_.find(sample.key);
  if (known != entries_.end() && known->second.form == sample.form) return &*known;
  if (absl::Status status = reader->ReadLabels(&exposed_labels_); !status.ok()) {
    --counts->scraped;  // It is no sample.
    return status;
  }
  VIGIL_ASSIGN_OR_RETURN(SeriesMap::value_type* const series, MakeSeries(exposed_labels_));
  EntryMap::value_type& entry = *entries_.try_emplace(std::string(sample.key)).first;
  entry.second.form = sample.form;
  entry.second.series = series;
  return &entry;
}

// Null if relabelling drops the series.
absl::StatusOr<TargetState::SeriesMap::value_type*> TargetState::MakeSeries(
    const std::vector<Label>& exposed) {
  VIGIL_ASSIGN_OR_RETURN(Labels labels, SampleLabels(*config_, labels_, exposed));
  if (labels.empty()) return nullptr;
  return &*series_.try_emplace(std::move(labels)).first;
}

absl::Status TargetState::AddRow(SeriesMap::value_type* series, ExposedSample* sample) {
  if (sample->histogram != nullptr) VIGIL_RETURN_IF_ERROR(LimitHistogram(sample));
  std::move(sample->exemplars.begin(), sample->exemplars.end(), std::back_inserter(exemplars_));
  rows_.push_back({series, sample->family, sample->value, std::move(sample->histogram),
                   config_->honor_timestamps ? sample->time_ms : std::nullopt, exemplars_.size()});
  return absl::OkStatus();
}

absl::Status TargetState::LimitHistogram(ExposedSample* sample) const {
  const uint64_t max_buckets = config_->limits.native_buckets;
  if (max_buckets == 0 && config_->native_min_bucket_factor == 0) return absl::OkStatus();
  storage::Histogram limited = *sample->histogram;
  WidenBuckets(config_->native_min_bucket_factor, &limited);
  if (!LimitBuckets(max_buckets, &limited)) {
    return absl::ResourceExhaustedError(
        fmt::format("native_histogram_bucket_limit exceeded: a histogram has more than {} buckets",
                    max_buckets));
  }
  sample->histogram = std::make_shared<const storage::Histogram>(std::move(limited));
  return absl::OkStatus();
}

void TargetState::Commit(int64_t start_ms, ScrapeSink* sink, MetricBatch* batch, Counts* counts,
                         ScrapeResult* result) {
  const std::vector<bool> news = NoteFamilies(result);
  std::vector<SeriesMap::value_type*> now_present;
  now_present.reserve(present_.size());
  size_t exemplars_begin = 0;
  for (const Row& row : rows_) {
    const size_t exemplars_end = row.exemplars_end;
    const size_t first_exemplar = std::exchange(exemplars_begin, exemplars_end);
    Series& series = row.series->second;
    // Of a series that is exposed twice, the first counts.
    if (!row.time_ms.has_value() && series.seen == generation_) continue;
    if (series.seen + 1 < generation_) ++counts->added;
    series.seen = generation_;
    const bool ends = !row.time_ms.has_value() || config_->track_timestamps_staleness;
    if (ends && series.tracked != generation_) {
      series.tracked = generation_;
      now_present.push_back(row.series);
    }
    if ((!series.resolved || news[row.family]) &&
        !Resolve(row.series, read_families_[row.family].metadata, sink, result)) {
      continue;
    }
    const int64_t time_ms = row.time_ms.value_or(start_ms);
    if (row.histogram != nullptr) {
      batch->histograms.push_back({series.ref, time_ms, row.histogram});
    } else {
      batch->Add(series.ref, time_ms, row.value);
    }
    AddExemplars(first_exemplar, exemplars_end, time_ms, &series, batch);
  }
  EndAbsent(start_ms, batch);
  present_ = std::move(now_present);
  for (size_t i = 0; i < next_order_.size(); ++i) next_order_[i]->second.position = i;
  order_.swap(next_order_);
}

bool TargetState::Resolve(SeriesMap::value_type* series, const storage::MetricMetadata& metadata,
                          ScrapeSink* sink, ScrapeResult* result) {
  const absl::StatusOr<storage::SeriesRef> ref = sink->GetOrCreateSeries(series->first, metadata);
  if (!ref.ok()) {
    ++result->refused;
    if (result->refusal.empty()) result->refusal = MessageOf(ref.status());
    return false;
  }
  series->second.ref = *ref;
  series->second.resolved = true;
  return true;
}

void TargetState::AddExemplars(size_t begin, size_t end, int64_t time_ms, Series* series,
                               MetricBatch* batch) {
  for (size_t i = begin; i < end; ++i) {
    ExposedExemplar& exposed = exemplars_[i];
    if (!IsShort(exposed.labels)) continue;
    if (!exposed.time_ms.has_value()) {
      // One that stays exposed is still the same.
      const uint64_t hash = exposed.labels.Hash() * 31 + std::bit_cast<uint64_t>(exposed.value) + 1;
      if (std::exchange(series->last_exemplar, hash) == hash) continue;
    }
    batch->exemplars.push_back(
        {series->ref,
         {exposed.time_ms.value_or(time_ms), exposed.value, std::move(exposed.labels)}});
  }
}

// Which families tell other things of themselves than they did, or are new.
std::vector<bool> TargetState::NoteFamilies(ScrapeResult* result) {
  std::vector<bool> news(read_families_.size(), false);
  std::vector<MetricFamily> declared;
  for (const MetricFamily& family : read_families_) {
    if (family.declared) declared.push_back(family);
  }
  if (families_ != nullptr && *families_ == declared) {
    result->families = families_;
    return news;
  }
  StringMap<const MetricFamily*> before;
  if (families_ != nullptr) {
    for (const MetricFamily& family : *families_) before[family.name] = &family;
  }
  for (size_t i = 0; i < read_families_.size(); ++i) {
    const MetricFamily& family = read_families_[i];
    if (!family.declared) continue;
    const auto known = before.find(family.name);
    news[i] = known == before.end() || known->second->metadata != family.metadata;
  }
  families_ = std::make_shared<const std::vector<MetricFamily>>(std::move(declared));
  result->families = families_;
  return news;
}

// Ends what was there and is not any more.
void TargetState::EndAbsent(int64_t time_ms, MetricBatch* batch) {
  for (SeriesMap::value_type* const series : present_) {
    if (series->second.tracked == generation_ || !series->second.resolved) continue;
    batch->Add(series->second.ref, time_ms, storage::StaleNan());
  }
  present_.clear();
}

void TargetState::End(int64_t time_ms, MetricBatch* batch) {
  ++generation_;
  EndAbsent(time_ms, batch);
  for (Report& report : reports_) {
    if (report.series.resolved) batch->Add(report.series.ref, time_ms, storage::StaleNan());
  }
  reports_.clear();
}

// Gives up what the last scrapes had no use for, if it has become much.
void TargetState::Forget() {
  if (entries_.size() <= 2 * order_.size() + kSpareEntries) return;
  if (order_.empty() || order_.front()->second.seen != generation_) {
    // The last scrape failed: nothing is known of what is needed.
    entries_.clear();
    order_.clear();
  } else {
    absl::erase_if(entries_,
                   [this](const auto& entry) { return entry.second.seen != generation_; });
  }
  absl::flat_hash_set<const SeriesMap::value_type*> kept(present_.begin(), present_.end());
  for (const auto& entry : entries_) kept.insert(entry.second.series);
  absl::erase_if(series_, [&kept](const auto& series) { return !kept.contains(&series); });
}

void TargetState::AddReport(std::string_view name, double value, int64_t time_ms, ScrapeSink* sink,
                            MetricBatch* batch) {
  auto report = std::find_if(reports_.begin(), reports_.end(),
                             [name](const Report& known) { return known.name == name; });
  if (report == reports_.end()) report = reports_.insert(report, {name, {}});
  Series& series = report->series;
  if (!series.resolved) {
    const absl::StatusOr<storage::SeriesRef> ref =
        sink->GetOrCreateSeries(LabelsBuilder(labels_).Set(storage::kMetricName, name).Build(), {});
    if (!ref.ok()) return;
    series.ref = *ref;
    series.resolved = true;
  }
  batch->Add(series.ref, time_ms, value);
}

}  // namespace vigil::collector
