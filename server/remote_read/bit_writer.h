// SPDX-License-Identifier: Apache-2.0
//
// Bits one behind the other, the highest of each byte first; and the variable-length numbers of
// Prometheus' chunks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace vigil::server {

// Appends to `*out`, which nobody else appends to meanwhile.
class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(*out) {}

  // The low `count` bits of `value`, the highest of them first.
  void Bits(uint64_t value, int count) {
    while (count > 0) {
      if (free_ == 0) {
        out_.push_back('\0');
        free_ = 8;
      }
      const int taken = std::min(free_, count);
      const auto piece = static_cast<unsigned>(value >> (count - taken)) & ((1u << taken) - 1);
      out_.back() =
          static_cast<char>(static_cast<unsigned char>(out_.back()) | piece << (free_ - taken));
      free_ -= taken;
      count -= taken;
    }
  }

  // A number in a class of size: 0 in one bit, then 3, 6, 9, 12, 18, 25, 56 or 64 bits behind a
  // prefix of ones that tells which.
  //
  //   0 | 10 + 3 | 110 + 6 | 1110 + 9 | 11110 + 12 | 111110 + 18 | 1111110 + 25 | 11111110 + 56
  //     | 11111111 + 64
  //
  // Of n bits a signed number lies in (-2^(n-1), 2^(n-1)], an unsigned one in [0, 2^n).
  void VarbitInt(int64_t value);
  void VarbitUint(uint64_t value);

 private:
  // Writes `value` in the class `number`, of those above from 0.
  void InClass(size_t number, uint64_t value);

  std::string& out_;
  int free_ = 0;  // Bits of the last byte that are not written yet.
};

// Whether `value` is one of `bits` bits as the chunks have them: in (-2^(bits-1), 2^(bits-1)].
inline bool FitsBits(int64_t value, int bits) {
  const int64_t half = int64_t{1} << (bits - 1);
  return -half < value && value <= half;
}

}  // namespace vigil::server
