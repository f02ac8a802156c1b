// SPDX-License-Identifier: Apache-2.0
//
// The values of OTLP's attributes as text.
#pragma once

#include <string>

namespace opentelemetry::proto::common::v1 {
class AnyValue;
}

namespace vigil::cli {

// A text is itself, a number as JSON has it, bytes in base64, lists and maps as JSON; "" when there
// is none.
std::string AnyValueText(const opentelemetry::proto::common::v1::AnyValue& value);

}  // namespace vigil::cli
