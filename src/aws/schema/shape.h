// The shape table: what a service's model says about its types, and type-erased access to the generated
// structs. Codecs, validation and protocols are written once over this table.
// Model reference: https://smithy.io/2.0/spec/model.html, as published in botocore's service-2.json files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace holm::async {
class ByteSource;
}

namespace holm::formats {
struct Value;
}

namespace holm::aws {

// A body that is not held in memory: what a streaming blob member is in the generated structs.
using Stream = std::shared_ptr<async::ByteSource>;
// A timestamp member. Milliseconds, as nothing on the wire is finer.
using Timestamp = Time;
// A free-form JSON document member.
using Document = std::shared_ptr<const formats::Value>;

enum class Kind : uint8_t {
  Boolean,    // bool
  Integer,    // int32_t
  Long,       // int64_t
  Float,      // double, written with the shortest digits of a float
  Double,     // double
  String,     // std::string
  Blob,       // std::string
  Stream,     // Stream
  Timestamp,  // Timestamp
  Document,   // Document
  List,       // std::vector<T>
  Map,        // std::map<std::string, T>
  Structure,  // a generated aggregate; a union is one with `is_union`
};

// How a timestamp is written; `Default` leaves it to the protocol and the place.
enum class TimestampFormat : uint8_t { Default, Iso8601, Rfc822, UnixSeconds };

// Where a member travels in an HTTP protocol.
enum class Location : uint8_t { Body, Uri, QueryString, Header, Headers, StatusCode };

struct Shape;
class Pattern;

// Type-erased access to one field type: one instance a distinct type, not a member.
struct FieldOps {
  const void* (*get)(const void* field);  // The value, or null when the field is absent.
  void* (*ensure)(void* field);           // Makes the field present and returns the value.
};

struct ListOps {
  size_t (*size)(const void* list);
  const void* (*at)(const void* list, size_t index);
  void* (*append)(void* list);  // The new, default-made element.
};

struct MapOps {
  size_t (*size)(const void* map);
  void (*each)(const void* map, void* context,
               void (*visit)(void* context, const std::string& key, const void* value));
  void* (*insert)(void* map, std::string key);
};

// What the model demands of a value. Absent bounds are the widest.
struct Constraints {
  double minimum = -1e308, maximum = 1e308;  // Of a number's value, a string's characters, a list's length.
  const Pattern* pattern = nullptr;          // aws/schema/pattern.h
  std::span<const std::string_view> values;  // An enumeration's values; empty: none.
};

struct Member {
  std::string_view name;       // The model's name; JSON and CBOR write it unless `wire_name` differs.
  std::string_view wire_name;  // locationName, else the name.
  std::string_view ec2_name;   // queryName or the capitalised wire name: how the ec2 protocol reads it.
  const Shape* shape;
  uint32_t offset;  // Of the field in its struct.
  const FieldOps* ops;
  Location location = Location::Body;
  TimestampFormat timestamp = TimestampFormat::Default;
  bool required = false;
  bool is_xml_attribute = false;
  bool is_flattened = false;  // The member's own `flattened` trait; the shape's is on the shape.
  bool is_idempotency_token = false;
  const bool* is_honoured = nullptr;  // Points at false: no code reads it, so validation refuses it by name.
  bool is_host_label = false;
  bool is_json_value = false;      // A header whose text is base64 of JSON.
  bool is_sensitive = false;       // Never logged.
  std::string_view xml_namespace;  // Of the member's element, and its prefix.
  std::string_view xml_prefix;
  // A required member of an input whose field does not show absence (std::string, bool …): its bit in the
  // struct's Given, which is `given_offset` bytes into the struct. Zero: its field shows absence.
  uint64_t given_bit = 0;
  uint32_t given_offset = 0;
};

struct Shape {
  Kind kind;
  std::string_view name;
  std::span<const Member> members{};  // Structure
  const Member* payload = nullptr;    // Structure: the member that is the whole HTTP body.
  const Member* element = nullptr;    // List, Map: the element or value as a member (name "member"/"value").
  const ListOps* list = nullptr;
  const MapOps* map = nullptr;
  const Constraints* constraints = nullptr;
  std::string_view key_name{};  // Map: wire name of the key ("key" unless the model differs).
  const Constraints* key_constraints = nullptr;
  TimestampFormat timestamp = TimestampFormat::Default;
  bool is_flattened = false;
  bool is_union = false;
  bool is_wrapped = false;      // Query protocol's resultWrapper is on the operation.
  std::string_view xml_name{};  // locationName of the shape itself (rest-xml root element).
  std::string_view xml_namespace{};
};

// Which required members a request has given: the last field, `given`, of generated input structs. Structs
// made by our code count as complete; those that a codec fills start with nothing given, and ensure_field()
// notes each.
struct Given {
  static constexpr uint64_t kByCode = ~uint64_t{0};
  uint64_t bits = kByCode;
};

// Called on each struct that a codec is about to fill; the first call counts.
template <class T>
void start_reading(T& value) {
  if constexpr (requires { value.given.bits; }) {
    if (value.given.bits == Given::kByCode) value.given.bits = 0;
  }
}

// Access for the field types that generated structs use: T, std::optional<T>, Recursive<T>,
// std::shared_ptr<T>.
template <class T>
struct FieldOf {
  static constexpr FieldOps ops{[](const void* field) -> const void* { return field; },
                                [](void* field) -> void* {
                                  start_reading(*static_cast<T*>(field));
                                  return field;
                                }};
};

// A list or map whose emptiness and absence are one: it is absent when empty.
template <class T>
struct UnlessEmpty {
  static constexpr FieldOps ops{[](const void* field) -> const void* {
                                  return static_cast<const T*>(field)->empty() ? nullptr : field;
                                },
                                [](void* field) -> void* { return field; }};
};

// Streams and documents: absent when null. The value is the pointer itself.
template <class T>
struct FieldOf<std::shared_ptr<T>> {
  static constexpr FieldOps ops{[](const void* field) -> const void* {
                                  return *static_cast<const std::shared_ptr<T>*>(field) ? field : nullptr;
                                },
                                [](void* field) -> void* { return field; }};
};

template <class T>
struct FieldOf<std::optional<T>> {
  static constexpr FieldOps ops{[](const void* field) -> const void* {
                                  const auto& value = *static_cast<const std::optional<T>*>(field);
                                  return value ? &*value : nullptr;
                                },
                                [](void* field) -> void* {
                                  auto& value = *static_cast<std::optional<T>*>(field);
                                  if (!value) start_reading(value.emplace());
                                  return &*value;
                                }};
};

// Recursive structures. Copied deeply, so that generated structs stay values.
template <class T>
class Recursive {
 public:
  Recursive() = default;
  Recursive(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Recursive(const Recursive& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Recursive(Recursive&&) noexcept = default;
  Recursive& operator=(Recursive other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  explicit operator bool() const { return value_ != nullptr; }
  const T& operator*() const { return *value_; }
  T& operator*() { return *value_; }
  const T* operator->() const { return value_.get(); }
  T* operator->() { return value_.get(); }
  const T* get() const { return value_.get(); }
  T& ensure() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }

 private:
  std::unique_ptr<T> value_;
};

template <class T>
struct FieldOf<Recursive<T>> {
  static constexpr FieldOps ops{
      [](const void* field) -> const void* { return static_cast<const Recursive<T>*>(field)->get(); },
      [](void* field) -> void* {
        T& value = static_cast<Recursive<T>*>(field)->ensure();
        start_reading(value);
        return &value;
      }};
};

template <class T>
struct ListOf {
  using List = std::vector<T>;
  static constexpr ListOps ops{
      [](const void* list) { return static_cast<const List*>(list)->size(); },
      [](const void* list, size_t index) -> const void* { return &(*static_cast<const List*>(list))[index]; },
      [](void* list) -> void* {
        T& element = static_cast<List*>(list)->emplace_back();
        start_reading(element);
        return &element;
      }};
};

template <class T>
struct MapOf {
  using Map = std::map<std::string, T>;
  static constexpr MapOps ops{
      [](const void* map) { return static_cast<const Map*>(map)->size(); },
      [](const void* map, void* context, void (*visit)(void*, const std::string&, const void*)) {
        for (const auto& [key, value] : *static_cast<const Map*>(map)) visit(context, key, &value);
      },
      [](void* map, std::string key) -> void* {
        T& value = (*static_cast<Map*>(map))[std::move(key)];
        start_reading(value);
        return &value;
      }};
};

// The field of `value` that `member` describes, or null when it is absent.
inline const void* find_field(const Member& member, const void* value) {
  return member.ops->get(static_cast<const char*>(value) + member.offset);
}
inline void* ensure_field(const Member& member, void* value) {
  char* start = static_cast<char*>(value);
  if (member.given_bit != 0) reinterpret_cast<Given*>(start + member.given_offset)->bits |= member.given_bit;
  return member.ops->ensure(start + member.offset);
}

// The shapes that have no constraints of their own.
extern const Shape kBoolean, kInteger, kLong, kFloat, kDouble, kString, kBlob, kStream, kTimestamp, kDocument;
// A structure without members: the input or output of an operation that has none.
extern const Shape kNothing;

}  // namespace holm::aws
