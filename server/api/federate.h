// SPDX-License-Identifier: Apache-2.0
//
// `GET /federate?match[]=...`: the newest sample of each series that any selector matches, for
// another server to scrape.
#pragma once

#include <string_view>

#include "server/api/api_parts.h"

namespace vigil::server {

// How samples are exposed, and how names that are not made of letters, digits and underscores.
struct ExpositionForm {
  bool protobuf = false;  // io.prometheus.client.MetricFamily, delimited: native histograms too.
  bool utf8 = false;      // Quoted; else with underscores for what may not be in a name.
  friend bool operator==(const ExpositionForm&, const ExpositionForm&) = default;
};

// What an `Accept` header asks for; text for one that asks for nothing that is known.
ExpositionForm NegotiateExposition(std::string_view accept);

// Series whose newest sample is older than the lookback, or says that they ended, are left out. All
// are untyped. Series get the external labels that they do not have, and an empty `instance` if
// they have none, so that whoever honours labels gives them no other.
ApiEndpoint Federate;

}  // namespace vigil::server
