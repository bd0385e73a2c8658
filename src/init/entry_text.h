// How journal entries look, and the times by which they are asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "init/journal.h"

namespace holm::init {

enum class EntryFormat {
  Short,  // "Nov 21 07:06:00 ip-10-0-0-5 nginx[123]: text"
  ShortIso,
  ShortPrecise,
  Cat,  // The text alone.
  Json,
};
std::optional<EntryFormat> parse_entry_format(std::string_view name);

// Without the line's end.
std::string entry_text(const JournalEntry& entry, EntryFormat format, const std::string& unit = "");

// "2025-11-21 07:06:00", "2025-11-21", "07:06", "today", "yesterday", "now", "-1h", "5 min ago",
// "@1763708760": in local time, relative to `now`.
std::optional<Calendar> parse_moment(std::string_view text, Calendar now);

}  // namespace holm::init
