// The syntax of unit files: sections of assignments. What an assignment means is not known here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holm::init {

struct Assignment {
  std::string section;
  std::string key;
  std::string value;  // Continued lines joined by a space; blanks at both ends gone.
  int line = 0;       // Where it begins, from 1.
};

// What somebody who wrote a unit should know: told with the file's name and the line.
struct Remark {
  std::string file;
  int line = 0;
  std::string text;
};

struct UnitFile {
  std::vector<Assignment> assignments;
  std::vector<Remark> remarks;
};

// Never fails: what is no assignment becomes a remark, as systemd has it. Bounded: a file of more than
// 1 MiB or 10,000 assignments is cut there and says so.
UnitFile parse_unit_file(std::string_view text, const std::string& file);

}  // namespace holm::init
