// Sources of bytes that are at hand, and reading a source to its end.

#include "async/byte_source.h"

#include <algorithm>

namespace holm::async {

Task<std::string_view> StringSource::read() {
  std::string_view piece;
  if (!taken_) piece = bytes_;
  taken_ = true;
  co_return piece;
}

Task<std::expected<std::string, TooLarge>> read_all(ByteSource& source, size_t bytes_max) {
  std::string bytes;
  std::optional<uint64_t> length = source.length();
  if (length && *length > bytes_max) co_return std::unexpected(TooLarge{bytes_max});
  // A length is only a claim until the bytes are there, so it buys no more than this.
  constexpr uint64_t kReserveMax = 1024 * 1024;
  if (length) bytes.reserve(static_cast<size_t>(std::min(*length, kReserveMax)));
  while (true) {
    std::string_view piece = co_await source.read();
    if (piece.empty()) co_return bytes;
    if (piece.size() > bytes_max - bytes.size()) co_return std::unexpected(TooLarge{bytes_max});
    bytes += piece;
  }
}

}  // namespace holm::async
