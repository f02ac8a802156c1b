// SPDX-License-Identifier: Apache-2.0
#include "storage/block/token_filter.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::storage {
namespace {

// Ten bits and seven probes a token: one token in 120 that is not there seems to be.
constexpr size_t kBitsPerToken = 10;
constexpr int kProbes = 7;
// Enough for any sensible filter; bounds the work that a damaged one asks for.
constexpr int kMaxProbes = 32;

bool IsTokenByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<uint8_t>(c) >= 0x80;
}

uint64_t HashLower(std::string_view token) { return XXH3_64bits(token.data(), token.size()); }

// Calls fn(bit) for each bit of a token's hash in a filter of `bits` bits; stops when it says
// false.
template <typename Fn>
void ForEachProbe(uint64_t hash, int probes, size_t bits, Fn fn) {
  // Two halves of the hash make as many as are needed. The step is odd, so never 0.
  uint64_t probe = hash;
  const uint64_t step = (hash << 32 | hash >> 32) | 1;
  for (int i = 0; i < probes; ++i, probe += step) {
    if (!fn(static_cast<size_t>(static_cast<unsigned __int128>(probe) * bits >> 64))) return;
  }
}

}  // namespace

void ForEachToken(std::string_view text, absl::FunctionRef<void(std::string_view)> fn) {
  size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && !IsTokenByte(text[at])) ++at;
    const size_t start = at;
    while (at < text.size() && IsTokenByte(text[at])) ++at;
    if (at != start) fn(text.substr(start, at - start));
  }
}

void ForEachInnerToken(std::string_view needle, absl::FunctionRef<void(std::string_view)> fn) {
  const char* const begin = needle.data();
  const char* const end = begin + needle.size();
  ForEachToken(needle, [&](std::string_view token) {
    if (token.data() != begin && token.data() + token.size() != end) fn(token);
  });
}

void TokenFilterBuilder::AddText(std::string_view text) {
  lower_.assign(text);
  for (char& c : lower_) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  ForEachToken(lower_, [this](std::string_view token) { hashes_.insert(HashLower(token)); });
}

// +-------------+--------------------------------------------------------+
// | probes      | the bits: each token sets `probes` of them             |
// | (one byte)  | (bit i is bit i % 8 of byte i / 8)                     |
// +-------------+--------------------------------------------------------+
std::string TokenFilterBuilder::Finish() {
  if (hashes_.empty()) return {};
  const size_t bytes = (hashes_.size() * kBitsPerToken + 7) / 8;
  std::string filter(1 + bytes, '\0');
  filter[0] = static_cast<char>(kProbes);
  char* const bits = filter.data() + 1;
  for (const uint64_t hash : hashes_) {
    ForEachProbe(hash, kProbes, bytes * 8, [bits](size_t bit) {
      bits[bit / 8] = static_cast<char>(static_cast<uint8_t>(bits[bit / 8]) | 1 << (bit % 8));
      return true;
    });
  }
  hashes_.clear();
  return filter;
}

absl::StatusOr<TokenFilter> TokenFilter::Open(std::string_view bytes) {
  TokenFilter filter;
  if (bytes.empty()) return filter;
  filter.probes_ = static_cast<uint8_t>(bytes[0]);
  filter.bits_ = bytes.substr(1);
  if (filter.probes_ == 0 || filter.probes_ > kMaxProbes || filter.bits_.empty()) {
    return absl::DataLossError(
        fmt::format("token filter: {} probes of {} bytes", filter.probes_, filter.bits_.size()));
  }
  return filter;
}

bool TokenFilter::MayContainToken(std::string_view token) const {
  if (bits_.empty()) return false;
  bool may_contain = true;
  ForEachProbe(HashLower(ToLower(token)), probes_, bits(), [&](size_t bit) {
    may_contain = (static_cast<uint8_t>(bits_[bit / 8]) >> (bit % 8) & 1) != 0;
    return may_contain;
  });
  return may_contain;
}

bool TokenFilter::MayContainSubstring(std::string_view needle) const {
  bool may_contain = true;
  ForEachInnerToken(
      needle, [&](std::string_view token) { may_contain = may_contain && MayContainToken(token); });
  return may_contain;
}

}  // namespace vigil::storage
