// SPDX-License-Identifier: Apache-2.0
//
// What a batch of spans looks like in the journal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/model/record.h"

namespace vigil::storage {

void AppendSpanPayload(const std::vector<Span>& spans, std::string* payload);

// DataLoss if `payload` is not what AppendSpanPayload wrote.
absl::StatusOr<std::vector<Span>> DecodeSpanPayload(std::string_view payload);

}  // namespace vigil::storage
