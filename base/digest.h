// SPDX-License-Identifier: Apache-2.0
//
// Digests of bytes.
#pragma once

#include <string>
#include <string_view>

namespace vigil {

// SHA-256, as 32 bytes.
std::string Sha256(std::string_view bytes);
// HMAC with SHA-256 (RFC 2104), as 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view bytes);

}  // namespace vigil
