// SPDX-License-Identifier: Apache-2.0
#include "server/api/api_time.h"

#include "base/duration.h"

namespace vigil::server {

std::string ApiTimeText(int64_t unix_ms) {
  if (unix_ms == 0) return "0001-01-01T00:00:00Z";
  std::string text = FormatInstantMs(unix_ms);
  text.pop_back();
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + "Z";
}

}  // namespace vigil::server
