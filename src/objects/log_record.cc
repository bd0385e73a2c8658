// The records of the commit log as bytes: a head of 48 bytes, the operations, the contents, zeros up to the
// next multiple of 8. One CRC32C covers head and operations, one each content.

#include "objects/log_record.h"

#include <cstring>

#include "crypto/crc.h"
#include "objects/coding.h"

namespace holm::objects {

namespace {

constexpr uint32_t kMagic = 0x4c4d4c48;  // "HLML"
constexpr size_t kChecked = 8;           // The checksum covers what is behind it.

struct Head {
  uint32_t crc = 0, operation_bytes = 0, content_bytes = 0, segment = 0, operation_count = 0;
  uint64_t sequence = 0, durable = 0, numbers = 0;
};

size_t padded(size_t bytes) { return (bytes + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment; }

std::optional<Head> read_head(std::string_view bytes) {
  ByteReader reader(bytes.substr(0, kRecordHeadBytes));
  uint32_t magic = 0;
  Head head;
  if (!reader.u32(magic) || magic != kMagic) return std::nullopt;
  if (!reader.u32(head.crc) || !reader.u32(head.operation_bytes) || !reader.u32(head.content_bytes) ||
      !reader.u32(head.segment) || !reader.u32(head.operation_count) || !reader.u64(head.sequence) ||
      !reader.u64(head.durable) || !reader.u64(head.numbers)) {
    return std::nullopt;
  }
  return head;
}

// The head of a record that fits into `bytes` and whose operations are whole.
std::optional<Head> checked_head(std::string_view bytes, uint32_t segment) {
  const auto head = read_head(bytes);
  if (!head || head->segment != segment) return std::nullopt;
  const size_t end = kRecordHeadBytes + size_t{head->operation_bytes};
  if (padded(end + size_t{head->content_bytes}) > bytes.size()) return std::nullopt;
  if (crypto::crc32c(bytes.substr(kChecked, end - kChecked)) != head->crc) return std::nullopt;
  return head;
}

bool read_content(ByteReader& reader, Location& location) {
  return reader.varint32(location.bytes) && reader.u32(location.crc);
}

bool read_place(ByteReader& reader, Location& location) {
  return reader.varint32(location.segment) && reader.varint(location.offset) &&
         read_content(reader, location);
}

void put_place(std::string& out, const Location& location) {
  put_varint(out, location.segment);
  put_varint(out, location.offset);
  put_varint(out, location.bytes);
  put_u32(out, location.crc);
}

bool read_operation(ByteReader& reader, Operation& operation) {
  std::string_view kind;
  if (!reader.bytes(1, kind)) return false;
  operation.kind = static_cast<OperationKind>(kind.front());
  switch (operation.kind) {
    case OperationKind::Put: return reader.text(operation.key) && reader.text(operation.value);
    case OperationKind::Erase: return reader.text(operation.key);
    case OperationKind::Content:
      return reader.varint(operation.body) && read_content(reader, operation.location);
    case OperationKind::Extents: return reader.varint(operation.body) && reader.text(operation.value);
    case OperationKind::Forget: return reader.varint(operation.body) && read_place(reader, operation.before);
    case OperationKind::Moved:
      return reader.varint(operation.body) && read_content(reader, operation.location) &&
             read_place(reader, operation.before);
  }
  return false;
}

bool has_content(OperationKind kind) {
  return kind == OperationKind::Content || kind == OperationKind::Moved;
}

void put_operation(std::string& out, const Operation& operation, std::string_view content) {
  out.push_back(static_cast<char>(operation.kind));
  const bool is_keyed = operation.kind == OperationKind::Put || operation.kind == OperationKind::Erase;
  if (is_keyed) {
    put_text(out, operation.key);
  } else {
    put_varint(out, operation.body);
  }
  if (operation.kind == OperationKind::Put || operation.kind == OperationKind::Extents) {
    put_text(out, operation.value);
  }
  if (has_content(operation.kind)) {
    put_varint(out, content.size());
    put_u32(out, crypto::crc32c(content));
  }
  if (operation.kind == OperationKind::Forget || operation.kind == OperationKind::Moved) {
    put_place(out, operation.before);
  }
}

}  // namespace

std::string encode_location(const Location& location) {
  std::string bytes;
  put_place(bytes, location);
  return bytes;
}

std::optional<Location> read_location(std::string_view bytes) {
  ByteReader reader(bytes);
  Location location;
  if (!read_place(reader, location) || !reader.is_at_end()) return std::nullopt;
  return location;
}

void append_record(std::string& bytes, const LogRecord& record, uint32_t segment,
                   const std::vector<std::string_view>& contents) {
  const size_t begin = bytes.size();
  bytes.append(kRecordHeadBytes, '\0');  // Once it is known what stands behind it.
  size_t content_bytes = 0, next = 0;
  for (const Operation& operation : record.operations) {
    std::string_view content;
    if (has_content(operation.kind)) content = contents[next++];
    content_bytes += content.size();
    put_operation(bytes, operation, content);
  }
  const size_t operation_bytes = bytes.size() - begin - kRecordHeadBytes;
  std::string head;
  head.reserve(kRecordHeadBytes - kChecked);
  put_u32(head, static_cast<uint32_t>(operation_bytes));
  put_u32(head, static_cast<uint32_t>(content_bytes));
  put_u32(head, segment);
  put_u32(head, static_cast<uint32_t>(record.operations.size()));
  put_u64(head, record.sequence);
  put_u64(head, record.durable);
  put_u64(head, record.numbers);
  bytes.replace(begin + kChecked, head.size(), head);
  const uint32_t crc = crypto::crc32c(std::string_view(bytes).substr(begin + kChecked));
  head.clear();
  put_u32(head, kMagic);
  put_u32(head, crc);
  bytes.replace(begin, kChecked, head);
  for (std::string_view content : contents) bytes += content;
  bytes.resize(begin + padded(bytes.size() - begin), '\0');
}

size_t content_offset(std::string_view encoded) {
  const auto head = read_head(encoded);
  return head ? kRecordHeadBytes + size_t{head->operation_bytes} : 0;
}

std::optional<LogRecord> read_record(std::string_view bytes, uint32_t segment, uint64_t offset) {
  const auto head = checked_head(bytes, segment);
  if (!head) return std::nullopt;
  LogRecord record{.sequence = head->sequence, .durable = head->durable, .numbers = head->numbers};
  size_t at = kRecordHeadBytes + size_t{head->operation_bytes};
  const size_t end = at + size_t{head->content_bytes};
  ByteReader reader(bytes.substr(kRecordHeadBytes, head->operation_bytes));
  while (!reader.is_at_end()) {
    Operation operation;
    if (!read_operation(reader, operation)) return std::nullopt;
    if (has_content(operation.kind)) {
      operation.location.segment = segment;
      operation.location.offset = offset + at;
      if (operation.location.bytes > end - at) return std::nullopt;
      if (crypto::crc32c(bytes.substr(at, operation.location.bytes)) != operation.location.crc) {
        return std::nullopt;
      }
      at += operation.location.bytes;
    }
    record.operations.push_back(operation);
  }
  if (at != end || record.operations.size() != head->operation_count) return std::nullopt;
  record.bytes = padded(end);
  return record;
}

bool proves_durable(std::string_view bytes, uint32_t segment, uint64_t offset, uint64_t sequence) {
  size_t at = (kRecordAlignment - offset % kRecordAlignment) % kRecordAlignment;
  for (; at + kRecordHeadBytes <= bytes.size(); at += kRecordAlignment) {
    uint32_t magic = 0;
    std::memcpy(&magic, bytes.data() + at, sizeof magic);
    if (magic != kMagic) continue;
    const auto head = checked_head(bytes.substr(at), segment);
    if (head && head->durable >= sequence) return true;
  }
  return false;
}

}  // namespace holm::objects
