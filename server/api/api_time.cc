// SPDX-License-Identifier: Apache-2.0
#include "server/api/api_time.h"

#include "base/instant_text.h"

namespace vigil::server {

std::string ApiTimeText(int64_t unix_ms) {
  return unix_ms == 0 ? "0001-01-01T00:00:00Z" : ShortInstantText(unix_ms);
}

}  // namespace vigil::server
