// SPDX-License-Identifier: Apache-2.0
//
// Requests prepared ahead, in a file: every system is sent the same bytes, and sending costs the
// generator next to nothing.
//
//   header line: JSON {"protocol":..., "samples":..., "points":..., "series":..., "first_ms":...,
//                "last_ms":...}, padded, '\n'
//   request:     lane u32, samples u32, size u32, bytes       (little-endian)
//
// Requests of one lane are to be sent in their order, by one connection: a series is in one lane.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vigil::load {

inline constexpr size_t kHeaderBytes = 256;

struct RequestHeader {
  uint32_t lane;
  uint32_t samples;
  uint32_t size;
};

}  // namespace vigil::load
