// SPDX-License-Identifier: Apache-2.0
//
// Reads what class_codes.cc writes.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/wide.h"
#include "storage/codec/class_codes.h"
#include "storage/codec/class_shape.h"
#include "storage/codec/prefix_code.h"

namespace vigil::storage {
namespace {

uint64_t LowBits(unsigned bits) { return (uint64_t{1} << bits) - 1; }

// What the next bits of a stream say, by their value, in one word: what a value needs is where
// instructions take it from. A plain value is the base plus its extra bits; of other items the base
// is what stands above the extra bits.
class TableEntry {
 public:
  enum Kind : uint8_t { kPlain, kWide, kRun };

  TableEntry() = default;
  TableEntry(Kind kind, uint32_t base, unsigned code_bits, unsigned extra_bits)
      : word_(uint64_t{base} << 32 | uint64_t{kind} << kKindBit | uint64_t{extra_bits} << 16 |
              uint64_t{code_bits} << 8 | (kind == kPlain ? code_bits + extra_bits : code_bits)) {}

  static bool ArePlain(TableEntry a, TableEntry b, TableEntry c, TableEntry d) {
    return ((a.word_ | b.word_ | c.word_ | d.word_) >> kKindBit & 3) == 0;
  }
  Kind kind() const { return static_cast<Kind>(word_ >> kKindBit & 3); }
  uint32_t base() const { return static_cast<uint32_t>(word_ >> 32); }
  // Of the code and, of a plain value, the extra bits.
  unsigned item_bits() const { return word_ & 0xFF; }
  unsigned code_bits() const { return word_ >> 8 & 0xFF; }
  unsigned extra_bits() const { return word_ >> 16 & 0xFF; }
  // Several added up have the sum of their item bits, if that is below 256, where one has its own.
  uint64_t word() const { return word_; }

  // The plain value that `bits` begin with.
  uint64_t ValueOf(uint64_t bits) const {
    return base() + ((bits & LowBits(item_bits())) >> (word_ >> 8 & 63));
  }

