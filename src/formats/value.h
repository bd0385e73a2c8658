// A tree of values: what JSON, CBOR and YAML texts are read into and written from.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace holm::formats {

// Where in the source text something stood; both count from 1, 0 means unknown.
struct Place {
  int line = 0;
  int column = 0;
};

struct Value;
struct Bytes {
  std::string bytes;  // CBOR byte strings only.
  bool operator==(const Bytes&) const = default;
};
// Seconds since 1970, from a CBOR tag 1.
struct EpochSeconds {
  double seconds = 0;
  bool operator==(const EpochSeconds&) const = default;
};
using Array = std::vector<Value>;

// Members in the order of the text; names are unique (parsers refuse a repeated name).
class Object {
 public:
  using Members = std::vector<std::pair<std::string, Value>>;

  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  Value& set(std::string name, Value value);     // Replaces, else appends.
  Value& append(std::string name, Value value);  // The caller knows that `name` is new.
  bool remove(std::string_view name);
  size_t size() const;
  bool empty() const;
  Members::const_iterator begin() const;
  Members::const_iterator end() const;
  Members::iterator begin();
  Members::iterator end();
  bool operator==(const Object&) const;  // The order of members does not matter.

 private:
  Members members_;
};

struct Value {
  // A YAML or JSON number keeps its spelling in `Number`, so that "1.10" or 12345678901234567890 is
  // not bent.
  struct Number {
    std::string text;
    bool operator==(const Number&) const = default;
  };

  std::variant<std::monostate, bool, int64_t, double, Number, std::string, Bytes, EpochSeconds,
               Array, Object>
      data;
  Place place;

  Value() = default;
  Value(bool value) : data(value) {}
  Value(int value) : data(int64_t{value}) {}
  Value(int64_t value) : data(value) {}
  Value(double value) : data(value) {}
  Value(std::string value) : data(std::move(value)) {}
  Value(const char* value) : data(std::string(value)) {}
  Value(std::string_view value) : data(std::string(value)) {}
  Value(Array value);
  Value(Object value);

  bool is_null() const { return data.index() == 0; }
  const bool* as_boolean() const { return std::get_if<bool>(&data); }
  const std::string* as_string() const { return std::get_if<std::string>(&data); }
  const Array* as_array() const { return std::get_if<Array>(&data); }
  Array* as_array() { return std::get_if<Array>(&data); }
  const Object* as_object() const { return std::get_if<Object>(&data); }
  Object* as_object() { return std::get_if<Object>(&data); }
  // Any of the number forms that is exactly an integer in range; "3.0" counts, text does not.
  std::optional<int64_t> as_integer() const;
  std::optional<double> as_number() const;
  // A member of an object, or null when this is no object or has no such member.
  const Value* find(std::string_view name) const;
  // Equal content; places do not matter and 1 equals 1.0.
  bool operator==(const Value&) const;
};

// Only here is a member a complete type.
inline size_t Object::size() const { return members_.size(); }
inline bool Object::empty() const { return members_.empty(); }
inline Object::Members::const_iterator Object::begin() const { return members_.begin(); }
inline Object::Members::const_iterator Object::end() const { return members_.end(); }
inline Object::Members::iterator Object::begin() { return members_.begin(); }
inline Object::Members::iterator Object::end() { return members_.end(); }

// Why a text could not be read.
struct ParseError {
  std::string message;  // A sentence without the place.
  Place place;
  std::string describe() const;  // "line 3, column 7: …"
};

// Limits for what strangers send.
struct Limits {
  int depth = 128;            // Of nesting; the outermost array, object or element counts one.
  size_t bytes = 16u << 20;   // Of the text.
  size_t values = 1'000'000;  // Values, elements and fields altogether, after aliases are expanded.
};

}  // namespace holm::formats
