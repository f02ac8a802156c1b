// SPDX-License-Identifier: Apache-2.0
//
// Token filters: whether a word may be among texts, from about ten bits a word (a Bloom filter).
// They let a search skip blocks unread.
//
// A token is a maximal run of ASCII letters and digits and bytes from 0x80 on (so words in any
// script), with ASCII letters in lower case: "GET /v1/Über?id=7" has get, v1, Über, id, 7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_set.h>
#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

namespace vigil::storage {

// Calls `fn` with each token of `text` as it stands there: in its own case, repeats included.
void ForEachToken(std::string_view text, absl::FunctionRef<void(std::string_view token)> fn);

// The same for the tokens that every text around `needle` must have, too: those with a separator
// on both sides within `needle`. A token at its edge may be part of a longer one there.
void ForEachInnerToken(std::string_view needle, absl::FunctionRef<void(std::string_view token)> fn);

// Collects tokens. Not thread-safe.
class TokenFilterBuilder {
 public:
  void AddText(std::string_view text);
  size_t size() const { return hashes_.size(); }

  // The filter's bytes; empty if no token was added. Forgets the tokens.
  std::string Finish();

 private:
  absl::flat_hash_set<uint64_t> hashes_;  // Of the tokens in lower case.
  std::string lower_;                     // Kept between texts for its memory.
};

// A view of a filter's bytes. Thread-safe.
class TokenFilter {
 public:
  // The filter without tokens.
  TokenFilter() = default;
  // `bytes` must outlive the filter. DataLoss if they are not what Finish gave.
  static absl::StatusOr<TokenFilter> Open(std::string_view bytes);

  // False only if `token`, in any ASCII case, was not added. Requires: it is one whole token.
  bool MayContainToken(std::string_view token) const;
  // False only if no added text holds `needle`, in any ASCII case.
  bool MayContainSubstring(std::string_view needle) const;

  size_t bits() const { return bits_.size() * 8; }

 private:
  int probes_ = 0;
  std::string_view bits_;
};

}  // namespace vigil::storage