 private:
  static constexpr int kKindBit = 24;
  uint64_t word_ = 0;
};
constexpr size_t kTableSize = size_t{1} << kMaxCodeBits;
using DecodeTable = std::array<TableEntry, kTableSize>;

struct TableShape {
  unsigned code_bits = 0;   // Of the longest code, by which the table is indexed.
  unsigned value_bits = 1;  // Of the longest plain value: code and extra bits.
};

// Plain values have at most this many extra bits.
constexpr unsigned kMaxPlainBits = 24;

TableEntry EntryOf(size_t symbol, unsigned code_bits, const ClassParameters& parameters) {
  const ClassShape shape = ShapeOf(symbol, parameters);
  const auto prefix = static_cast<uint32_t>(shape.prefix);
  if (symbol < kRunClasses) return {TableEntry::kRun, prefix, code_bits, shape.extra_bits};
  if (shape.extra_bits > kMaxPlainBits) {
    return {TableEntry::kWide, prefix, code_bits, shape.extra_bits};
  }
  return {TableEntry::kPlain, prefix << shape.extra_bits, code_bits, shape.extra_bits};
}

// Fills the entries for all codes.
TableShape BuildTable(std::span<const uint8_t> lengths, const ClassParameters& parameters,
                      DecodeTable* table) {
  const std::vector<SymbolCode> codes = CanonicalCodes(lengths);
  TableShape shape;
  for (const SymbolCode& code : codes) {
    shape.code_bits = std::max<unsigned>(shape.code_bits, code.length);
  }
  const size_t size = size_t{1} << shape.code_bits;
  (*table)[1] = {};
  for (const SymbolCode& code : codes) {
    const TableEntry entry = EntryOf(code.symbol, code.length, parameters);
    if (entry.kind() == TableEntry::kPlain) {
      shape.value_bits = std::max<unsigned>(shape.value_bits, entry.item_bits());
    }
    for (size_t at = code.code; at < size; at += size_t{1} << code.length) (*table)[at] = entry;
  }
  // A single symbol's other bit value, which no writer writes, is the same symbol.
  if ((*table)[1].code_bits() == 0) (*table)[1] = (*table)[0];
  return shape;
}

uint64_t Load64(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// The bits from `bit` on, as many as are surely in one load (kLoadBits) or more.
uint64_t BitsAt(const char* bytes, size_t bit) { return Load64(bytes + bit / 8) >> (bit % 8); }

// Reads the items of a stream into `out`.
class StreamReader {
 public:
  StreamReader(const DecodeTable& table, const TableShape& shape, std::string_view stream,
               std::span<uint64_t> out)
      : table_(table.data()),
        mask_(LowBits(shape.code_bits)),
        values_per_load_(ValuesPerLoad(shape)),
        stream_(stream),
        bytes_(stream.data()),
        out_(out.data()),
        out_end_(out.data() + out.size()) {}

  // `rest` lies behind all streams: up to its end bytes may be touched.
  void SetReadable(std::string_view rest) {
    const size_t size = rest.data() + rest.size() - bytes_;
    end_ = size < kReach ? 0 : (size - kReach + 1) * 8;
  }

  // Reads of all lanes as far as they can be read side by side.
  static void RunLanes(std::span<StreamReader> lanes);

  // Reads what is left. False if the stream does not end with the last value.
  bool Finish() {
    Run();
    const size_t rest = bit_ / 8;
    size_t used = bit_;
    if (!done() && rest < stream_.size()) {
      // What is left is shorter than an item may be: it goes on in a copy with room behind it.
      std::array<char, 2 * kReach> tail = {};
      const std::string_view left = stream_.substr(rest);
      std::copy(left.begin(), left.end(), tail.begin());
      bytes_ = tail.data();
      bit_ %= 8;
      end_ = (tail.size() - kReach + 1) * 8;
      Run();
      used = rest * 8 + bit_;
    }
    return done() && !overrun_ && (used + 7) / 8 == stream_.size();
  }

 private:
  // Bytes that one item may touch from the byte that it begins in.
  static constexpr size_t kReach = 20;
  // Bits that are surely in a word that was loaded at the byte of the first one.
  static constexpr unsigned kLoadBits = 64 - 7;

  bool done() const { return out_ == out_end_; }

  // How many values are surely in one word, and the whole code of whatever stands in their place.
  static size_t ValuesPerLoad(const TableShape& shape) {
    static_assert(kMaxCodeBits + kMaxPlainBits <= kLoadBits, "a plain value is in one load");
    return 1 + (kLoadBits - std::max(shape.code_bits, shape.value_bits)) / shape.value_bits;
  }
  // How often as many values as are surely in a word may be read without looking.
  size_t SureRounds() const {
    if (bit_ >= end_) return 0;
    return std::min((end_ - 1 - bit_) / kLoadBits + 1,
                    static_cast<size_t>(out_end_ - out_) / values_per_load_);
  }
  uint64_t Word() const { return BitsAt(bytes_, bit_); }

  // Goes on while kReach bytes are there.
  void Run() {
    while (bit_ < end_ && !done()) {
      RunPlain();
      if (bit_ < end_ && !done()) ReadOther();
    }
  }

  // Reads plain values up to something else. After each, what the next one waits for is a look into
  // the table and a shift.
  void RunPlain() {
    const TableEntry* const table = table_;
    const uint64_t mask = mask_;
    const size_t per_load = values_per_load_;
    uint64_t* out = out_;
    size_t bit = bit_;
    bool plain = true;
    while (plain && bit < end_ && out != out_end_) {
      uint64_t word = BitsAt(bytes_, bit);
      const size_t sure = std::min<size_t>(per_load, out_end_ - out);
      for (size_t i = 0; i < sure; ++i) {
        const TableEntry entry = table[word & mask];
        plain = entry.kind() == TableEntry::kPlain;
        if (!plain) break;
        *out++ = entry.ValueOf(word);
        word >>= entry.item_bits();
        bit += entry.item_bits();
      }
    }
    out_ = out;
    bit_ = bit;
  }

  // Reads the next item if it is not a plain value.
  void ReadOther() {
    const TableEntry entry = table_[Word() & mask_];
    if (entry.kind() == TableEntry::kPlain) return;
    bit_ += entry.code_bits();
    const uint64_t extra = LoadWide(bytes_, bit_) & LowBits(entry.extra_bits());
    bit_ += entry.extra_bits();
    const uint64_t value = uint64_t{entry.base()} << entry.extra_bits() | extra;
    if (entry.kind() == TableEntry::kWide) {
      *out_++ = value;
    } else {
      PutZeros(value);
    }
  }

  void PutZeros(uint64_t count) {
    const size_t fitting = std::min<uint64_t>(count, out_end_ - out_);
    overrun_ |= fitting != count;
    out_ = std::fill_n(out_, fitting, 0);
  }

  static uint64_t LoadWide(const char* bytes, size_t bit) {
    const unsigned shift = bit % 8;
    const uint64_t low = Load64(bytes + bit / 8) >> shift;
    // The ninth byte; shifted twice since a shift by 64 is undefined.
    return low | (uint64_t{static_cast<uint8_t>(bytes[bit / 8 + 8])} << 1) << (63 - shift);
  }

  const TableEntry* table_;
  uint64_t mask_;
  size_t values_per_load_;
  std::string_view stream_;
  const char* bytes_;  // Where bit 0 is.
  size_t bit_ = 0;     // The next one.
  size_t end_ = 0;     // No item may begin here.
  uint64_t* out_;      // The next one.
  uint64_t* out_end_;
  bool overrun_ = false;  // A run went beyond the last value.
};

void StreamReader::RunLanes(std::span<StreamReader> lanes) {
  static_assert(kLanes == 4);
  const TableEntry* const table = lanes[0].table_;
  const uint64_t mask = lanes[0].mask_;
  const size_t per_load = lanes[0].values_per_load_;
  for (;;) {
    size_t rounds = lanes[0].SureRounds();
    for (const StreamReader& lane : lanes) rounds = std::min(rounds, lane.SureRounds());
    if (rounds == 0) return;
    std::array<uint64_t*, kLanes> out;
    std::array<size_t, kLanes> bit;
    for (size_t i = 0; i < kLanes; ++i) {
      out[i] = lanes[i].out_;
      bit[i] = lanes[i].bit_;
    }
    bool plain = true;
    for (; plain && rounds > 0; --rounds) {
      std::array<uint64_t, kLanes> words;
      for (size_t i = 0; i < kLanes; ++i) {
        words[i] = BitsAt(lanes[i].bytes_, bit[i]);
      }
      std::array<uint64_t, kLanes> sums = {};
      size_t taken = 0;
      for (; taken < per_load; ++taken) {
        const std::array<TableEntry, kLanes> entries = {
            table[words[0] & mask], table[words[1] & mask], table[words[2] & mask],
            table[words[3] & mask]};
        plain = TableEntry::ArePlain(entries[0], entries[1], entries[2], entries[3]);
        if (!plain) break;
        for (size_t i = 0; i < kLanes; ++i) {
          out[i][taken] = entries[i].ValueOf(words[i]);
          words[i] >>= entries[i].word() & 63;
          sums[i] += entries[i].word();
        }
      }
      for (size_t i = 0; i < kLanes; ++i) {
        out[i] += taken;
        bit[i] += sums[i] & 0xFF;
      }
    }
    for (size_t i = 0; i < kLanes; ++i) {
      lanes[i].out_ = out[i];
      lanes[i].bit_ = bit[i];
    }
    if (plain) continue;
    for (StreamReader& lane : lanes) {
      if (lane.bit_ < lane.end_) lane.ReadOther();
    }
  }
}

// What the first byte says.
struct Head {
  ClassParameters parameters;
  bool laned = false;
};

Head ReadHead(ByteReader* reader, std::string_view field) {
  const uint8_t byte = reader->ReadByte(field);
  const Head head = {.parameters = {.exact_bits = (byte & ~kLanedFlag) >> kParameterShift,
                                    .mantissa_bits = byte & 0xF},
                     .laned = (byte & kLanedFlag) != 0};
  if (head.parameters.exact_bits <= kMaxExactBits &&
      head.parameters.mantissa_bits <= head.parameters.exact_bits) {
    return head;
  }
  reader->Fail(field, fmt::format("classes of kind {:02x}", byte));
  return {};
}

// How values are coded; `table` is the thread's own, and good until the next description is read.
struct Description {
  const DecodeTable* table;
  TableShape shape;
  bool laned;
};

std::optional<Description> ReadDescription(ByteReader* reader, std::string_view field) {
  const Head head = ReadHead(reader, field);
  if (!reader->ok()) return std::nullopt;
  const std::vector<uint8_t> lengths = ReadCodeLengths(reader, field, ClassesOf(head.parameters));
  if (!reader->ok()) return std::nullopt;
  thread_local DecodeTable table;
  return Description{&table, BuildTable(lengths, head.parameters, &table), head.laned};
}

using LaneSizes = std::array<uint64_t, kLanes>;
using LaneStreams = std::array<std::string_view, kLanes>;

// Reads the values of all lanes. False if the streams do not end with the last one. Up to the end
// of `behind`, which lies behind the streams, bytes may be touched.
bool ReadLanes(const Description& description, const LaneStreams& streams, std::string_view behind,
               std::span<uint64_t> out) {
  const auto reader_of = [&](size_t lane) {
    StreamReader stream(*description.table, description.shape, streams[lane],
                        LaneOf(out, description.laned, lane));
    stream.SetReadable(behind);
    return stream;
  };
  if (!description.laned) {
    return Wide([](StreamReader stream) { return stream.Finish(); }, reader_of(0));
  }
  return Wide(
      [](std::array<StreamReader, kLanes> lanes) {
        StreamReader::RunLanes(lanes);
        bool fits = true;
        for (StreamReader& lane : lanes) fits &= lane.Finish();
        return fits;
      },
      std::array<StreamReader, kLanes>{reader_of(0), reader_of(1), reader_of(2), reader_of(3)});
}

void FailCodes(ByteReader* reader, std::string_view field, size_t count) {
  reader->Fail(field, fmt::format("the codes do not make {} values", count));
}

}  // namespace

void ReadClassCodes(ByteReader* reader, std::string_view field, std::span<uint64_t> out) {
  if (out.empty()) return;
  const std::optional<Description> description = ReadDescription(reader, field);
  if (!description.has_value()) return;
  LaneSizes sizes = {};
  const size_t lanes = description->laned ? kLanes : 1;
  for (size_t lane = 0; lane < lanes; ++lane) sizes[lane] = reader->ReadVarint(field);
  LaneStreams streams;
  for (size_t lane = 0; lane < lanes; ++lane) streams[lane] = reader->ReadBytes(sizes[lane], field);
  if (reader->ok() && !ReadLanes(*description, streams, reader->rest(), out)) {
    FailCodes(reader, field, out.size());
  }
}

void ReadClassPieces(ByteReader* reader, std::string_view field, size_t count, size_t piece_size,
                     size_t first, size_t end, TakePiece take) {
  const std::optional<Description> description = ReadDescription(reader, field);
  if (!description.has_value()) return;
  if (!description->laned) return reader->Fail(field, "pieces without lanes");
  const size_t pieces = (count + piece_size - 1) / piece_size;
  // Of the pieces that are to be read; the others' are passed over.
  std::vector<LaneSizes> wanted;
  uint64_t before = 0;
  uint64_t total = 0;
  uint64_t size = 0;
  for (size_t piece = 0; piece < pieces && reader->ok(); ++piece) {
    if (piece == first) before = total;
    LaneSizes sizes = {};
    for (uint64_t& lane : sizes) {
      size += static_cast<uint64_t>(reader->ReadZigzag(field));
      // A sum of sizes that each fit the column does not overflow.
      if (size > reader->remaining()) return reader->Fail(field, "a piece beyond the column");
      lane = size;
      total += size;
    }
    if (piece >= first && piece < end) wanted.push_back(sizes);
  }
  const std::string_view bytes = reader->ReadBytes(total, field);
  if (!reader->ok()) return;
  ByteReader streams(bytes.substr(before));
  thread_local std::vector<uint64_t> buffer;
  if (buffer.size() < piece_size) buffer.resize(piece_size);
  for (size_t piece = first; piece < end; ++piece) {
    LaneStreams lanes;
    for (size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = streams.ReadBytes(wanted[piece - first][lane], field);
    }
    const auto values = std::span(buffer).first(std::min(piece_size, count - piece * piece_size));
    // What stands behind the column may be touched, too.
    const std::string_view behind(streams.rest().data(),
                                  streams.rest().size() + reader->rest().size());
    if (!ReadLanes(*description, lanes, behind, values)) return FailCodes(reader, field, count);
    take(piece, values);
  }
}

}  // namespace vigil::storage
