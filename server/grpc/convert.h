// SPDX-License-Identifier: Apache-2.0
//
// Between vigil's types and the messages of vigil.v1.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include "query/exec/engine.h"
#include "storage/model/record.h"
#include "storage/series/labels.h"

namespace vigil::v1 {
class Explanation;
class Label;
class QueryResponse;
class TraceSpan;
}  // namespace vigil::v1

namespace vigil::server {

void ToMessages(const storage::Labels& labels,
                google::protobuf::RepeatedPtrField<vigil::v1::Label>* messages);
void ToMessage(const exec::QueryResult& result, vigil::v1::QueryResponse* message);
void ToMessage(const exec::QueryStatistics& statistics, vigil::v1::Explanation* message);
void ToMessage(const storage::Span& span, vigil::v1::TraceSpan* message);

}  // namespace vigil::server
