// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/mutex.h"

namespace vigil {
namespace {

// Families of one kind of metric, by name and then by labels.
template <typename Metric>
struct Family {
  std::string help;
  std::map<std::string, std::unique_ptr<Metric>, std::less<>> by_labels;
};

struct Registry {
  Mutex mutex;
  std::map<std::string, Family<Counter>, std::less<>> counters ABSL_GUARDED_BY(mutex);
  std::map<std::string, Family<Gauge>, std::less<>> gauges ABSL_GUARDED_BY(mutex);
};

Registry& TheRegistry() {
  static auto& registry = *new Registry;  // Never destroyed: threads may count until the end.
  return registry;
}

template <typename Metric>
Metric& FindOrMake(std::map<std::string, Family<Metric>, std::less<>>& families,
                   std::string_view name, std::string_view help, std::string_view labels) {
  Family<Metric>& family = families[std::string(name)];
  if (family.help.empty()) family.help = help;
  std::unique_ptr<Metric>& metric = family.by_labels[std::string(labels)];
  if (metric == nullptr) metric = std::make_unique<Metric>();
  return *metric;
}

// Adds the text of each family under its name.
template <typename Metric>
void Expose(const std::map<std::string, Family<Metric>, std::less<>>& families,
            std::string_view type, std::map<std::string, std::string>* texts) {
  for (const auto& [name, family] : families) {
    std::string* const text = &(*texts)[name];
    *text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, family.help, name, type);
    for (const auto& [labels, metric] : family.by_labels) {
      *text += labels.empty() ? fmt::format("{} {}\n", name, metric->Value())
                              : fmt::format("{}{{{}}} {}\n", name, labels, metric->Value());
    }
  }
}

}  // namespace

Counter& GetCounter(std::string_view name, std::string_view help, std::string_view labels) {
  Registry& registry = TheRegistry();
  MutexLock lock(&registry.mutex);
  return FindOrMake(registry.counters, name, help, labels);
}

Gauge& GetGauge(std::string_view name, std::string_view help, std::string_view labels) {
  Registry& registry = TheRegistry();
  MutexLock lock(&registry.mutex);
  return FindOrMake(registry.gauges, name, help, labels);
}

std::string ExposeMetrics() {
  Registry& registry = TheRegistry();
  MutexLock lock(&registry.mutex);
  std::map<std::string, std::string> texts;
  Expose(registry.counters, "counter", &texts);
  Expose(registry.gauges, "gauge", &texts);
  std::string all;
  for (const auto& [name, text] : texts) all += text;
  return all;
}

}  // namespace vigil
