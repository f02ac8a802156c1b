// SPDX-License-Identifier: Apache-2.0
//
// Reads what int_column.cc writes, in stretches that stay in the nearest cache until whoever wants
// them has had them.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/wide.h"
#include "storage/codec/class_codes.h"
#include "storage/codec/int_column.h"
#include "storage/codec/int_encoding.h"
#include "storage/codec/packed_groups.h"

namespace vigil::storage {
namespace {

// Values of a stretch.
constexpr size_t kStretch = 1024;
static_assert(kStretch % kGroupSize == 0);

// Modulo 2^64, as the writer's arithmetic.
using Words = std::vector<uint64_t>;

// Takes a column's values in order, undoes their scale, and hands on those that are wanted.
class Sink {
 public:
  Sink(size_t begin, size_t size, TakeInts take) : begin_(begin), end_(begin + size), take_(take) {}

  // Values are base + divisor * what is put.
  void SetScale(uint64_t base, uint64_t divisor) {
    scaled_ = true;
    base_ = base;
    divisor_ = divisor;
  }

  // The next values. Changes `words`.
  void Put(std::span<uint64_t> words) {
    const size_t at = at_;
    at_ += words.size();
    const size_t first = std::max(at, begin_);
    const size_t last = std::min(at_, end_);
    if (first >= last) return;
    const auto wanted = words.subspan(first - at, last - first);
    if (scaled_) {
      for (uint64_t& word : wanted) word = base_ + word * divisor_;
    }
    take_({reinterpret_cast<const int64_t*>(wanted.data()), wanted.size()});
  }
  // Whether any of the next `size` values is wanted.
  bool Wants(size_t size) const { return at_ < end_ && at_ + size > begin_; }
  // Passes over values that are not.
  void Skip(size_t size) { at_ += size; }

 private:
  const size_t begin_;
  const size_t end_;
  const TakeInts take_;
  size_t at_ = 0;
  bool scaled_ = false;
  uint64_t base_ = 0;
  uint64_t divisor_ = 1;
};

// The first value, difference ... of differences of some order.
using Starts = std::array<uint64_t, kMaxOrder>;

// How codes stand for differences.
struct CodeMeaning {
  uint64_t reference = 0;
  uint64_t zigzag = 1;  // 1 if they are zigzags, else 0.
};

uint64_t UndoCode(uint64_t code, const CodeMeaning& meaning) {
  return ((code >> meaning.zigzag) ^ (0 - (code & meaning.zigzag))) + meaning.reference;
}

void UndoCodes(std::span<uint64_t> words, const CodeMeaning& meaning) {
  for (uint64_t& word : words) word = UndoCode(word, meaning);
}

// The same, added up from `value` on: four at a time, so that what one sum waits for is the sum of
// four before, not of one. Gives the last one.
uint64_t SumCodes(std::span<uint64_t> words, const CodeMeaning& meaning, uint64_t value) {
  using Four = uint64_t __attribute__((vector_size(32)));
  constexpr size_t kFour = 4;
  const Four zero = {};
  const auto [reference, zigzag] = meaning;
  Four before = zero + value;
  size_t i = 0;
  for (; i + kFour <= words.size(); i += kFour) {
    Four sums;
    std::memcpy(&sums, words.data() + i, sizeof(sums));
    sums = ((sums >> zigzag) ^ (zero - (sums & zigzag))) + reference;
    sums += __builtin_shufflevector(sums, zero, 4, 0, 4, 2);
    sums += __builtin_shufflevector(sums, zero, 4, 4, 1, 1);
    const Four all = sums + before;
    std::memcpy(words.data() + i, &all, sizeof(all));
    before += __builtin_shufflevector(sums, sums, 3, 3, 3, 3);
  }
  value = before[0];
  for (; i < words.size(); ++i) {
    value = words[i] = value + UndoCode(words[i], meaning);
  }
  return value;
}

// Turns differences back into values, stretch by stretch.
class Integrator {
 public:
  Integrator(size_t order, const Starts& starts) : order_(order) {
    // Where the values that stand in the starts end.
    value_ = order == 2 ? starts[0] + starts[1] : starts[0];
    difference_ = starts[1];
  }

  void Run(std::span<uint64_t> words) {
    if (order_ == 1) {
      uint64_t value = value_;
      for (uint64_t& word : words) value = word += value;
      value_ = value;
    } else if (order_ == 2) {
      for (uint64_t& word : words) word = value_ += difference_ += word;
    }
  }
  // The same of codes: nearly all are those of counters.
  void RunCodes(std::span<uint64_t> words, const CodeMeaning& meaning) {
    if (order_ == 1) {
      value_ = Wide([](auto... all) { return SumCodes(all...); }, words, meaning, value_);
    } else {
      Wide([](auto... all) { UndoCodes(all...); }, words, meaning);
      Run(words);
    }
  }

