// SPDX-License-Identifier: Apache-2.0
//
// The names that a running server knows, of series of the last day.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/shell/completion.h"

namespace vigil::cli {

// Answers are remembered for a while, as Tab is pressed often; a server that is slow or gone costs
// nothing but the candidates. Not for several threads.
class ServerCatalog final : public Catalog {
 public:
  // The client must outlive it.
  explicit ServerCatalog(const Client& client) : client_(client) {}

  // Sorted, as all of these.
  std::vector<std::string> MetricNames() override;
  std::vector<std::string> LabelNames(const std::string& selector) override;
  std::vector<std::string> LabelValues(const std::string& label,
                                       const std::string& selector) override;

 private:
  struct Remembered {
    int64_t at_ms = 0;
    std::vector<std::string> names;
  };

  // What is remembered under `key`, or what `fetch` gives.
  template <typename Fetch>
  std::vector<std::string> Recall(const std::string& key, const Fetch& fetch);

  const Client& client_;
  std::map<std::string, Remembered> remembered_;
};

}  // namespace vigil::cli
