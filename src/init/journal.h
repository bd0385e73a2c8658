// What units write and what is said about them: lines in bounded files, one pair a unit, and on the console.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "init/clock.h"

namespace holm::init {

constexpr char kJournalFolder[] = "/var/log/journal/holm";
// Of the unit whose lines belong to no service: those of the first process itself.
constexpr char kInitUnit[] = "init.scope";

struct JournalEntry {
  Calendar time{};
  int priority = 6;  // As syslog's: 3 error, 4 warning, 6 information.
  pid_t process = 0;
  std::string identifier;
  std::string message;
};

// A line with its end. What would break it (line ends in a message) is replaced.
std::string encode_entry(const JournalEntry& entry);
// Nothing when it is no such line.
std::optional<JournalEntry> parse_entry(std::string_view line);

// Takes a "<3>" in front of a line, as systemd does, for its priority.
int take_priority(std::string_view& line);

// Writes. When a unit's file has grown to half its bound it becomes the older one of the two.
class Journal final {
 public:
  Journal(std::string folder, int console) : folder_(std::move(folder)), console_(console) {}
  // All of one unit; `console` is in addition what they look like there, in one piece.
  void add(const std::string& unit, const std::vector<JournalEntry>& entries);

 private:
  std::string folder_;
  int console_;
};

// A reader's view: the two files of each unit.
struct UnitEntry {
  std::string unit;
  JournalEntry entry;
  size_t place = 0;  // As it was read; for those of one moment.
};
// Those of the units named, or of all; in the order of time.
std::vector<UnitEntry> read_journal(const std::string& folder, const std::vector<std::string>& units);

}  // namespace holm::init