 private:
  const size_t order_;
  uint64_t value_;
  uint64_t difference_;
};

// What stands before the differences: the values of the starts.
void PutStarts(size_t order, const Starts& starts, Sink* sink) {
  std::array<uint64_t, kMaxOrder> values = {starts[0], starts[0] + starts[1]};
  sink->Put(std::span(values).first(order));
}

// Codes of differences as values.
void PutDecoded(std::span<uint64_t> codes, const CodeMeaning& meaning, Integrator integrator,
                Sink* sink) {
  for (size_t begin = 0; begin < codes.size(); begin += kStretch) {
    const auto words = codes.subspan(begin, std::min(kStretch, codes.size() - begin));
    integrator.RunCodes(words, meaning);
    sink->Put(words);
  }
}

Starts ReadStarts(ByteReader* reader, std::string_view field, size_t order) {
  Starts starts = {};
  for (size_t i = 0; i < order; ++i) starts[i] = static_cast<uint64_t>(reader->ReadZigzag(field));
  return starts;
}

// Reads how often differences were taken of `count` values. `meaning`: of codes.
size_t ReadOrder(ByteReader* reader, std::string_view field, size_t count,
                 CodeMeaning* meaning = nullptr) {
  size_t order = reader->ReadByte(field);
  if (meaning != nullptr && (order & kUnsignedFlag) != 0) {
    meaning->zigzag = 0;
    order &= ~size_t{kUnsignedFlag};
  }
  if (order <= kMaxOrder && order < count) return order;
  reader->Fail(field, fmt::format("differences of order {} of {} values", order, count));
  return 0;
}

// Differences of some order in groups.
void PutGroups(ByteReader* reader, std::string_view field, size_t count, Integrator integrator,
               Sink* sink) {
  std::array<uint64_t, kStretch> stretch;
  for (size_t begin = 0; begin < count && reader->ok(); begin += kStretch) {
    const auto words = std::span(stretch).first(std::min(kStretch, count - begin));
    ReadGroups(reader, field, words);
    if (!reader->ok()) return;
    integrator.Run(words);
    sink->Put(words);
  }
}

void ReadGrouped(ByteReader* reader, std::string_view field, size_t order, size_t count,
                 Sink* sink) {
  if (order >= count) {
    return reader->Fail(field, fmt::format("differences of order {} of {} values", order, count));
  }
  const Starts starts = ReadStarts(reader, field, order);
  PutStarts(order, starts, sink);
  PutGroups(reader, field, count - order, Integrator(order, starts), sink);
}

void ReadCoded(ByteReader* reader, std::string_view field, size_t count, Sink* sink) {
  CodeMeaning meaning;
  const size_t order = ReadOrder(reader, field, count, &meaning);
  const Starts starts = ReadStarts(reader, field, order);
  meaning.reference = static_cast<uint64_t>(reader->ReadZigzag(field));
  if (!reader->ok()) return;
  thread_local Words codes;
  codes.resize(count - order);
  ReadClassCodes(reader, field, codes);
  if (!reader->ok()) return;
  PutStarts(order, starts, sink);
  PutDecoded(codes, meaning, Integrator(order, starts), sink);
}

// What columns in pieces have in front.
struct Pieces {
  size_t order = 0;
  size_t size = 1;   // Differences in each.
  size_t total = 0;  // Differences.
  std::vector<Starts> starts;

