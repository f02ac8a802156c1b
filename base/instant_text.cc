// SPDX-License-Identifier: Apache-2.0
#include "base/instant_text.h"

#include "base/duration.h"

namespace vigil {

std::string ShortInstantText(int64_t unix_ms) {
  std::string text = FormatInstantMs(unix_ms);
  text.pop_back();  // The Z.
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + "Z";
}

}  // namespace vigil
