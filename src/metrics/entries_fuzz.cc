// Any bytes as a record of the log: its entries are written and read alike.

#include "metrics/entries.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::metrics;
  std::string again;
  const EntryReader reader{.name = [&](uint64_t id, std::string_view key) { put_name(again, id, key); },
                           .slot = [&](uint64_t id, const Slot& slot) { put_slot(again, id, slot); }};
  (void)read_entries({reinterpret_cast<const char*>(data), size}, reader);
  std::string third;
  const EntryReader copy{.name = [&](uint64_t id, std::string_view key) { put_name(third, id, key); },
                         .slot = [&](uint64_t id, const Slot& slot) { put_slot(third, id, slot); }};
  if (!read_entries(again, copy) || third != again) __builtin_trap();
  return 0;
}
