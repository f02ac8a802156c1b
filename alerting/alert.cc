// SPDX-License-Identifier: Apache-2.0
#include "alerting/alert.h"

#include <string_view>

namespace vigil::alerting {
namespace {

constexpr uint64_t kFnvOffset = 14695981039346656037u;
constexpr uint64_t kFnvPrime = 1099511628211u;
// Parts names from values; it occurs in no UTF-8 text.
constexpr unsigned char kSeparator = 0xFF;

void AddByte(unsigned char byte, uint64_t* hash) {
  *hash ^= byte;
  *hash *= kFnvPrime;
}

void AddPart(std::string_view text, uint64_t* hash) {
  for (const char c : text) AddByte(static_cast<unsigned char>(c), hash);
  AddByte(kSeparator, hash);
}

}  // namespace

uint64_t Fingerprint(const storage::Labels& labels) {
  uint64_t hash = kFnvOffset;
  for (const storage::LabelView& label : labels) {
    AddPart(label.name, &hash);
    AddPart(label.value, &hash);
  }
  return hash;
}

}  // namespace vigil::alerting
