// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/compress.h"

#include <cstdint>
#include <memory>

#include <fmt/format.h>
#include <zstd.h>

#include "base/status.h"

namespace vigil::storage {
namespace {

// Higher levels take several times as long for some per cent.
constexpr int kLevel = 3;
// Below this a frame's own header eats the gain.
constexpr size_t kMinCompressedBytes = 64;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Making a context costs more than compressing a short column, so each thread keeps one.
ZSTD_CCtx* Compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  return context.get();
}

ZSTD_DCtx* Decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  return context.get();
}

// The Zstandard frame of `payload`; "" if it would not save a sixteenth.
std::string Compress(std::string_view payload) {
  if (payload.size() < kMinCompressedBytes) return {};
  std::string frame(ZSTD_compressBound(payload.size()), '\0');
  const size_t size = ZSTD_compressCCtx(Compressor(), frame.data(), frame.size(), payload.data(),
                                        payload.size(), kLevel);
  if (ZSTD_isError(size) || size > payload.size() - payload.size() / 16) return {};
  frame.resize(size);
  return frame;
}

}  // namespace

// +----------------+--------------------------+----------------------------------------+
// | varint length  | varint length of frame   | frame, or the bytes as they are if the |
// | of the bytes   | (0: not compressed)      | frame's length is 0                    |
// +----------------+--------------------------+----------------------------------------+
void AppendCompressed(std::string_view payload, std::string* out) {
  VIGIL_CHECK(payload.size() <= kMaxTextBytes);
  const std::string frame = Compress(payload);
  AppendVarint(payload.size(), out);
  AppendVarint(frame.size(), out);
  out->append(frame.empty() ? payload : frame);
}

std::string ReadCompressed(ByteReader* reader, std::string_view field) {
  const uint64_t size = reader->ReadVarintUpTo(kMaxTextBytes, field);
  const uint64_t frame_size = reader->ReadVarint(field);
  if (frame_size == 0) return std::string(reader->ReadBytes(size, field));
  const std::string_view frame = reader->ReadBytes(frame_size, field);
  if (!reader->ok()) return {};
  // What the frame says of itself is checked first, so that a lie about the length costs nothing.
  if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != size) {
    reader->Fail(field, fmt::format("compressed frame is not one of {} bytes", size));
    return {};
  }
  std::string payload(size, '\0');
  const size_t got = ZSTD_decompressDCtx(Decompressor(), payload.data(), payload.size(),
                                         frame.data(), frame.size());
  if (ZSTD_isError(got) || got != size) {
    reader->Fail(field, fmt::format("damaged compressed frame: {}",
                                    ZSTD_isError(got) ? ZSTD_getErrorName(got) : "short"));
    return {};
  }
  return payload;
}

}  // namespace vigil::storage
