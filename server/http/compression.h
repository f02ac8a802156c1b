// SPDX-License-Identifier: Apache-2.0
//
// Compresses answers for clients that take it, and decompresses requests: on zlib.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "server/http/http_types.h"

namespace vigil::server {

enum class ContentCoding { kNone, kGzip, kDeflate };

// What an Accept-Encoding header lets answers be sent in: the first of those known here that it
// does not refuse.
ContentCoding AcceptedCoding(std::string_view accept_encoding);

// `response` compressed as `request` accepts; a body in pieces stays one. Answers without a body
// stay as they are.
HttpResponse Compress(const HttpRequest& request, HttpResponse response);

// The coding that a Content-Encoding header names; kNone for all that are not known here.
ContentCoding NamedCoding(std::string_view name);

// What `coding`, which is not kNone, made `bytes` of. InvalidArgument when they are damaged or cut
// short, OutOfRange when it is more than `max_bytes`.
absl::StatusOr<std::string> Decompress(std::string_view bytes, ContentCoding coding,
                                       size_t max_bytes);

}  // namespace vigil::server
