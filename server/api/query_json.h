// SPDX-License-Identifier: Apache-2.0
//
// Results of queries as the Prometheus API writes them.
#pragma once

#include <string>
#include <vector>

#include "base/json_writer.h"
#include "query/exec/engine.h"
#include "server/api/api_response.h"
#include "server/http/http_types.h"
#include "storage/series/labels.h"

namespace vigil::server {

// `{"name":"value",...}`.
void WriteLabels(const storage::Labels& labels, JsonWriter* json);

// The answer that holds `result`; `statistics` is the JSON of `stats`, "" for none. A large one is
// made while it is sent, series by series: what it takes is the result and one piece of text.
HttpResponse ResultResponse(exec::QueryResult result, std::string statistics, ApiNotes notes);

// The answer whose data is a list of label sets, likewise.
HttpResponse LabelsResponse(std::vector<storage::Labels> list, ApiNotes notes);

// Bytes of text after which an answer becomes one in pieces.
inline constexpr size_t kPieceBytes = 256 << 10;

}  // namespace vigil::server
