// Lists of texts as bytes.

#include "init/control_message.h"

#include <cstdint>

namespace holm::init {

namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kFieldsMax = 8192;

void append_length(std::string& bytes, size_t length) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((length >> shift) & 0xFF);
}

size_t read_length(std::string_view bytes) {
  size_t length = 0;
  for (const char c : bytes.substr(0, kLengthBytes)) length = length << 8 | static_cast<uint8_t>(c);
  return length;
}

}  // namespace

std::string encode_fields(const Fields& fields) {
  std::string body;
  for (const std::string& field : fields) {
    append_length(body, field.size());
    body += field;
  }
  std::string bytes;
  append_length(bytes, body.size());
  return bytes + body;
}

Result<std::optional<Fields>> decode_fields(std::string_view bytes, size_t bytes_max) {
  if (bytes.size() < kLengthBytes) return std::nullopt;
  const size_t length = read_length(bytes);
  if (length > bytes_max) return failure("a message that is too long");
  if (bytes.size() - kLengthBytes < length) return std::nullopt;
  std::string_view body = bytes.substr(kLengthBytes, length);
  Fields fields;
  while (!body.empty()) {
    if (body.size() < kLengthBytes || fields.size() == kFieldsMax) return failure("a message without sense");
    const size_t size = read_length(body);
    body.remove_prefix(kLengthBytes);
    if (size > body.size()) return failure("a message without sense");
    fields.emplace_back(body.substr(0, size));
    body.remove_prefix(size);
  }
  return fields;
}

}  // namespace holm::init
