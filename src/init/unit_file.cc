// Lines to assignments.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html

#include "init/unit_file.h"

#include <optional>

#include "base/strings.h"

namespace holm::init {

namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr size_t kAssignmentsMax = 10'000;
constexpr size_t kRemarksMax = 100;

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  UnitFile read() {
    if (text_.size() > kFileBytesMax) {
      remark("the file has more than 1 MiB; the rest is ignored");
      text_ = text_.substr(0, kFileBytesMax);
    }
    while (auto line = next_logical_line()) {
      if (result_.assignments.size() == kAssignmentsMax) {
        remark("more than 10000 assignments; the rest is ignored");
        break;
      }
      take(*line);
    }
    return std::move(result_);
  }

 private:
  std::optional<std::string_view> next_line() {
    if (text_.empty()) return std::nullopt;
    const size_t end = text_.find('\n');
    std::string_view line = text_.substr(0, end);
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    ++line_;
    return line;
  }

  static bool is_comment(std::string_view line) { return line.starts_with('#') || line.starts_with(';'); }

  // Comments between the parts of a continued line do not end it.
  std::optional<std::string> next_logical_line() {
    std::string joined;
    bool continues = false;
    while (auto line = next_line()) {
      std::string_view part = trim(*line);
      if (is_comment(part) || (part.empty() && !continues)) continue;
      if (!continues) first_line_ = line_;
      continues = part.ends_with('\\');
      if (continues) part.remove_suffix(1);
      joined += part;
      if (!continues) return joined;
      joined += ' ';
    }
    if (joined.empty()) return std::nullopt;
    return joined;
  }

  void take(std::string_view line) {
    line = trim(line);
    if (line.empty()) return;
    if (line.starts_with('[')) {
      if (!line.ends_with(']')) return remark("a section's name ends with ]");
      section_ = line.substr(1, line.size() - 2);
      return;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) return remark("not an assignment: NAME=VALUE");
    if (section_.empty()) return remark("an assignment outside of a section");
    if (line.find('\0') != std::string_view::npos) return remark("a byte of value 0");
    result_.assignments.push_back({.section = section_,
                                   .key = std::string(trim(line.substr(0, equals))),
                                   .value = std::string(trim(line.substr(equals + 1))),
                                   .line = first_line_});
  }

  void remark(std::string text) {
    if (result_.remarks.size() == kRemarksMax) return;
    result_.remarks.push_back({.file = file_, .line = first_line_, .text = std::move(text)});
  }

  std::string_view text_;
  const std::string& file_;
  int line_ = 0;
  int first_line_ = 1;
  std::string section_;
  UnitFile result_;
};

}  // namespace

UnitFile parse_unit_file(std::string_view text, const std::string& file) { return Reader(text, file).read(); }

}  // namespace holm::init
