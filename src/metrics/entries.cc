// What a record of the log says.

#include "metrics/entries.h"

#include <bit>

#include "metrics/bits.h"

namespace holm::metrics {

namespace {

constexpr char kName = 'N', kValue = 'V', kSet = 'S';

void put_double(std::string& bytes, double number) {
  auto raw = std::bit_cast<uint64_t>(number);
  for (int i = 0; i < 8; ++i, raw >>= 8) bytes += static_cast<char>(raw & 0xFF);
}

bool take_double(std::string_view& bytes, double& number) {
  if (bytes.size() < 8) return false;
  uint64_t raw = 0;
  for (size_t i = 0; i < 8; ++i) raw |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  bytes.remove_prefix(8);
  number = std::bit_cast<double>(raw);
  return true;
}

bool take_statistics(std::string_view& bytes, Statistics& set) {
  uint64_t values = 0;
  if (!take_double(bytes, set.count) || !take_double(bytes, set.sum) || !take_double(bytes, set.min) ||
      !take_double(bytes, set.max) || !take_varint(bytes, values) || values > kDistinctValuesMax) {
    return false;
  }
  for (; values > 0; --values) {
    Weighted each;
    if (!take_double(bytes, each.value) || !take_double(bytes, each.count)) return false;
    set.values.push_back(each);
  }
  return true;
}

// False when it is no entry.
bool read_entry(std::string_view& bytes, const EntryReader& reader) {
  const char kind = bytes.front();
  bytes.remove_prefix(1);
  uint64_t id = 0, number = 0;
  if (!take_varint(bytes, id) || !take_varint(bytes, number)) return false;
  if (kind == kName) {
    if (number > bytes.size()) return false;
    reader.name(id, bytes.substr(0, number));
    bytes.remove_prefix(number);
    return true;
  }
  Slot slot{.time = unzigzag(number), .statistics = {}};
  if (kind == kValue) {
    double value = 0;
    if (!take_double(bytes, value)) return false;
    slot.statistics = Statistics::of(value);
  } else if (kind != kSet || !take_statistics(bytes, slot.statistics)) {
    return false;
  }
  reader.slot(id, std::move(slot));
  return true;
}

}  // namespace

void put_name(std::string& record, uint64_t id, std::string_view key) {
  record += kName;
  put_varint(record, id);
  put_varint(record, key.size());
  record += key;
}

void put_slot(std::string& record, uint64_t id, const Slot& slot) {
  const Statistics& set = slot.statistics;
  const bool is_value = set == Statistics::of(set.max);
  record += is_value ? kValue : kSet;
  put_varint(record, id);
  put_varint(record, zigzag(slot.time));
  if (is_value) return put_double(record, set.max);
  for (double each : {set.count, set.sum, set.min, set.max}) put_double(record, each);
  put_varint(record, set.values.size());
  for (const Weighted& each : set.values) {
    put_double(record, each.value);
    put_double(record, each.count);
  }
}

Result<void> read_entries(std::string_view record, const EntryReader& reader) {
  while (!record.empty()) {
    if (!read_entry(record, reader)) return failure("a record of the log of metrics is damaged");
  }
  return {};
}

}  // namespace holm::metrics
