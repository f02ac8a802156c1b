// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "tests/testing/fuzz.h"

namespace vigil::testing {
namespace {

// Bytes at which decoders branch: ends of ranges and of varints, signs.
constexpr std::array<uint8_t, 8> kEdges = {0x00, 0x01, 0x40, 0x7F, 0x80, 0x81, 0xFE, 0xFF};

size_t Below(size_t bound, std::mt19937_64* random) { return bound == 0 ? 0 : (*random)() % bound; }

void MutateOnce(std::string* input, std::mt19937_64* random) {
  const size_t at = Below(input->size(), random);
  const size_t length = 1 + Below(std::min<size_t>(16, input->size() - at), random);
  switch (Below(6, random)) {
    case 0:
      if (!input->empty()) (*input)[at] = static_cast<char>((*random)());
      break;
    case 1:
      if (!input->empty()) (*input)[at] = static_cast<char>(kEdges[Below(kEdges.size(), random)]);
      break;
    case 2:
      if (!input->empty()) (*input)[at] = static_cast<char>((*input)[at] ^ 1 << Below(8, random));
      break;
    case 3:
      input->insert(at, length, static_cast<char>(kEdges[Below(kEdges.size(), random)]));
      break;
    case 4:
      input->erase(at, length);
      break;
    default:
      input->insert(at, input->substr(Below(input->size(), random), length));
      break;
  }
}

}  // namespace

std::string Mutate(std::string input, std::mt19937_64* random) {
  const size_t times = 1 + Below(4, random);
  for (size_t i = 0; i < times; ++i) MutateOnce(&input, random);
  return input;
}

}  // namespace vigil::testing
