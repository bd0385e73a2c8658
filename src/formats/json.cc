// JSON: a strict recursive reader with places, and a writer.

#include "formats/json.h"

#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "formats/members.h"

namespace holm::formats {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, unsigned code) {
  auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

// How long the number at the start of `text` is; 0 when none stands there.
size_t number_length(std::string_view text) {
  size_t at = 0;
  auto digits = [&] {
    const size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - start;
  };
  if (at < text.size() && text[at] == '-') ++at;
  const size_t whole = at;
  const size_t count = digits();
  if (count == 0 || (count > 1 && text[whole] == '0')) return 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return 0;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return 0;
  }
  return at;
}

// Each function reads one thing at `at_` and returns false after noting the first error.
class Reader {
 public:
  Reader(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

  Result<Value, ParseError> read() {
    Value value;
    if (text_.size() > limits_.bytes)
      return std::unexpected(ParseError{"The text is too long.", {}});
    if (!read_value(value, 0)) return std::unexpected(error_);
    skip_space();
    if (at_ < text_.size()) {
      fail("Nothing may follow the value.");
      return std::unexpected(error_);
    }
    return value;
  }

 private:
  Place place() const { return {line_, static_cast<int>(at_ - line_start_) + 1}; }

  bool fail(std::string message) {
    error_ = {std::move(message), place()};
    return false;
  }

  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool read_value(Value& value, int depth) {
    skip_space();
    if (at_ >= text_.size()) return fail("The text ends where a value should be.");
    if (++values_ > limits_.values) return fail("The text holds too many values.");
    const Place start = place();
    const bool read = read_value_at(value, depth);
    value.place = start;
    return read;
  }

  bool read_value_at(Value& value, int depth) {
    switch (text_[at_]) {
      case '{':
        if (depth >= limits_.depth) return fail("The text is nested too deeply.");
        return read_object(value, depth + 1);
      case '[':
        if (depth >= limits_.depth) return fail("The text is nested too deeply.");
        return read_array(value, depth + 1);
      case '"':
        return read_string(value.data.emplace<std::string>());
      case 't':
        return read_word("true", value, true);
      case 'f':
        return read_word("false", value, false);
      case 'n':
        return read_word("null", value, {});
      default:
        return read_number(value);
    }
  }

  bool read_word(std::string_view word, Value& value, Value meaning) {
    if (!text_.substr(at_).starts_with(word)) return fail("A value should be here.");
    at_ += word.size();
    value = std::move(meaning);
    return true;
  }

  bool read_number(Value& value) {
    const size_t length = number_length(text_.substr(at_));
    if (length == 0) return fail("A value should be here.");
    const std::string_view number = text_.substr(at_, length);
    at_ += length;
    value = number_from_text(number);
    return true;
  }

  bool read_object(Value& value, int depth) {
    ++at_;
    ObjectBuilder builder;
    skip_space();
    if (!take('}')) {
      do {
        skip_space();
        const Place start = place();
        std::string name;
        if (at_ >= text_.size() || text_[at_] != '"')
          return fail("A name in quotes should be here.");
        if (!read_string(name)) return false;
        skip_space();
        if (!take(':')) return fail("A colon should be here.");
        Value member;
        if (!read_value(member, depth)) return false;
        if (!builder.add(name, std::move(member))) {
          error_ = {"The name \"" + name + "\" is repeated.", start};
          return false;
        }
        skip_space();
      } while (take(','));
      if (!take('}')) return fail("A comma or a closing brace should be here.");
    }
    value.data = builder.take();
    return true;
  }

  bool read_array(Value& value, int depth) {
    ++at_;
    Array array;
    skip_space();
    if (!take(']')) {
      do {
        if (!read_value(array.emplace_back(), depth)) return false;
        skip_space();
      } while (take(','));
      if (!take(']')) return fail("A comma or a closing bracket should be here.");
    }
    value.data = std::move(array);
    return true;
  }

  bool read_string(std::string& out) {
    ++at_;
    while (true) {
      const size_t start = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20) {
        ++at_;
      }
      const std::string_view plain = text_.substr(start, at_ - start);
      if (!is_utf8(plain)) return fail("The text before this is not UTF-8.");
      out += plain;
      if (take('"')) return true;
      if (at_ >= text_.size()) return fail("The text ends inside a string.");
      if (text_[at_] != '\\') return fail("A control character must be escaped.");
      if (!read_escape(out)) return false;
    }
  }

