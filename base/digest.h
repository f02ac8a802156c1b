// SPDX-License-Identifier: Apache-2.0
//
// Digests and the encodings that go with them.
#pragma once

#include <string>
#include <string_view>

namespace vigil {

// SHA-256, as 32 bytes.
std::string Sha256(std::string_view bytes);
// HMAC with SHA-256 (RFC 2104), as 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view bytes);

// RFC 4648, with padding.
std::string Base64Encode(std::string_view bytes);
// False, with `*bytes` as far as it went, if `text` is not base64. Takes the alphabet for URLs,
// too, and does without padding.
bool Base64Decode(std::string_view text, std::string* bytes);

}  // namespace vigil
