// Variables, and the reader of environment files.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=

#include "init/environment.h"

#include <algorithm>

#include "base/characters.h"
#include "base/strings.h"

namespace holm::init {

namespace {

constexpr size_t kVariablesMax = 4096;

// One value: quoted parts and bare ones follow each other; the bare end is trimmed.
class ValueReader {
 public:
  explicit ValueReader(std::string_view& text) : text_(text) {}

  std::string read() {
    while (!text_.empty() && text_.front() != '\n') {
      const char c = take();
      if (c == '\'') {
        read_single();
      } else if (c == '"') {
        read_double();
      } else if (c == '\\') {
        if (!text_.empty() && take_newline()) continue;
        if (!text_.empty()) keep(take());
      } else {
        value_ += c;
        if (c != ' ' && c != '\t' && c != '\r') kept_ = value_.size();
        else if (kept_ == 0) value_.clear();
      }
    }
    take_newline();
    value_.resize(kept_);
    return value_;
  }

 private:
  char take() {
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }

  bool take_newline() {
    if (text_.empty() || text_.front() != '\n') return false;
    text_.remove_prefix(1);
    return true;
  }

  void keep(char c) {
    value_ += c;
    kept_ = value_.size();
  }

  void read_single() {
    while (!text_.empty()) {
      const char c = take();
      if (c == '\'') break;
      keep(c);
    }
    kept_ = value_.size();
  }

  void read_double() {
    while (!text_.empty()) {
      const char c = take();
      if (c == '"') break;
      if (c != '\\' || text_.empty()) {
        keep(c);
        continue;
      }
      const char escaped = take();
      if (escaped == '\n') continue;
      if (std::string_view("\"\\`$").find(escaped) == std::string_view::npos) keep('\\');
      keep(escaped);
    }
    kept_ = value_.size();
  }

  std::string_view& text_;
  std::string value_;
  size_t kept_ = 0;  // What may not be trimmed away.
};

}  // namespace

void Environment::set(std::string_view name, std::string_view value) {
  for (auto& [known, old] : variables_) {
    if (known != name) continue;
    old = value;
    return;
  }
  variables_.emplace_back(name, value);
}

void Environment::set(std::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals != std::string_view::npos) set(assignment.substr(0, equals), assignment.substr(equals + 1));
}

void Environment::unset(std::string_view name) {
  std::erase_if(variables_, [name](const auto& variable) { return variable.first == name; });
}

const std::string* Environment::find(std::string_view name) const {
  for (const auto& [known, value] : variables_) {
    if (known == name) return &value;
  }
  return nullptr;
}

std::vector<std::string> Environment::assignments() const {
  std::vector<std::string> result;
  for (const auto& [name, value] : variables_) result.push_back(name + "=" + value);
  return result;
}

bool is_variable_name(std::string_view name) {
  if (name.empty() || (!is_letter(name.front()) && name.front() != '_')) return false;
  return is_alphanumeric(name, "_");
}

std::vector<std::string> parse_environment_file(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty() && result.size() < kVariablesMax) {
    const size_t start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const size_t line_end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, line_end);
    const size_t equals = line.find('=');
    const bool is_comment = line.starts_with('#') || line.starts_with(';');
    if (is_comment || equals == std::string_view::npos) {
      text.remove_prefix(line_end);
      continue;
    }
    const std::string name(trim(line.substr(0, equals)));
    text.remove_prefix(equals + 1);
    std::string value = ValueReader(text).read();
    const bool has_zero = value.find('\0') != std::string::npos;
    if (is_variable_name(name) && !has_zero) result.push_back(name + "=" + value);
  }
  return result;
}

}  // namespace holm::init
