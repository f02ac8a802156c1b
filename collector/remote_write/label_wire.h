// SPDX-License-Identifier: Apache-2.0
//
// A label as Prometheus' protobuf messages have it, in remote write and in expositions alike: field
// 1 is the name, field 2 the value.
#pragma once

#include <string>
#include <string_view>

#include "collector/otlp/wire.h"
#include "storage/series/labels.h"

namespace vigil::collector {

// Puts the fields of the message into `*label`, a storage::Label or, pointing into `bytes`, a
// storage::LabelView. False when the message is malformed.
template <typename Label>
bool ReadLabel(std::string_view bytes, Label* label) {
  WireReader reader(bytes);
  while (reader.NextField()) {
    if (reader.Is(1, WireType::kBytes)) {
      label->name = reader.Bytes();
    } else if (reader.Is(2, WireType::kBytes)) {
      label->value = reader.Bytes();
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

}  // namespace vigil::collector
