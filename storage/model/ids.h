// SPDX-License-Identifier: Apache-2.0
//
// Fixed-width identities: traces, spans, tenants.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/strings.h"

namespace vigil::storage {

// `Size` bytes, all zero meaning "none". Ordered bytewise.
template <size_t Size>
struct FixedId {
  std::array<uint8_t, Size> bytes = {};

  // The id in `raw`; none when the length is another one (as OTLP asks of receivers).
  static FixedId FromBytes(std::string_view raw) {
    FixedId id;
    if (raw.size() == Size) std::memcpy(id.bytes.data(), raw.data(), Size);
    return id;
  }
  // The id that the 2*Size hex digits spell; none on any other text.
  static FixedId FromHexText(std::string_view hex) {
    std::string raw;
    return FromHex(hex, &raw) ? FromBytes(raw) : FixedId();
  }

  bool empty() const { return *this == FixedId(); }
  std::string_view AsBytes() const { return {reinterpret_cast<const char*>(bytes.data()), Size}; }
  // Lower-case hex; "" for none.
  std::string ToText() const { return empty() ? std::string() : ToHex(AsBytes()); }

  friend auto operator<=>(const FixedId&, const FixedId&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const FixedId& id) {
    return H::combine(std::move(state), id.bytes);
  }
};

using TraceId = FixedId<16>;
using SpanId = FixedId<8>;

// A tenant's number within one data directory. Numbers are given out by storage/tenants.h; every
// key that holds a tenant's data begins with one.
enum class TenantId : uint32_t {};

// The tenant of whoever does not name one.
inline constexpr TenantId kDefaultTenant{0};
// Of a name that nothing was ever written under: never given out, so nothing is kept of it.
inline constexpr TenantId kUnknownTenant{0xFFFFFFFF};

}  // namespace vigil::storage
