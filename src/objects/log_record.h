// The records of the commit log: one a commit, with what it changes and the small bodies that it brings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "objects/bodies.h"

namespace holm::objects {

// Where a small body lies in the log, and its CRC32C.
struct Location {
  uint32_t segment = 0;
  uint64_t offset = 0;
  uint32_t bytes = 0;
  uint32_t crc = 0;

  bool operator==(const Location&) const = default;
};

std::string encode_location(const Location& location);
std::optional<Location> read_location(std::string_view bytes);

enum class OperationKind : uint8_t {
  Put = 1,      // key, value
  Erase = 2,    // key
  Content = 3,  // A small body: id; its bytes stand behind the operations.
  Extents = 4,  // A large body: id, and as `value` where it lies.
  Forget = 5,   // A body: id; of a small one where it lay.
  Moved = 6,    // As Content, of a body that was there already; `location` is where it lay before.
};

// One step of a commit. Views into what it was read from.
struct Operation {
  OperationKind kind = OperationKind::Put;
  std::string_view key = {};
  std::string_view value = {};
  BodyId body = 0;
  Location location = {};  // Of Content and Moved once read: where the bytes are.
  Location before = {};    // Of Moved and Forget: where they were.
};

struct LogRecord {
  uint64_t sequence = 0;
  // Everything up to here was durable before this record was written: it tells damage from a torn end.
  uint64_t durable = 0;
  uint64_t numbers = 0;  // Taken so far.
  std::vector<Operation> operations = {};
  size_t bytes = 0;  // Of the whole record, with its padding.
};

constexpr size_t kRecordAlignment = 8;
constexpr size_t kRecordHeadBytes = 48;

// Appends the bytes of a record for `segment`. The contents are those of its Content and Moved operations, in
// order.
void append_record(std::string& bytes, const LogRecord& record, uint32_t segment,
                   const std::vector<std::string_view>& contents);
// How many bytes into the record the first content begins.
size_t content_offset(std::string_view encoded);

// The record that `bytes` begin with, written for `segment`, where `bytes` stand at `offset`. Nothing: there
// is no whole record. The bytes may be anything.
std::optional<LogRecord> read_record(std::string_view bytes, uint32_t segment, uint64_t offset);
// Whether some record in `bytes` proves that `sequence` had been durable.
bool proves_durable(std::string_view bytes, uint32_t segment, uint64_t offset, uint64_t sequence);

}  // namespace holm::objects
