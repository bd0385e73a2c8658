// What a record of the log says. Private to this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "metrics/block.h"

namespace holm::metrics {

// From here on `id` stands for the series of that key.
void put_name(std::string& record, uint64_t id, std::string_view key);
// More was measured of series `id`.
void put_slot(std::string& record, uint64_t id, const Slot& slot);

struct EntryReader {
  std::function<void(uint64_t id, std::string_view key)> name;
  std::function<void(uint64_t id, Slot slot)> slot;
};
// Calls back in the order of writing, up to the first thing that is no entry; that is an error.
Result<void> read_entries(std::string_view record, const EntryReader& reader);

}  // namespace holm::metrics
