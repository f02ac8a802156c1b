// SPDX-License-Identifier: Apache-2.0
//
// Sizes as people write them: "300MB", "1.5GiB", "4096".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

namespace vigil {

// Bytes. KB, MB, GB, TB are powers of 1000; K, M, G, T and KiB, MiB, GiB, TiB of 1024; case does
// not matter. InvalidArgument for anything else, for less than one byte and for more than 2^62.
absl::StatusOr<uint64_t> ParseByteSize(std::string_view text);

// About as many, in the largest unit of 1024 that leaves a whole part: "1.5 GiB".
std::string FormatByteSize(uint64_t bytes);

}  // namespace vigil
