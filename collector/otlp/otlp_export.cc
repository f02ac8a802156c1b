// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/otlp_export.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace vigil::collector {

void Rejections::Add(int64_t count, std::string_view reason) {
  if (count == 0) return;
  count_ += count;
  Warn(reason);
}

void Rejections::Warn(std::string_view reason) {
  if (reason_count_ >= kMaxReasons || reasons_.find(reason) != std::string::npos) return;
  if (!reasons_.empty()) reasons_ += "; ";
  reasons_ += reason;
  ++reason_count_;
}

void Rejections::Add(const storage::WriteResult& result) {
  Add(result.rejected, result.rejection_reason);
}

storage::BatchToken DigestToken(std::string_view request) {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits(request.data(), request.size()));
  storage::BatchToken token;
  token.kind = storage::BatchToken::Kind::kDigest;
  token.source.assign(reinterpret_cast<const char*>(digest.digest), sizeof(digest.digest));
  return token;
}

}  // namespace vigil::collector
