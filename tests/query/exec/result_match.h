// SPDX-License-Identifier: Apache-2.0
//
// Compares results of queries with what a test expects, as closely as floating point allows.
#pragma once

#include <string>

#include "query/promql/series_values.h"
#include "storage/model/histogram.h"

namespace vigil::exec {

// Equal up to a relative difference of 1e-6 of both magnitudes; NaN equals NaN; a staleness marker
// only itself.
bool AlmostEqual(double a, double b);
// Reset hints count only if one is expected.
bool AlmostEqual(const storage::Histogram& expected, const storage::Histogram& actual);
bool AlmostEqual(const promql::SeriesValue& expected, const promql::SeriesValue& actual);

// "_", a number, or a histogram.
std::string ValueText(const promql::SeriesValue& value);

}  // namespace vigil::exec
