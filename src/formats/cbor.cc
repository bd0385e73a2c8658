// CBOR: a bounded recursive reader and a writer of the shortest definite form.

#include "formats/cbor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/strings.h"
#include "formats/json.h"
#include "formats/members.h"

namespace holm::formats {

namespace {

enum Major : unsigned { kUnsigned, kNegative, kByteString, kText, kArray, kMap, kTag, kSimple };
constexpr unsigned kIndefinite = 31;
constexpr unsigned char kBreak = 0xFF;
constexpr uint64_t kEpochTag = 1;

double from_half(uint16_t half) {
  const int exponent = half >> 10 & 0x1F;
  const int mantissa = half & 0x3FF;
  double number = 0;
  if (exponent == 0) {
    number = std::ldexp(mantissa, -24);
  } else if (exponent == 31) {
    number = mantissa == 0 ? std::numeric_limits<double>::infinity()
                           : std::numeric_limits<double>::quiet_NaN();
  } else {
    number = std::ldexp(mantissa + 1024, exponent - 25);
  }
  return half & 0x8000 ? -number : number;
}

// -1 - count, exactly.
Value negative(uint64_t count) {
  constexpr auto kLargest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (count <= kLargest) return Value(-1 - static_cast<int64_t>(count));
  const bool overflows = count == std::numeric_limits<uint64_t>::max();
  const std::string digits = overflows ? "18446744073709551616" : std::to_string(count + 1);
  return number_from_text("-" + digits);
}

// Each function reads one thing at `at_` and returns false after noting the first error.
class Reader {
 public:
  Reader(std::string_view bytes, const Limits& limits) : bytes_(bytes), limits_(limits) {}

  Result<Value, ParseError> read() {
    Value value;
    if (bytes_.size() > limits_.bytes) {
      return std::unexpected(ParseError{"The message is too long.", {}});
    }
    if (!read_value(value, 0)) return std::unexpected(error_);
    if (at_ == bytes_.size()) return value;
    fail("Nothing may follow the value.");
    return std::unexpected(error_);
  }

 private:
  bool fail(std::string message) {
    error_ = {std::move(message), {1, static_cast<int>(at_) + 1}};
    return false;
  }

  struct Head {
    unsigned major = 0;
    unsigned detail = 0;
    uint64_t argument = 0;  // Nothing useful when the length is indefinite.
  };

  bool read_head(Head& head) {
    if (at_ >= bytes_.size()) return fail("The message ends where a value should be.");
    const unsigned first = static_cast<unsigned char>(bytes_[at_++]);
    head = {.major = first >> 5u, .detail = first & 31u, .argument = first & 31u};
    if (head.detail < 24 || head.detail == kIndefinite) return true;
    if (head.detail > 27) return fail("A reserved length is used.");
    const size_t width = size_t{1} << (head.detail - 24);
    if (bytes_.size() - at_ < width) return fail("The message ends inside a value.");
    head.argument = 0;
    for (size_t i = 0; i < width; ++i) {
      head.argument = head.argument << 8 | static_cast<unsigned char>(bytes_[at_++]);
    }
    return true;
  }

  bool read_value(Value& value, int depth) {
    if (++values_ > limits_.values) return fail("The message holds too many values.");
    const Place place{1, static_cast<int>(at_) + 1};
    Head head;
    if (!read_head(head) || !read_content(value, head, depth)) return false;
    value.place = place;
    return true;
  }

  bool read_content(Value& value, const Head& head, int depth) {
    const bool is_indefinite = head.detail == kIndefinite;
    const bool is_number_or_tag =
        head.major == kUnsigned || head.major == kNegative || head.major == kTag;
    if (is_indefinite && is_number_or_tag) return fail("A number or tag has no length.");
    if (head.major >= kArray && head.major <= kTag && depth >= limits_.depth) {
      return fail("The message is nested too deeply.");
    }
    switch (head.major) {
      case kUnsigned:
        value = number_from_text(std::to_string(head.argument));
        return true;
      case kNegative:
        value = negative(head.argument);
        return true;
      case kByteString:
        return read_string(value.data.emplace<Bytes>().bytes, head);
      case kText:
        return read_string(value.data.emplace<std::string>(), head);
      case kArray:
        return read_array(value, head, depth + 1);
      case kMap:
        return read_map(value, head, depth + 1);
      case kTag:
        return read_tag(value, head, depth + 1);
      default:
        return read_simple(value, head);
    }
  }

  bool read_string(std::string& out, const Head& head) {
    if (head.detail != kIndefinite) return read_chunk(out, head);
    while (!take_break()) {
      Head chunk;
      if (!read_head(chunk)) return false;
      if (chunk.major != head.major || chunk.detail == kIndefinite) {
        return fail("A piece of a string has another type.");
      }
      if (!read_chunk(out, chunk)) return false;
    }
    return true;
  }

  bool read_chunk(std::string& out, const Head& head) {
    if (bytes_.size() - at_ < head.argument) return fail("The message ends inside a string.");
    const std::string_view chunk = bytes_.substr(at_, head.argument);
    if (head.major == kText && !is_utf8(chunk)) return fail("A text is not UTF-8.");
    out += chunk;
    at_ += chunk.size();
    return true;
  }

  bool take_break() {
    if (at_ >= bytes_.size() || static_cast<unsigned char>(bytes_[at_]) != kBreak) return false;
    ++at_;
    return true;
  }