  bool read_escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (at_ + 1 >= text_.size()) return fail("The text ends inside a string.");
    const char letter = text_[at_ + 1];
    if (letter == 'u') return read_code_point(out);
    const size_t which = kLetters.find(letter);
    if (which == std::string_view::npos) return fail("There is no such escape.");
    out += kMeanings[which];
    at_ += 2;
    return true;
  }

  bool read_code_point(std::string& out) {
    std::optional<unsigned> code = read_hex();
    if (!code) return fail("Four hexadecimal digits must follow \\u.");
    if (*code >= 0xD800 && *code < 0xDC00) {
      std::optional<unsigned> low = read_hex();
      if (!low || *low < 0xDC00 || *low > 0xDFFF)
        return fail("Half of a surrogate pair is missing.");
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
    } else if (*code >= 0xDC00 && *code <= 0xDFFF) {
      return fail("Half of a surrogate pair is missing.");
    }
    append_utf8(out, *code);
    return true;
  }

  // One \uXXXX.
  std::optional<unsigned> read_hex() {
    const std::string_view escape = text_.substr(at_, 6);
    if (escape.size() < 6 || !escape.starts_with("\\u")) return std::nullopt;
    unsigned code = 0;
    auto [end, failed] = std::from_chars(escape.data() + 2, escape.data() + 6, code, 16);
    if (failed != std::errc{} || end != escape.data() + 6) return std::nullopt;
    at_ += 6;
    return code;
  }

  std::string_view text_;
  Limits limits_;
  size_t at_ = 0;
  int line_ = 1;
  size_t line_start_ = 0;
  size_t values_ = 0;
  ParseError error_;
};

class Writer {
 public:
  explicit Writer(JsonStyle style) : style_(style) {}

  std::string write(const Value& value) {
    append(value);
    return std::move(out_);
  }

 private:
  void append(const Value& value) {
    std::visit([this](const auto& content) { put(content); }, value.data);
  }

  void put(std::monostate) { out_ += "null"; }
  void put(bool value) { out_ += value ? "true" : "false"; }
  void put(int64_t value) { out_ += std::to_string(value); }
  void put(double value) { append_json_number(out_, value); }
  void put(const std::string& value) { append_json_string(out_, value); }
  void put(const Bytes& value) { append_json_string(out_, base64_encode(value.bytes)); }
  void put(const EpochSeconds& value) { append_json_number(out_, value.seconds); }

  void put(const Value::Number& value) {
    // Numbers made by hand may have a spelling that JSON has not.
    if (is_json_number(value.text)) {
      out_ += value.text;
    } else {
      append_json_string(out_, value.text);
    }
  }

  void put(const Array& array) {
    out_ += '[';
    ++depth_;
    for (const Value& value : array) {
      if (&value != &array.front()) out_ += ',';
      new_line();
      append(value);
    }
    --depth_;
    if (!array.empty()) new_line();
    out_ += ']';
  }

  void put(const Object& object) {
    out_ += '{';
    ++depth_;
    bool first = true;
    for (const auto& [name, value] : object) {
      if (!first) out_ += ',';
      first = false;
      new_line();
      append_json_string(out_, name);
      out_ += style_ == JsonStyle::Pretty ? ": " : ":";
      append(value);
    }
    --depth_;
    if (!object.empty()) new_line();
    out_ += '}';
  }

  void new_line() {
    if (style_ == JsonStyle::Compact) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  JsonStyle style_;
  std::string out_;
  size_t depth_ = 0;
};

}  // namespace

Result<Value, ParseError> parse_json(std::string_view text, const Limits& limits) {
  return Reader(text, limits).read();
}

bool is_json_number(std::string_view text) {
  return !text.empty() && number_length(text) == text.size();
}

Value number_from_text(std::string_view text) {
  // "-0" is not an integer that reads back the same.
  if (text != "-0" && text.find_first_of(".eE") == std::string_view::npos) {
    if (std::optional<long long> integer = parse_integer(text)) return Value(int64_t{*integer});
  }
  Value value;
  value.data = Value::Number{std::string(text)};
  return value;
}

std::string write_json(const Value& value, JsonStyle style) { return Writer(style).write(value); }

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kSpecial = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && c != '"' && c != '\\') {
      out += c;
    } else if (size_t which = kSpecial.find(c); which != std::string_view::npos) {
      out += '\\';
      out += kLetters[which];
    } else {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  out += '"';
}

void append_json_number(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "\"NaN\"";
    return;
  }
  if (std::isinf(number)) {
    out += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  // Below 2^53 every integer is exact; zero goes the other way because of its sign.
  if (number != 0 && std::abs(number) < 9007199254740992.0 && std::trunc(number) == number) {
    out += std::to_string(static_cast<int64_t>(number));
    return;
  }
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  out.append(buffer, end);
}

}  // namespace holm::formats
