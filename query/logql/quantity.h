// SPDX-License-Identifier: Apache-2.0
//
// Numbers with units, as label filters compare them.
#pragma once

#include <optional>
#include <string_view>

namespace vigil::logql {

enum class QuantityKind { kNumber, kDuration, kBytes };

struct Quantity {
  QuantityKind kind = QuantityKind::kNumber;
  double value = 0;  // Nanoseconds, if a duration.
};

// A quantity as queries write it, of the first kind that fits; durations may have PromQL's larger
// units, too.
std::optional<Quantity> ParseQuantity(std::string_view text);

// Nanoseconds of a duration as Go writes it: numbers with the units ns us µs ms s m h, fractions
// and a sign allowed ("1.5h", "-1m30s"), or "0".
std::optional<double> ParseGoDurationNs(std::string_view text);

// Bytes of "42MB", "1.5 KiB" or a plain number; units in any case, 1000-based, with an i
// 1024-based.
std::optional<double> ParseBytes(std::string_view text);

// A plain number.
std::optional<double> ParseFloat(std::string_view text);

}  // namespace vigil::logql
