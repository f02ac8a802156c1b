// SPDX-License-Identifier: Apache-2.0
//
// Walks a protobuf message that lies in several pieces, as a transport receives it, without joining
// them: what is asked for in one piece is given where it lies, and only what a border cuts is
// copied.
//
//   JoinedBytes joined;
//   PieceReader request(pieces, &joined);
//   while (request.NextField()) {
//     if (request.Is(1, WireType::kBytes)) WalkResource(request.Message());
//     else request.Skip();
//   }
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "collector/otlp/wire.h"

namespace vigil::collector {

// The bytes of a request in order; pieces may be empty.
using BytePieces = std::span<const std::string_view>;

// Memory for what is joined. Not thread-safe.
class JoinedBytes {
 public:
  // `size` bytes that stay until Clear.
  char* Make(size_t size) {
    if (size > left_) {
      left_ = std::max(size, kBlockBytes);
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
      at_ = blocks_.back().get();
      if (blocks_.size() == 1) first_bytes_ = left_;
    }
    char* const made = at_;
    at_ += size;
    left_ -= size;
    return made;
  }

  // The first block stays for the next request, unless that request was unusual.
  void Clear() {
    if (blocks_.empty()) return;
    blocks_.resize(first_bytes_ == kBlockBytes ? 1 : 0);
    left_ = blocks_.empty() ? 0 : kBlockBytes;
    at_ = blocks_.empty() ? nullptr : blocks_.front().get();
  }

 private:
  static constexpr size_t kBlockBytes = 256 << 10;

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t first_bytes_ = 0;
  char* at_ = nullptr;  // In the last block.
  size_t left_ = 0;
};

// Reads one message, as WireReader does. Borrows the pieces, their bytes and `joined`. A copy reads
// on from where the original is.
class PieceReader : public FieldReader<PieceReader> {
 public:
  PieceReader(BytePieces pieces, JoinedBytes* joined) : rest_(pieces), joined_(joined) {
    for (const std::string_view piece : pieces) behind_ += piece.size();
    SkipBorder();
  }

  bool AtEnd() const { return at_ == piece_end_; }

  // The value of the current field in one piece. Requires: type() is kBytes. Valid as long as the
  // pieces are, and until the joined bytes are cleared.
  std::string_view Bytes() {
    const uint64_t size = ReadSize();
    const char* const begin = at_;
    if (size <= InPiece()) {
      Pass(size);
      return {begin, size};
    }
    if (size > InPiece() + behind_) {
      Fail();
      return {};
    }
    char* const whole = joined_->Make(size);
    for (uint64_t copied = 0; copied < size;) {
      const size_t part = std::min<uint64_t>(size - copied, InPiece());
      std::memcpy(whole + copied, at_, part);
      copied += part;
      Pass(part);
    }
    return {whole, size};
  }

  // The message that is the current field's value, wherever it lies; an empty one on an error.
  // Requires: type() is kBytes.
  PieceReader Message() {
    const uint64_t size = ReadSize();
    PieceReader message = *this;
    if (!Pass(size)) {
      Fail();
      message.Stop();
      return message;
    }
    const uint64_t in_piece = std::min<uint64_t>(size, message.InPiece());
    message.piece_end_ = message.at_ + in_piece;
    message.behind_ = size - in_piece;
    return message;
  }

 private:
  friend class FieldReader<PieceReader>;

  uint64_t InPiece() const { return static_cast<uint64_t>(piece_end_ - at_); }

  uint8_t TakeByte() {
    const auto byte = static_cast<uint8_t>(*at_++);
    SkipBorder();
    return byte;
  }

  bool Pass(uint64_t size) {
    if (size > InPiece() + behind_) return false;
    while (size > InPiece()) {
      size -= InPiece();
      at_ = piece_end_;
      SkipBorder();
    }
    at_ += size;
    SkipBorder();
    return true;
  }

  void Stop() {
    at_ = piece_end_;
    behind_ = 0;
  }

  // At the end of a piece, goes to the next one that has a byte of the message.
  void SkipBorder() {
    while (at_ == piece_end_ && behind_ != 0) {
      const std::string_view piece = rest_.front();
      rest_ = rest_.subspan(1);
      const uint64_t size = std::min<uint64_t>(piece.size(), behind_);
      at_ = piece.data();
      piece_end_ = at_ + size;
      behind_ -= size;
    }
  }

  const char* at_ = nullptr;
  const char* piece_end_ = nullptr;  // Of the part of the message that is in the current piece.
  uint64_t behind_ = 0;              // Bytes of the message in later pieces,
  BytePieces rest_;                  // which are the first of these.
  JoinedBytes* joined_;
};

// Calls `visit` with a reader of each message in field `field` of what `reader` reads; false as
// ForEachField.
template <typename Visit>
bool ForEachMessage(const PieceReader& reader, uint32_t field, const Visit& visit) {
  return ForEachField(
      reader, field, [](PieceReader& at) { return at.Message(); }, visit);
}

// The same, with the message in one piece.
template <typename Visit>
bool ForEachJoined(const PieceReader& reader, uint32_t field, const Visit& visit) {
  return ForEachField(
      reader, field, [](PieceReader& at) { return at.Bytes(); }, visit);
}

}  // namespace vigil::collector
