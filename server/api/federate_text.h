// SPDX-License-Identifier: Apache-2.0
//
// Writes what /federate exposes: text, or protobuf messages.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/federate.h"
#include "storage/model/histogram.h"
#include "storage/series/labels.h"

namespace vigil::server {

struct FederatedSample {
  int64_t time_ms = 0;
  double value = 0;
  std::shared_ptr<const storage::Histogram> histogram;  // Instead of the value, if not null.
};

std::string ContentTypeOf(const ExpositionForm& form);

// Appends to `*out`. Text has no form for native histograms: they are left out of it.
class FederationWriter {
 public:
  FederationWriter(const ExpositionForm& form, const storage::Labels& external_labels,
                   std::string* out)
      : form_(form), external_labels_(external_labels), out_(*out) {}

  // Requires: series of one name come one after another.
  void Add(const storage::Labels& labels, const FederatedSample& sample);
  // After the last one.
  void Finish() { EndFamily(); }

 private:
  using Pairs = std::vector<std::pair<std::string, std::string_view>>;

  // A name as the form writes it.
  std::string NameOf(std::string_view name, bool is_metric) const;
  // The labels that are exposed, without that of the metric's name.
  Pairs LabelsOf(const storage::Labels& labels) const;
  void AddText(const std::string& name, const Pairs& labels, const FederatedSample& sample);
  void AddMessage(const Pairs& labels, const FederatedSample& sample);
  void EndFamily();

  const ExpositionForm form_;
  const storage::Labels external_labels_;
  std::string& out_;
  std::string family_name_;
  int family_type_ = -1;  // None yet.
  std::string family_;    // The message of the family at hand.
};

}  // namespace vigil::server
