// SPDX-License-Identifier: Apache-2.0
#include "collector/scrape/scrape_job.h"

#include <algorithm>
#include <utility>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::collector {
namespace {

// Two targets with the same key are one.
std::string KeyOf(const storage::Labels& labels, const std::string& url) {
  return fmt::format("{}\n{}", url, labels.packed());
}

// The first slot of the target from `now_ms` on.
int64_t NextSlot(const storage::Labels& labels, int64_t interval_ms, int64_t now_ms) {
  const auto phase_ms = static_cast<int64_t>(labels.Hash() % static_cast<uint64_t>(interval_ms));
  const int64_t slot_ms = now_ms - now_ms % interval_ms + phase_ms;
  return slot_ms >= now_ms ? slot_ms : slot_ms + interval_ms;
}

}  // namespace

ScrapeJob::ScrapeJob(const ScrapeTools& tools, ScrapeConfig config) : tools_(tools) {
  SetConfig(std::move(config));
}

void ScrapeJob::SetConfig(ScrapeConfig config) {
  if (config_ != nullptr && config_->text == config.text) return;
  files_.clear();
  for (const FileSdConfig& files : config.file_sd) files_.emplace_back(files);
  config_ = std::make_shared<const ScrapeConfig>(std::move(config));
  changed_ = true;
}

void ScrapeJob::Discover(int64_t now_ms, std::vector<ScheduledTarget>* gone) {
  for (FileDiscovery& files : files_) changed_ |= files.Poll(now_ms);
  if (!std::exchange(changed_, false)) return;
  SetTargets(FindTargets(), now_ms, gone);
}

std::vector<Target> ScrapeJob::FindTargets() {
  std::vector<DiscoveredTarget> found = config_->static_targets;
  for (const FileDiscovery& files : files_) {
    const std::vector<DiscoveredTarget> some = files.Targets();
    found.insert(found.end(), some.begin(), some.end());
  }
  std::vector<Target> targets;
  StringSet keys;
  dropped_.clear();
  for (const DiscoveredTarget& one : found) {
    const storage::Labels discovered = DiscoveredLabels(*config_, one);
    absl::StatusOr<std::optional<Target>> target = ResolveTarget(*config_, discovered);
    if (!target.ok()) {
      Log(LogLevel::kError, "a scrape target cannot be scraped",
          {{"job", config_->job_name},
           {"labels", discovered.ToString()},
           {"reason", MessageOf(target.status())}});
    } else if (!target->has_value()) {
      dropped_.push_back(discovered);
    } else if (keys.insert(KeyOf((*target)->labels, (*target)->url)).second) {
      targets.push_back(**std::move(target));
    }
  }
  return targets;
}

void ScrapeJob::SetTargets(std::vector<Target> targets, int64_t now_ms,
                           std::vector<ScheduledTarget>* gone) {
  // Those that left a moment ago may be back.
  StringMap<ScheduledTarget> before;
  for (std::vector<ScheduledTarget>* const some : {&targets_, gone}) {
    for (ScheduledTarget& target : *some) {
      const std::string key = KeyOf(target.runner->labels(), target.runner->url());
      before.try_emplace(key, std::move(target));
    }
    some->clear();
  }
  const uint64_t limit = config_->limits.targets;
  const std::string refusal =
      limit == 0 || targets.size() <= limit
          ? ""
          : fmt::format("target_limit exceeded: there are {} targets, at most {} are allowed",
                        targets.size(), limit);
  for (Target& target : targets) {
    const int64_t interval_ms = target.interval_ms;
    const auto known = before.find(KeyOf(target.labels, target.url));
    ScheduledTarget scheduled;
    if (known != before.end()) {
      scheduled = std::move(known->second);
      before.erase(known);
      scheduled.runner->Update(config_, std::move(target));
    } else {
      scheduled.runner = std::make_shared<TargetRunner>(tools_, config_, std::move(target));
    }
    if (scheduled.interval_ms != interval_ms) {
      scheduled.interval_ms = interval_ms;
      scheduled.due_ms = NextSlot(scheduled.runner->labels(), interval_ms, now_ms);
    }
    scheduled.runner->Refuse(refusal);
    targets_.push_back(std::move(scheduled));
  }
  for (auto& [key, target] : before) gone->push_back(std::move(target));
}

void ScrapeJob::AddStatus(ScrapeStatus* status) const {
  const std::string& name = config_->job_name;
  status->job_names.push_back(name);
  for (const ScheduledTarget& target : targets_) {
    status->targets.push_back(target.runner->Status());
  }
  status->dropped_counts[name] = dropped_.size();
  const uint64_t most = config_->limits.dropped_targets;
  const size_t shown = most == 0 ? dropped_.size() : std::min<size_t>(dropped_.size(), most);
  for (size_t i = 0; i < shown; ++i) status->dropped.push_back({name, dropped_[i]});
}

}  // namespace vigil::collector
