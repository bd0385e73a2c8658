// ByteSource: bytes that arrive piece by piece, such as a body that is streamed.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"

namespace holm::async {

// The bytes were cut short or are malformed, or whoever should take them is gone.
class StreamError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Used by one task at a time, on one reactor's thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // The next piece, valid until the next call or the source's end; empty at the end of the bytes.
  // Throws StreamError when they are cut short.
  virtual Task<std::string_view> read() = 0;
  // How many bytes there are in all, if that is known beforehand.
  virtual std::optional<uint64_t> length() const { return std::nullopt; }
  // Fields that follow the bytes, as HTTP's trailers do: their names, in lower case, are known beforehand,
  // what they hold once read() has given the empty piece.
  virtual std::vector<std::string> trailer_names() const { return {}; }
  virtual std::optional<std::string> find_trailer(std::string_view) const { return std::nullopt; }
};

// A whole string in one piece.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}
  Task<std::string_view> read() override;
  std::optional<uint64_t> length() const override { return bytes_.size(); }

 private:
  std::string bytes_;
  bool taken_ = false;
};

struct TooLarge {
  size_t bytes_max;
};

// All bytes of `source`, which outlives the task; stops reading once there are more than
// `bytes_max`.
Task<std::expected<std::string, TooLarge>> read_all(ByteSource& source, size_t bytes_max);

}  // namespace holm::async
