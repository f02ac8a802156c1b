// SPDX-License-Identifier: Apache-2.0
//
// What the endpoints that tell metadata have in common.
#pragma once

#include <cstdint>
#include <string_view>

#include <absl/status/statusor.h>

#include "base/json_writer.h"
#include "server/api/api_params.h"
#include "storage/model/sample.h"

namespace vigil::server {

// A parameter that bounds how much is told, negative for no bound, which is what an absent one
// gives.
absl::StatusOr<int64_t> CountParameter(const ApiParams& params, std::string_view name);

// `"type":...,"unit":...,"help":...`, within an object.
void WriteMetadataFields(const storage::MetricMetadata& metadata, JsonWriter* json);

}  // namespace vigil::server
