// SPDX-License-Identifier: Apache-2.0
//
// How series and values are written in text expositions. Part of text_reader.h.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "collector/exposition/exposition.h"
#include "collector/exposition/line_reader.h"
#include "storage/series/labels.h"

namespace vigil::collector {

// A number as Go's ParseFloat takes it, but without hexadecimal and underscores.
bool ParseSampleValue(std::string_view text, double* value);

// Reads `name{...}`, and says what is wrong with it. The name becomes the first label.
absl::Status ParseSeries(LineReader* reader, BoundForm form, std::vector<storage::Label>* labels);

// Reads labels up to the closing brace; the opening one is consumed already.
absl::Status ParseExemplarLabels(LineReader* reader, std::vector<storage::Label>* labels);

// How long the series at the start of `line` is; 0 if none is there.
size_t SeriesSize(std::string_view line, bool strict);

// Whether the line begins with that series, and not with one that only begins like it.
bool BeginsWithSeries(std::string_view line, std::string_view series);

}  // namespace vigil::collector
