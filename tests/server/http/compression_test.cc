// SPDX-License-Identifier: Apache-2.0
#include "server/http/compression.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using ::vigil::testing::StatusIs;

HttpRequest Accepting(std::string codings) {
  HttpRequest request;
  request.headers["accept-encoding"] = std::move(codings);
  return request;
}

// What is in `compressed`, gzip's or zlib's.
std::string Inflate(std::string compressed) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 32), Z_OK);
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = compressed.size();
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = text.size();
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(text.size() - stream.avail_out);
  inflateEnd(&stream);
  return text;
}

TEST(CompressionTest, TheFirstKnownCodingIsTaken) {
  EXPECT_EQ(AcceptedCoding("gzip"), ContentCoding::kGzip);
  EXPECT_EQ(AcceptedCoding("br, GZIP;q=0.8, deflate"), ContentCoding::kGzip);
  EXPECT_EQ(AcceptedCoding("deflate, gzip"), ContentCoding::kDeflate);
  EXPECT_EQ(AcceptedCoding("gzip;q=0, deflate;q=0.1"), ContentCoding::kDeflate);
  EXPECT_EQ(AcceptedCoding("gzip; q=0.0"), ContentCoding::kNone);
  EXPECT_EQ(AcceptedCoding("identity"), ContentCoding::kNone);
  EXPECT_EQ(AcceptedCoding("x-gzip, *"), ContentCoding::kNone);
  EXPECT_EQ(AcceptedCoding(""), ContentCoding::kNone);
}

TEST(CompressionTest, WholeBodies) {
  const std::string text(100'000, 'x');
  for (const std::string coding : {"gzip", "deflate"}) {
    const HttpResponse response = Compress(Accepting(coding), {.body = text});
    EXPECT_LT(response.body.size(), 1000u);
    EXPECT_EQ(Inflate(response.body), text);
    EXPECT_THAT(response.headers, UnorderedElementsAre(Pair("Content-Encoding", coding)));
  }
}

TEST(CompressionTest, BodiesInPieces) {
  int left = 3;
  HttpResponse response =
      Compress(Accepting("gzip"), {.body = "first", .rest = [&left](std::string* piece) {
                                     *piece = std::string(50'000, 'a' + left);
                                     return --left > 0;
                                   }});
  std::string bytes = response.body;
  for (bool more = true; more;) {
    std::string piece;
    more = response.rest(&piece);
    bytes += piece;
  }
  EXPECT_EQ(Inflate(bytes), "first" + std::string(50'000, 'd') + std::string(50'000, 'c') +
                                std::string(50'000, 'b'));
}

TEST(DecompressTest, GivesBackWhatWasCompressed) {
  for (const std::string coding : {"gzip", "deflate"}) {
    for (const size_t size : {0, 1, 1000, 262'144, 262'145, 1'000'000}) {
      const std::string text(size, 'x');
      const std::string bytes = Compress(Accepting(coding), {.body = text + "."}).body;
      EXPECT_EQ(Decompress(bytes, NamedCoding(coding), size + 1).value(), text + ".");
      EXPECT_THAT(Decompress(bytes, NamedCoding(coding), size),
                  StatusIs(absl::StatusCode::kOutOfRange));
    }
  }
}

TEST(DecompressTest, MembersOfAGzipFileAreJoined) {
  std::string bytes;
  for (const std::string part : {"one ", "two ", "three"}) {
    bytes += Compress(Accepting("gzip"), {.body = part}).body;
  }
  EXPECT_EQ(Decompress(bytes, ContentCoding::kGzip, 1000).value(), "one two three");
  EXPECT_THAT(Decompress(bytes, ContentCoding::kGzip, 12), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Decompress(bytes + "no member", ContentCoding::kGzip, 1000),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(DecompressTest, EmptyMembersAddNothing) {
  const std::string one = Compress(Accepting("gzip"), {.body = "one"}).body;
  const std::string empty("\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0", 20);
  std::string bytes = one;
  for (int i = 0; i < 1000; ++i) bytes += empty;
  bytes += one;
  EXPECT_EQ(Decompress(bytes, ContentCoding::kGzip, 6).value(), "oneone");
  EXPECT_EQ(Decompress(empty, ContentCoding::kGzip, 6).value(), "");
}

TEST(DecompressTest, DamageIsNoticed) {
  for (const std::string name : {"gzip", "deflate"}) {
    const ContentCoding coding = NamedCoding(name);
    std::string bytes = Compress(Accepting(name), {.body = std::string(1000, 'x')}).body;
    EXPECT_THAT(Decompress("plain text", coding, 1000),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(Decompress("", coding, 1000), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(Decompress(bytes.substr(0, bytes.size() - 1), coding, 1000),
                StatusIs(absl::StatusCode::kInvalidArgument));
    bytes[bytes.size() - (name == "gzip" ? 6 : 2)] ^= 1;  // Of the checksum.
    EXPECT_THAT(Decompress(bytes, coding, 1000), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(DecompressTest, NamesOfCodings) {
  EXPECT_EQ(NamedCoding("gzip"), ContentCoding::kGzip);
  EXPECT_EQ(NamedCoding(" X-GZip "), ContentCoding::kGzip);
  EXPECT_EQ(NamedCoding("deflate"), ContentCoding::kDeflate);
  EXPECT_EQ(NamedCoding("zstd"), ContentCoding::kNone);
  EXPECT_EQ(NamedCoding(""), ContentCoding::kNone);
}

TEST(CompressionTest, WhatStaysAsItIs) {
  EXPECT_EQ(Compress(Accepting("identity"), {.body = "text"}).body, "text");
  const HttpResponse empty = Compress(Accepting("gzip"), {.status = 204});
  EXPECT_EQ(empty.body, "");
  EXPECT_THAT(empty.headers, IsEmpty());
}

}  // namespace
}  // namespace vigil::server
