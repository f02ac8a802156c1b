// SPDX-License-Identifier: Apache-2.0
//
// What the numbers of a chart count, and how they are written.
#pragma once

#include <string>
#include <string_view>

namespace vigil::cli {

enum class PlotUnit { kNone, kBytes, kSeconds, kPercent };

// A single value, to four digits: "12.5k", "1.5 MiB", "250ms", "99.5%". kPercent takes shares of 1.
std::string FormatQuantity(double value, PlotUnit unit);

// The label of a tick on an axis whose ticks are `step` apart and reach to `largest` (by amount):
// all ticks of an axis share their unit and their number of decimals.
std::string FormatTick(double value, double step, double largest, PlotUnit unit);

// A distance of ticks that people count in, at least `least`: 1, 2 or 5 times a power of ten;
// powers of two for bytes; minutes, hours and days for seconds. Requires: `least` > 0 and finite.
double NiceStep(double least, PlotUnit unit);

// What the values of a metric count by its name ("..._bytes", "..._seconds", "..._ratio").
PlotUnit UnitOfMetric(std::string_view name);

// What a query's values count where its text leaves no doubt: a quantile of a histogram of seconds
// or bytes.
PlotUnit UnitOfQuery(std::string_view query);

}  // namespace vigil::cli
