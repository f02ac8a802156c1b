// SPDX-License-Identifier: Apache-2.0
//
// Small text helpers, and hash containers keyed by string that are looked up by std::string_view.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/string_view.h>

namespace vigil {

// Hash that takes std::string and std::string_view alike (Debian's absl has a string_view of its
// own, so the containers' default hash does not).
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const {
    return absl::Hash<absl::string_view>{}(absl::string_view(text.data(), text.size()));
  }
};

template <typename Value>
using StringMap = absl::flat_hash_map<std::string, Value, StringHash, std::equal_to<>>;
using StringSet = absl::flat_hash_set<std::string, StringHash, std::equal_to<>>;

// Between the two string_views, without copying.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

// The pieces of `text` between `separator`s; "a,,b" gives three. Empty text gives one empty piece.
std::vector<std::string_view> Split(std::string_view text, char separator);

// `text` without white space (space, tab, CR, LF) on either side.
std::string_view Trim(std::string_view text);

std::string ToLower(std::string_view text);

// Lower-case hex, two digits a byte.
std::string ToHex(std::string_view bytes);

// The bytes behind hex digits of either case. False when `hex` has an odd length or another
// character; `*bytes` is then unspecified.
bool FromHex(std::string_view hex, std::string* bytes);

// Whether `text` is valid UTF-8 (no surrogates, no overlong forms).
bool IsValidUtf8(std::string_view text);

// `text` with each invalid byte replaced by U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

// Shortest decimal text that reads back as `value`, as Prometheus prints sample values: plain
// notation, exponent form only when |value| < 1e-6 or >= 1e21; "NaN", "+Inf", "-Inf".
std::string FormatValue(double value);

// The same in plain notation for numbers of any size. Requires: `value` is finite.
std::string FormatPlain(double value);

// The number that `text` spells ("1e3", "0x10", "NaN", "+Inf", "inf"). False on anything else.
bool ParseDouble(std::string_view text, double* value);

}  // namespace vigil
