// Values of shapes that are only known at run time.

#include "protocol/dynamic_value.h"

#include <cmath>
#include <stdexcept>

#include "async/byte_source.h"
#include "async/sync_wait.h"
#include "aws/codec/text_codec.h"
#include "formats/json.h"

namespace holm::test {

namespace {

using aws::Kind;
using aws::Member;
using aws::Shape;
using formats::Array;
using formats::Object;
using formats::Value;

template <class T>
constexpr aws::FieldOps kInPlace{[](const void* field) -> const void* {
                                   return std::get_if<T>(&static_cast<const Field*>(field)->data);
                                 },
                                 [](void* field) -> void* {
                                   auto& data = static_cast<Field*>(field)->data;
                                   if (!std::holds_alternative<T>(data)) data.template emplace<T>();
                                   return &std::get<T>(data);
                                 }};

template <class T>
constexpr aws::FieldOps kOwned{
    [](const void* field) -> const void* {
      auto* owned = std::get_if<std::unique_ptr<T>>(&static_cast<const Field*>(field)->data);
      return owned ? owned->get() : nullptr;
    },
    [](void* field) -> void* {
      auto& data = static_cast<Field*>(field)->data;
      if (!std::holds_alternative<std::unique_ptr<T>>(data)) data = std::make_unique<T>();
      return std::get<std::unique_ptr<T>>(data).get();
    }};

// What `number` or the text "NaN" and its like say.
double number_of(const Value& value) {
  if (const std::string* text = value.as_string()) return aws::parse_number(*text).value();
  return value.as_number().value();
}

Value number_value(double number) {
  if (std::isfinite(number)) return number;
  return aws::write_number(number, Kind::Double);
}

std::string text_of(const Value& value) {
  const std::string* text = value.as_string();
  return text ? *text : formats::write_json(value);
}

void fill_items(const Shape& shape, const Value& value, Items& items) {
  for (const Value& item : *value.as_array()) fill(*shape.element, item, items.emplace_back());
}

void fill_entries(const Shape& shape, const Value& value, Entries& entries) {
  for (const auto& [key, item] : *value.as_object()) fill(*shape.element, item, entries[key]);
}

void fill_value(const Shape& shape, const Value& value, void* out) {
  switch (shape.kind) {
    case Kind::Boolean:
      *static_cast<bool*>(out) = *value.as_boolean();
      return;
    case Kind::Integer:
      *static_cast<int32_t*>(out) = static_cast<int32_t>(value.as_integer().value());
      return;
    case Kind::Long:
      *static_cast<int64_t*>(out) = value.as_integer().value();
      return;
    case Kind::Float:
    case Kind::Double:
      *static_cast<double*>(out) = number_of(value);
      return;
    case Kind::String:
    case Kind::Blob:
      *static_cast<std::string*>(out) = text_of(value);
      return;
    case Kind::Stream:
      *static_cast<aws::Stream*>(out) = std::make_shared<async::StringSource>(text_of(value));
      return;
    case Kind::Timestamp:
      *static_cast<Time*>(out) = aws::time_of_seconds(number_of(value)).value();
      return;
    case Kind::Document:
      *static_cast<aws::Document*>(out) = std::make_shared<const Value>(value);
      return;
    case Kind::List:
      return fill_items(shape, value, *static_cast<Items*>(out));
    case Kind::Map:
      return fill_entries(shape, value, *static_cast<Entries*>(out));
    case Kind::Structure:
      return fill(shape, value, *static_cast<Record*>(out));
  }
}

Value describe_entries(const Shape& shape, const Entries& entries) {
  Object object;
  for (const auto& [key, field] : entries) {
    const void* value = shape.element->ops->get(&field);
    object.set(key, value ? describe(*shape.element->shape, value) : Value());
  }
  return object;
}

Value describe_items(const Shape& shape, const Items& items) {
  Array array;
  for (const Field& field : items) {
    const void* value = shape.element->ops->get(&field);
    array.push_back(value ? describe(*shape.element->shape, value) : Value());
  }
  return array;
}

Value describe_record(const Shape& shape, const Record& record) {
  Object object;
  for (const Member& member : shape.members) {
    const void* value = aws::find_field(member, &record);
    if (!value) continue;
    object.set(std::string(member.name), describe(*member.shape, value));
  }
  return object;
}

}  // namespace

std::string read_stream(async::ByteSource& source) {
  return async::sync_wait(async::read_all(source, size_t{1} << 20)).value();
}

const aws::ListOps kItemsOps{
    [](const void* list) { return static_cast<const Items*>(list)->size(); },
    [](const void* list, size_t index) -> const void* {
      return &(*static_cast<const Items*>(list))[index];
    },
    [](void* list) -> void* { return &static_cast<Items*>(list)->emplace_back(); }};

const aws::MapOps kEntriesOps{
    [](const void* map) { return static_cast<const Entries*>(map)->size(); },
    [](const void* map, void* context, void (*visit)(void*, const std::string&, const void*)) {
      for (const auto& [key, value] : *static_cast<const Entries*>(map))
        visit(context, key, &value);
    },
    [](void* map, std::string key) -> void* {
      return &(*static_cast<Entries*>(map))[std::move(key)];
    }};

const aws::FieldOps* field_ops(Kind kind) {
  switch (kind) {
    case Kind::Boolean:
      return &kInPlace<bool>;
    case Kind::Integer:
      return &kInPlace<int32_t>;
    case Kind::Long:
      return &kInPlace<int64_t>;
    case Kind::Float:
    case Kind::Double:
      return &kInPlace<double>;
    case Kind::String:
    case Kind::Blob:
      return &kInPlace<std::string>;
    case Kind::Stream:
      return &kInPlace<aws::Stream>;
    case Kind::Timestamp:
      return &kInPlace<Time>;
    case Kind::Document:
      return &kInPlace<aws::Document>;
    case Kind::List:
      return &kOwned<Items>;
    case Kind::Map:
      return &kOwned<Entries>;
    case Kind::Structure:
      return &kOwned<Record>;
  }
  return nullptr;
}

void fill(const Member& member, const Value& value, Field& field) {
  if (value.is_null() && member.shape->kind != Kind::Document) return;
  fill_value(*member.shape, value, member.ops->ensure(&field));
}

void fill(const Shape& shape, const Value& value, Record& record) {
  for (const auto& [name, member_value] : *value.as_object()) {
    bool is_known = false;
    for (size_t i = 0; i < shape.members.size(); ++i) {
      if (shape.members[i].name != name) continue;
      fill(shape.members[i], member_value, record.fields[i]);
      is_known = true;
    }
    if (!is_known) throw std::runtime_error("no member is called " + name);
  }
}

Value describe(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::Boolean:
      return *static_cast<const bool*>(value);
    case Kind::Integer:
      return int64_t{*static_cast<const int32_t*>(value)};
    case Kind::Long:
      return *static_cast<const int64_t*>(value);
    case Kind::Float:
    case Kind::Double:
      return number_value(*static_cast<const double*>(value));
    case Kind::String:
    case Kind::Blob:
      return *static_cast<const std::string*>(value);
    case Kind::Stream:
      return read_stream(**static_cast<const aws::Stream*>(value));
    case Kind::Timestamp:
      return static_cast<double>(static_cast<const Time*>(value)->time_since_epoch().count()) /
             1000.0;
    case Kind::Document:
      return **static_cast<const aws::Document*>(value);
    case Kind::List:
      return describe_items(shape, *static_cast<const Items*>(value));
    case Kind::Map:
      return describe_entries(shape, *static_cast<const Entries*>(value));
    case Kind::Structure:
      return describe_record(shape, *static_cast<const Record*>(value));
  }
  return {};
}

}  // namespace holm::test
