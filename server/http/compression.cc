// SPDX-License-Identifier: Apache-2.0
#include "server/http/compression.h"

#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::server {
namespace {

// Answers are repetitive text: more effort gains a few percent and costs several times as much.
constexpr int kEffort = 1;
constexpr size_t kOutputBytes = 16 << 10;
constexpr size_t kInflatedBytes = 256 << 10;

// zlib's window bits: 15 for its own format, which HTTP calls deflate, 16 more for gzip's.
constexpr int kDeflateWindow = 15;
constexpr int kGzipWindow = kDeflateWindow + 16;
constexpr int kMemoryLevel = 8;

class Deflater {
 public:
  explicit Deflater(ContentCoding coding) {
    // Fails only for lack of memory or for figures that make no sense.
    VIGIL_CHECK(deflateInit2(&stream_, kEffort, Z_DEFLATED,
                             coding == ContentCoding::kGzip ? kGzipWindow : kDeflateWindow,
                             kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // `text` compressed, as far as it comes out already. Requires: nothing was `last` before.
  std::string Add(std::string_view text, bool last) {
    std::string out;
    char buffer[kOutputBytes];
    // zlib does not write to its input.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer);
      stream_.avail_out = sizeof(buffer);
      deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      out.append(buffer, sizeof(buffer) - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_ = {};
};

bool IsRefused(std::string_view parameters) {
  const size_t at = parameters.find("q=");
  double quality = 1;
  return at != std::string_view::npos && ParseDouble(Trim(parameters.substr(at + 2)), &quality) &&
         quality == 0;
}

}  // namespace

ContentCoding AcceptedCoding(std::string_view accept_encoding) {
  for (const std::string_view item : Split(accept_encoding, ',')) {
    const size_t semicolon = item.find(';');
    const std::string name = ToLower(Trim(item.substr(0, semicolon)));
    const ContentCoding coding = name == "gzip"      ? ContentCoding::kGzip
                                 : name == "deflate" ? ContentCoding::kDeflate
                                                     : ContentCoding::kNone;
    if (coding == ContentCoding::kNone) continue;
    if (semicolon == std::string_view::npos || !IsRefused(item.substr(semicolon))) return coding;
  }
  return ContentCoding::kNone;
}

HttpResponse Compress(const HttpRequest& request, HttpResponse response) {
  const ContentCoding coding = AcceptedCoding(request.Header("accept-encoding"));
  if (coding == ContentCoding::kNone) return response;
  if (response.body.empty() && response.rest == nullptr) return response;
  response.headers.emplace_back("Content-Encoding",
                                coding == ContentCoding::kGzip ? "gzip" : "deflate");
  const auto deflater = std::make_shared<Deflater>(coding);
  const bool whole = response.rest == nullptr;
  response.body = deflater->Add(response.body, whole);
  if (whole) return response;
  response.rest = [deflater, rest = std::move(response.rest)](std::string* piece) {
    std::string plain;
    const bool more = rest(&plain);
    *piece = deflater->Add(plain, !more);
    return more;
  };
  return response;
}

ContentCoding NamedCoding(std::string_view name) {
  const std::string lower = ToLower(Trim(name));
  if (lower == "gzip" || lower == "x-gzip") return ContentCoding::kGzip;
  if (lower == "deflate") return ContentCoding::kDeflate;
  return ContentCoding::kNone;
}

absl::StatusOr<std::string> Decompress(std::string_view bytes, ContentCoding coding,
                                       size_t max_bytes) {
  const bool gzip = coding == ContentCoding::kGzip;
  z_stream stream = {};
  VIGIL_CHECK(inflateInit2(&stream, gzip ? kGzipWindow : kDeflateWindow) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK && out.size() - stream.avail_out <= max_bytes) {
    if (stream.avail_out == 0) {
      const size_t before = out.size();
      out.resize(before + kInflatedBytes);
      stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      stream.avail_out = kInflatedBytes;
    }
    result = inflate(&stream, Z_NO_FLUSH);
    // A gzip file may have several members: together they are its content.
    if (result == Z_STREAM_END && gzip && stream.avail_in > 0) result = inflateReset(&stream);
  }
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  if (out.size() > max_bytes) {
    return absl::OutOfRangeError(
        fmt::format("the request has more than {} bytes decompressed, the limit", max_bytes));
  }
  if (result != Z_STREAM_END) {
    return absl::InvalidArgumentError(fmt::format(
        "the body is not {}, or it is damaged or cut short", gzip ? "gzip" : "deflate"));
  }
  return out;
}

}  // namespace vigil::server
