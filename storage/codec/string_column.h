// SPDX-License-Identifier: Apache-2.0
//
// Columns of texts: one for all, a dictionary, or one behind the other; the texts compressed where
// that pays.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "storage/codec/bytes.h"

namespace vigil::storage {

// Appends `values`; nothing for no values. Their number is not kept. Requires: together they are at
// most kMaxTextBytes (storage/codec/compress.h).
void AppendStringColumn(std::span<const std::string_view> values, std::string* out);

// Reads out.size() values, which point into the text returned; of a dictionary, equal values have
// equal addresses. When `reader` fails `out` is unspecified. Never null.
std::shared_ptr<const std::string> ReadStringColumn(ByteReader* reader, std::string_view field,
                                                    std::span<std::string_view> out);

// "constant", "dictionary(7)", "plain".
std::string StringEncodingName(std::string_view bytes);

}  // namespace vigil::storage