  // Counts down a definite length, or looks for the end of an indefinite one.
  bool is_at_end(const Head& head, uint64_t count) {
    return head.detail == kIndefinite ? take_break() : count == head.argument;
  }

  bool read_array(Value& value, const Head& head, int depth) {
    Array array;
    for (uint64_t count = 0; !is_at_end(head, count); ++count) {
      if (!read_value(array.emplace_back(), depth)) return false;
    }
    value.data = std::move(array);
    return true;
  }

  bool read_map(Value& value, const Head& head, int depth) {
    ObjectBuilder builder;
    for (uint64_t count = 0; !is_at_end(head, count); ++count) {
      Head name_head;
      if (!read_head(name_head)) return false;
      if (name_head.major != kText) return fail("The name of a member must be text.");
      std::string name;
      Value member;
      if (!read_string(name, name_head) || !read_value(member, depth)) return false;
      if (!builder.add(name, std::move(member))) {
        return fail("The name \"" + name + "\" is repeated.");
      }
    }
    value.data = builder.take();
    return true;
  }

  bool read_tag(Value& value, const Head& head, int depth) {
    if (head.argument != kEpochTag) {
      return fail("The tag " + std::to_string(head.argument) + " is not supported.");
    }
    Value content;
    if (!read_value(content, depth)) return false;
    std::optional<double> seconds = content.as_number();
    if (!seconds || !std::isfinite(*seconds)) return fail("A time must be a number of seconds.");
    value.data = EpochSeconds{*seconds};
    return true;
  }

  bool read_simple(Value& value, const Head& head) {
    switch (head.detail) {
      case 20:
      case 21:
        value = head.detail == 21;
        return true;
      case 22:
      case 23:  // Undefined.
        value = Value();
        return true;
      case 25:
        value = from_half(static_cast<uint16_t>(head.argument));
        return true;
      case 26:
        value = static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(head.argument)));
        return true;
      case 27:
        value = std::bit_cast<double>(head.argument);
        return true;
      default:
        return fail("This simple value is not supported.");
    }
  }

  std::string_view bytes_;
  Limits limits_;
  size_t at_ = 0;
  size_t values_ = 0;
  ParseError error_;
};

class Writer {
 public:
  std::string write(const Value& value) {
    append(value);
    return std::move(out_);
  }

 private:
  void append(const Value& value) {
    std::visit([this](const auto& content) { put(content); }, value.data);
  }

  void put_byte(uint64_t byte) { out_ += static_cast<char>(byte & 0xFF); }

  void put_big_endian(uint64_t number, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) put_byte(number >> shift);
  }

  void put_head(Major major, uint64_t argument) {
    const unsigned type = major << 5u;
    if (argument < 24) {
      put_byte(type | argument);
    } else if (argument <= 0xFF) {
      put_byte(type | 24u);
      put_big_endian(argument, 1);
    } else if (argument <= 0xFFFF) {
      put_byte(type | 25u);
      put_big_endian(argument, 2);
    } else if (argument <= 0xFFFFFFFF) {
      put_byte(type | 26u);
      put_big_endian(argument, 4);
    } else {
      put_byte(type | 27u);
      put_big_endian(argument, 8);
    }
  }

  void put(std::monostate) { put_head(kSimple, 22); }
  void put(bool value) { put_head(kSimple, value ? 21 : 20); }

  void put(int64_t value) {
    if (value < 0) {
      put_head(kNegative, static_cast<uint64_t>(-1 - value));
    } else {
      put_head(kUnsigned, static_cast<uint64_t>(value));
    }
  }

  void put(double value) {
    const auto narrow = static_cast<float>(value);
    if (std::isfinite(narrow) && static_cast<double>(narrow) == value) {
      put_byte(kSimple << 5u | 26u);
      put_big_endian(std::bit_cast<uint32_t>(narrow), 4);
    } else {
      put_byte(kSimple << 5u | 27u);
      put_big_endian(std::bit_cast<uint64_t>(value), 8);
    }
  }

  void put(const Value::Number& number) {
    Value value;
    value.data = number;
    if (std::optional<int64_t> integer = value.as_integer()) {
      put(*integer);
    } else if (std::optional<double> real = value.as_number()) {
      put(*real);
    } else {
      put(number.text);
    }
  }

  void put(const std::string& text) {
    put_head(kText, text.size());
    out_ += text;
  }

  void put(const Bytes& bytes) {
    put_head(kByteString, bytes.bytes.size());
    out_ += bytes.bytes;
  }

  void put(const EpochSeconds& time) {
    put_head(kTag, kEpochTag);
    if (std::optional<int64_t> whole = Value(time.seconds).as_integer()) {
      put(*whole);
    } else {
      put(time.seconds);
    }
  }

  void put(const Array& array) {
    put_head(kArray, array.size());
    for (const Value& value : array) append(value);
  }

  void put(const Object& object) {
    put_head(kMap, object.size());
    for (const auto& [name, value] : object) {
      put(name);
      append(value);
    }
  }

  std::string out_;
};

}  // namespace

Result<Value, ParseError> parse_cbor(std::string_view bytes, const Limits& limits) {
  return Reader(bytes, limits).read();
}

std::string write_cbor(const Value& value) { return Writer().write(value); }

}  // namespace holm::formats