  size_t SizeOf(size_t piece) const { return std::min(size, total - piece * size); }
};

Pieces ReadPieces(ByteReader* reader, std::string_view field, size_t count,
                  CodeMeaning* meaning = nullptr) {
  Pieces pieces;
  pieces.order = ReadOrder(reader, field, count, meaning);
  pieces.size = reader->ReadVarint(field);
  pieces.total = count - pieces.order;
  if (!reader->ok()) return pieces;
  if (pieces.size == 0 || pieces.size > pieces.total) {
    reader->Fail(field, fmt::format("pieces of {} of {} values", pieces.size, pieces.total));
    return pieces;
  }
  Starts starts = {};
  for (size_t done = 0; done < pieces.total && reader->ok(); done += pieces.size) {
    const Starts steps = ReadStarts(reader, field, pieces.order);
    for (size_t i = 0; i < pieces.order; ++i) starts[i] += steps[i];
    pieces.starts.push_back(starts);
  }
  return pieces;
}

// The pieces of which the sink wants something, a row of neighbours.
struct Wanted {
  size_t first = 0;
  size_t end = 0;
};
// Passes over the pieces before those.
Wanted FindWanted(const Pieces& pieces, Sink* sink) {
  Wanted wanted;
  size_t at = 0;
  for (; at < pieces.starts.size() && !sink->Wants(pieces.SizeOf(at)); ++at) {
    sink->Skip(pieces.SizeOf(at));
  }
  wanted.first = wanted.end = at;
  Sink ahead = *sink;
  for (; at < pieces.starts.size() && ahead.Wants(pieces.SizeOf(at)); ++at) {
    ahead.Skip(pieces.SizeOf(at));
    wanted.end = at + 1;
  }
  return wanted;
}

void ReadCodedPieces(ByteReader* reader, std::string_view field, size_t count, Sink* sink) {
  CodeMeaning meaning;
  const Pieces pieces = ReadPieces(reader, field, count, &meaning);
  meaning.reference = static_cast<uint64_t>(reader->ReadZigzag(field));
  if (!reader->ok()) return;
  PutStarts(pieces.order, pieces.starts.front(), sink);
  const Wanted wanted = FindWanted(pieces, sink);
  ReadClassPieces(reader, field, pieces.total, pieces.size, wanted.first, wanted.end,
                  [&](size_t piece, std::span<uint64_t> codes) {
                    PutDecoded(codes, meaning, Integrator(pieces.order, pieces.starts[piece]),
                               sink);
                  });
}

void ReadPackedPieces(ByteReader* reader, std::string_view field, size_t count, Sink* sink) {
  const Pieces pieces = ReadPieces(reader, field, count);
  if (!reader->ok()) return;
  PutStarts(pieces.order, pieces.starts.front(), sink);
  std::vector<uint64_t> sizes;
  uint64_t size = 0;
  for (size_t piece = 0; piece < pieces.starts.size() && reader->ok(); ++piece) {
    size += static_cast<uint64_t>(reader->ReadZigzag(field));
    sizes.push_back(size);
  }
  if (!reader->ok()) return;
  for (size_t piece = 0; piece < pieces.starts.size() && reader->ok(); ++piece) {
    const size_t values = pieces.SizeOf(piece);
    if (!sink->Wants(values)) {
      sink->Skip(values);
      reader->ReadBytes(sizes[piece], field);
      continue;
    }
    const size_t before = reader->remaining();
    PutGroups(reader, field, values, Integrator(pieces.order, pieces.starts[piece]), sink);
    if (reader->ok() && before - reader->remaining() != sizes[piece]) {
      reader->Fail(field, fmt::format("a piece of {} bytes that takes {}", sizes[piece],
                                      before - reader->remaining()));
    }
  }
}

// first, first + step ...
void PutSteps(uint64_t first, uint64_t step, size_t count, Sink* sink) {
  std::array<uint64_t, kStretch> stretch;
  for (size_t begin = 0; begin < count; begin += kStretch) {
    const auto words = std::span(stretch).first(std::min(kStretch, count - begin));
    for (size_t i = 0; i < words.size(); ++i) words[i] = first + step * (begin + i);
    sink->Put(words);
  }
}

void ReadInto(ByteReader* reader, std::string_view field, uint8_t encoding, size_t count,
              Sink* sink) {
  switch (static_cast<IntEncoding>(encoding)) {
    case IntEncoding::kConstant:
      return PutSteps(static_cast<uint64_t>(reader->ReadZigzag(field)), 0, count, sink);
    case IntEncoding::kStep: {
      const auto first = static_cast<uint64_t>(reader->ReadZigzag(field));
      return PutSteps(first, static_cast<uint64_t>(reader->ReadZigzag(field)), count, sink);
    }
    case IntEncoding::kPacked:
      return ReadGrouped(reader, field, 0, count, sink);
    case IntEncoding::kDelta:
      return ReadGrouped(reader, field, 1, count, sink);
    case IntEncoding::kDeltaOfDelta:
      return ReadGrouped(reader, field, 2, count, sink);
    case IntEncoding::kCoded:
      return ReadCoded(reader, field, count, sink);
    case IntEncoding::kCodedPieces:
      return ReadCodedPieces(reader, field, count, sink);
    case IntEncoding::kPackedPieces:
      return ReadPackedPieces(reader, field, count, sink);
  }
  reader->Fail(field, fmt::format("unknown integer encoding {}", encoding));
}

}  // namespace

void ReadIntStretches(ByteReader* reader, std::string_view field, size_t count, size_t begin,
                      size_t size, TakeInts take) {
  if (count == 0) return;
  Sink sink(begin, size, take);
  const uint8_t head = reader->ReadByte(field);
  if ((head & kScaledFlag) != 0) {
    const auto base = static_cast<uint64_t>(reader->ReadZigzag(field));
    sink.SetScale(base, reader->ReadVarint(field));
  }
  if (reader->ok()) ReadInto(reader, field, head & ~kScaledFlag, count, &sink);
}

void ReadIntColumn(ByteReader* reader, std::string_view field, std::span<int64_t> out) {
  ReadIntColumnPart(reader, field, out.size(), 0, out);
}

void ReadIntColumnPart(ByteReader* reader, std::string_view field, size_t count, size_t begin,
                       std::span<int64_t> out) {
  auto next = out.begin();
  ReadIntStretches(reader, field, count, begin, out.size(), [&](std::span<const int64_t> stretch) {
    next = std::ranges::copy(stretch, next).out;
  });
}

std::optional<IntStep> ReadStepColumn(ByteReader* reader, std::string_view field) {
  const std::string_view rest = reader->rest();
  if (rest.empty() || static_cast<uint8_t>(rest[0]) != static_cast<uint8_t>(IntEncoding::kStep)) {
    return std::nullopt;
  }
  reader->ReadByte(field);
  const int64_t first = reader->ReadZigzag(field);
  return IntStep{first, reader->ReadZigzag(field)};
}

}  // namespace vigil::storage
