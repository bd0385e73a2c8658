// Unpacks what make_empty_database packed.

#include "region/empty_database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/unique_fd.h"
#include "region/packed_database.h"

namespace holm::region {

namespace {

Result<void> write_all(int file, const Bytef* bytes, size_t count) {
  while (count > 0) {
    const ssize_t written = ::write(file, bytes, count);
    if (written < 0) return failure(std::strerror(errno));
    bytes += written;
    count -= static_cast<size_t>(written);
  }
  return {};
}

}  // namespace

// By the piece, because the machine takes longer to hand out memory for the whole than to write it.
Result<void> write_empty_database(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return failure(fmt::format("{}: {}", path, std::strerror(errno)));
  const std::string_view packed = packed_database();
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  CHECK(::inflateInit(&stream) == Z_OK);
  std::array<Bytef, 64 << 10> piece;
  Result<void> written;
  int state = Z_OK;
  while (state == Z_OK && written) {
    stream.next_out = piece.data();
    stream.avail_out = piece.size();
    state = ::inflate(&stream, Z_NO_FLUSH);
    written = write_all(file.get(), piece.data(), piece.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (!written) return failure(path + ": " + written.error().message);
  CHECK(state == Z_STREAM_END);
  return {};
}

}  // namespace holm::region
