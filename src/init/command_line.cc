// Command lines of units.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines

#include "init/command_line.h"

#include "base/strings.h"

namespace holm::init {

namespace {

constexpr size_t kWordsMax = 4096;

struct Word {
  std::string text;
  bool is_quoted = false;
};

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

void append_utf8(std::string& text, unsigned point) {
  auto push = [&text](unsigned byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    push(point);
  } else if (point < 0x800) {
    push(0xC0 | (point >> 6));
    push(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    push(0xE0 | (point >> 12));
    push(0x80 | ((point >> 6) & 0x3F));
    push(0x80 | (point & 0x3F));
  } else {
    push(0xF0 | (point >> 18));
    push(0x80 | ((point >> 12) & 0x3F));
    push(0x80 | ((point >> 6) & 0x3F));
    push(0x80 | (point & 0x3F));
  }
}

// `digits` of base `base` at the front of `text`, taken away; nothing when they are not there.
std::optional<unsigned> take_number(std::string_view& text, size_t digits, int base) {
  if (text.size() < digits) return std::nullopt;
  unsigned value = 0;
  for (char c : text.substr(0, digits)) {
    if (digit_value(c) >= base) return std::nullopt;
    value = value * static_cast<unsigned>(base) + static_cast<unsigned>(digit_value(c));
  }
  text.remove_prefix(digits);
  return value;
}

// `text` begins after the backslash. An escape nobody knows stays as it is written.
void take_escape(std::string_view& text, std::string& word) {
  if (text.empty()) {
    word += '\\';
    return;
  }
  const char kind = text.front();
  constexpr std::string_view kKinds = "abfnrtvs\\\"'";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v \\\"'";
  if (const size_t at = kKinds.find(kind); at != std::string_view::npos) {
    text.remove_prefix(1);
    word += kMeanings[at];
    return;
  }
  std::string_view rest = text.substr(1);
  std::optional<unsigned> value;
  if (kind == 'x') {
    value = take_number(rest, 2, 16);
  } else if (kind == 'u') {
    value = take_number(rest, 4, 16);
  } else if (kind == 'U') {
    value = take_number(rest, 8, 16);
  } else if (kind >= '0' && kind <= '7') {
    rest = text;
    value = take_number(rest, 3, 8);
  }
  const unsigned largest = kind == 'u' || kind == 'U' ? 0x10FFFF : 0xFF;
  if (!value || *value == 0 || *value > largest) {
    word += '\\';
    return;
  }
  text = rest;
  if (kind == 'u' || kind == 'U') append_utf8(word, *value);
  else word += static_cast<char>(*value);
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Result<std::vector<Word>> read_words(std::string_view text) {
  std::vector<Word> words;
  while (true) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    if (text.empty()) return words;
    if (words.size() == kWordsMax) return failure("more than 4096 words");
    Word word;
    char quote = 0;
    while (!text.empty() && (quote != 0 || !is_blank(text.front()))) {
      const char c = text.front();
      text.remove_prefix(1);
      if (quote != 0 && c == quote) {
        quote = 0;
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
        word.is_quoted = true;
      } else if (c == '\\') {
        // "\;" is a semicolon that separates nothing.
        if (word.text.empty() && quote == 0 && (text == ";" || text.starts_with("; "))) word.is_quoted = true;
        else take_escape(text, word.text);
      } else {
        word.text += c;
      }
    }
    if (quote != 0) return failure("a quote that does not end");
    words.push_back(std::move(word));
  }
}

// The characters before the program's name.
void take_prefixes(std::string& word, Command& command, bool& names_itself) {
  size_t count = 0;
  for (; count < word.size(); ++count) {
    const char c = word[count];
    if (c == '-') command.ignores_failure = true;
    else if (c == ':') command.keeps_variables = true;
    else if (c == '+' || c == '!') command.is_privileged = true;
    else if (c == '@') names_itself = true;
    else break;
  }
  word.erase(0, count);
}

}  // namespace

Result<std::string> expand_specifiers(std::string_view text, const Specifiers& specifiers) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    const char letter = text[++i];
    if (letter == '%') {
      result += '%';
      continue;
    }
    auto value = specifiers(letter);
    if (!value) return failure(std::string("the specifier %") + letter + " is not understood");
    result += *value;
  }
  return result;
}

Result<std::vector<std::string>> split_words(std::string_view text) {
  auto words = read_words(text);
  if (!words) return std::unexpected(words.error());
  std::vector<std::string> result;
  for (Word& word : *words) result.push_back(std::move(word.text));
  return result;
}

Result<std::vector<Command>> parse_commands(std::string_view line, const Specifiers& specifiers) {
  auto words = read_words(line);
  if (!words) return std::unexpected(words.error());
  std::vector<Command> commands;
  bool begins = true;
  bool names_itself = false;
  for (Word& word : *words) {
    if (word.text == ";" && !word.is_quoted) {
      begins = true;
      continue;
    }
    if (begins) {
      commands.emplace_back();
      names_itself = false;
      take_prefixes(word.text, commands.back(), names_itself);
      if (word.text.empty()) return failure("a command without a program");
    }
    auto expanded = expand_specifiers(word.text, specifiers);
    if (!expanded) return std::unexpected(expanded.error());
    Command& command = commands.back();
    const bool is_name = !begins && names_itself && command.words.size() == 1 && command.shown_name.empty();
    if (is_name) command.shown_name = std::move(*expanded);
    else command.words.push_back(std::move(*expanded));
    begins = false;
  }
  for (const Command& command : commands) {
    const std::string& program = command.words.front();
    if (program.empty()) return failure("a command without a program");
    if (program.ends_with('/')) return failure("a program's path does not end with /: " + program);
    if (program.find('/') != std::string::npos && !program.starts_with('/')) {
      return failure("a program is a name or an absolute path: " + program);
    }
  }
  return commands;
}

namespace {

// "${NAME}" and "$$" within a word.
std::string expand_word(std::string_view word, const Environment& environment) {
  std::string result;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '$' || i + 1 == word.size()) {
      result += word[i];
      continue;
    }
    const size_t close = word[i + 1] == '{' ? word.find('}', i) : std::string_view::npos;
    if (word[i + 1] == '$') {
      result += '$';
      ++i;
    } else if (close != std::string_view::npos && is_variable_name(word.substr(i + 2, close - i - 2))) {
      if (const std::string* value = environment.find(word.substr(i + 2, close - i - 2))) result += *value;
      i = close;
    } else {
      result += '$';
    }
  }
  return result;
}

}  // namespace

std::vector<std::string> expand_variables(const Command& command, const Environment& environment) {
  std::vector<std::string> result{command.shown_name.empty() ? command.words.front() : command.shown_name};
  for (size_t i = 1; i < command.words.size(); ++i) {
    const std::string& word = command.words[i];
    if (command.keeps_variables) {
      result.push_back(word);
    } else if (word.starts_with('$') && is_variable_name(std::string_view(word).substr(1))) {
      const std::string* value = environment.find(std::string_view(word).substr(1));
      if (value == nullptr) continue;
      auto parts = split_words(*value);
      // A value with an open quote is taken as it is.
      if (!parts) result.push_back(*value);
      else result.insert(result.end(), parts->begin(), parts->end());
    } else {
      result.push_back(expand_word(word, environment));
    }
  }
  return result;
}

}  // namespace holm::init
