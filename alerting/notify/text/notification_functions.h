// SPDX-License-Identifier: Apache-2.0
//
// The functions that notification templates may call. Some share a name with those of rules and do
// something else: `title`, `now`.
#pragma once

#include <cstdint>

#include "alerting/template/template.h"

namespace vigil::alerting {

struct FunctionContext {
  int64_t now_ms = 0;
  text_template::Value route_labels;  // Of the notification.
};

text_template::FunctionSet NotificationFunctions(const FunctionContext& context);

}  // namespace vigil::alerting
