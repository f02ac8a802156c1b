// SPDX-License-Identifier: Apache-2.0
#include "collector/labels/bound_label.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/strings.h"

namespace vigil::collector {
namespace {

// Beyond these powers of ten the exponent form is canonical.
constexpr int kMinPlainExponent = -4;
constexpr int kMaxPlainExponent = 5;

}  // namespace

std::string BoundLabel(double bound) {
  if (!std::isfinite(bound)) return FormatValue(bound);
  if (bound == 0) return "0.0";  // Whatever its sign.
  char buffer[32];
  const auto result =
      std::to_chars(buffer, buffer + sizeof(buffer), bound, std::chars_format::scientific);
  const std::string scientific(buffer, result.ptr);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  if (exponent < kMinPlainExponent || exponent > kMaxPlainExponent) return scientific;
  std::string plain = FormatPlain(bound);
  if (plain.find('.') == std::string::npos) plain += ".0";
  return plain;
}

}  // namespace vigil::collector
