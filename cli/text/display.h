// SPDX-License-Identifier: Apache-2.0
//
// Text as a terminal shows it: how wide it is, how it is made harmless, how it is cut to fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vigil::cli {

// Text with characters that would upset a terminal or a line made visible: control characters,
// what turns the direction of writing, bytes that are not UTF-8.
std::string Printable(std::string_view text);

// Columns that `text` takes on a terminal: none for accents that stand on the letter before, two
// for East Asian letters and pictures. Requires: `text` is printable.
size_t DisplayWidth(std::string_view text);

// As many whole characters of `text` as `width` columns hold, from its beginning or its end.
std::string_view Front(std::string_view text, size_t width);
std::string_view Back(std::string_view text, size_t width);

// `text`, or its beginning and its end with an ellipsis between, at most `width` columns wide.
// Names and label values differ at either end more often than in the middle.
std::string Shorten(std::string_view text, size_t width, bool unicode);

// `text` filled up with spaces to `width` columns.
std::string PadRight(std::string_view text, size_t width);
std::string PadLeft(std::string_view text, size_t width);

// "1 alert", "2 alerts".
std::string Plural(int64_t count, std::string_view noun);

// Bytes as people read them: "1.5 MiB".
std::string ReadableBytes(double bytes);

}  // namespace vigil::cli
