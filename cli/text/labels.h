// SPDX-License-Identifier: Apache-2.0
//
// Labels of an answer: looked up, as JSON, as PromQL writes them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "proto/vigil/v1/ingest.pb.h"

namespace vigil::cli {

using LabelList = google::protobuf::RepeatedPtrField<v1::Label>;

inline constexpr std::string_view kMetricName = "__name__";

// The value of the label of that name, "" without it.
std::string LabelOf(const LabelList& labels, std::string_view name);

// An object of names and values.
nlohmann::ordered_json JsonLabels(const LabelList& labels);

// `a="b", c="d"`, without the labels in `but`.
std::string LabelsText(const LabelList& labels, std::initializer_list<std::string_view> but = {});

// `metric{a="b"}`, `metric`, `{a="b"}` or `{}`.
std::string SeriesText(const LabelList& labels);

}  // namespace vigil::cli
