// SPDX-License-Identifier: Apache-2.0
//
// One job: its configuration, where its targets come from and which they are. Part of
// scrape_manager.h, which tells it the time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collector/discovery/file_discovery.h"
#include "collector/scrape/scrape_config.h"
#include "collector/scrape/scrape_status.h"
#include "collector/scrape/target.h"
#include "collector/scrape/target_runner.h"

namespace vigil::collector {

// A target and when it is to be scraped next.
struct ScheduledTarget {
  std::shared_ptr<TargetRunner> runner;
  int64_t interval_ms = 0;
  int64_t due_ms = 0;
};

// Not thread-safe.
class ScrapeJob {
 public:
  ScrapeJob(const ScrapeTools& tools, ScrapeConfig config);

  const ScrapeConfig& config() const { return *config_; }
  std::vector<ScheduledTarget>& targets() { return targets_; }

  // Goes on with another configuration of the job.
  void SetConfig(ScrapeConfig config);

  // Looks whether there are other targets than there were. Those that are gone are added to
  // `*gone`, and those that are back are taken from there.
  void Discover(int64_t now_ms, std::vector<ScheduledTarget>* gone);

  // Adds what there is to say of the job.
  void AddStatus(ScrapeStatus* status) const;

 private:
  std::vector<Target> FindTargets();
  void SetTargets(std::vector<Target> targets, int64_t now_ms, std::vector<ScheduledTarget>* gone);

  const ScrapeTools tools_;
  std::shared_ptr<const ScrapeConfig> config_;
  std::vector<FileDiscovery> files_;
  bool changed_ = true;  // Targets are to be found anew.
  std::vector<ScheduledTarget> targets_;
  std::vector<storage::Labels> dropped_;
};

}  // namespace vigil::collector
