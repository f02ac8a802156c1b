// SPDX-License-Identifier: Apache-2.0
//
// The protobuf exposition: io.prometheus.client.MetricFamily messages
// (proto/prometheus/metrics.proto), each behind its length as a varint. The only format with native
// histograms.
#pragma once

#include <memory>
#include <string_view>

#include "collector/exposition/exposition.h"

namespace vigil::collector {

// Errors read "message N: what is wrong". A native histogram that breaks a rule is an error as
// well. A sample's key is made of the family's name, the wire bytes of its labels, and what its
// name and bound add. Borrows `bytes`.
std::unique_ptr<ExpositionReader> MakeProtobufReader(std::string_view bytes,
                                                     const ExpositionOptions& options);

}  // namespace vigil::collector
