// Content-Encoding: gzip, over zlib.

#include "http/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>

#include "base/check.h"

namespace holm::http {

namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;

// Ends with its owner.
struct Inflation {
  z_stream stream{};
  bool is_open = false;
  Inflation() { is_open = ::inflateInit2(&stream, kGzipOnly) == Z_OK; }
  ~Inflation() {
    if (is_open) ::inflateEnd(&stream);
  }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;
};

struct Deflation {
  z_stream stream{};
  Deflation() {
    constexpr int kMemoryLevel = 8;  // zlib's own choice.
    CHECK(::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipOnly, kMemoryLevel,
                         Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Deflation() { ::deflateEnd(&stream); }
  Deflation(const Deflation&) = delete;
  Deflation& operator=(const Deflation&) = delete;
};

}  // namespace

std::string gzip(std::string_view bytes) {
  Deflation deflation;
  z_stream& stream = deflation.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string result;
  std::array<char, 16 << 10> buffer;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    status = ::deflate(&stream, Z_FINISH);
    CHECK(status == Z_OK || status == Z_STREAM_END);
    result.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  return result;
}

Result<std::string> gunzip(std::string_view bytes, size_t bytes_max) {
  Inflation inflation;
  if (!inflation.is_open) return failure("there is no memory to uncompress the body");
  z_stream& stream = inflation.stream;
  // zlib's interface takes pointers to what it does not change.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string result;
  std::array<char, 16 << 10> buffer;
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) return failure("the body is not what gzip makes");
    result.append(buffer.data(), buffer.size() - stream.avail_out);
    if (result.size() > bytes_max)
      return failure(fmt::format("the body uncompressed is larger than {} bytes", bytes_max));
    if (status == Z_STREAM_END) break;
  }
  if (stream.avail_in > 0) return failure("something follows the compressed body");
  return result;
}

}  // namespace holm::http
