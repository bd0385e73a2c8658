// Validation of inputs over the shape table, in AWS's words.

#include "aws/schema/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "aws/schema/pattern.h"

namespace holm::aws {

namespace {

constexpr size_t kViolationsMax = 50;
constexpr size_t kValueCharactersMax = 1000;
constexpr size_t kDepthMax = 128;

template <class T>
const T& as(const void* value) {
  return *static_cast<const T*>(value);
}

bool is_text(Kind kind) { return kind == Kind::String || kind == Kind::Blob; }

// What a limit counts: characters of text, elements, or the value of a number.
size_t count_characters(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::optional<double> number_of(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::Integer:
      return as<int32_t>(value);
    case Kind::Long:
      return static_cast<double>(as<int64_t>(value));
    case Kind::Float:
    case Kind::Double:
      return as<double>(value);
    case Kind::Boolean:
    case Kind::String:
    case Kind::Blob:
    case Kind::Stream:
    case Kind::Timestamp:
    case Kind::Document:
    case Kind::List:
    case Kind::Map:
    case Kind::Structure:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<size_t> length_of(const Shape& shape, const void* value) {
  if (shape.kind == Kind::String) return count_characters(as<std::string>(value));
  if (shape.kind == Kind::Blob) return as<std::string>(value).size();
  if (shape.kind == Kind::List) return shape.list->size(value);
  if (shape.kind == Kind::Map) return shape.map->size(value);
  return std::nullopt;
}

std::string shortened(std::string text) {
  if (text.size() <= kValueCharactersMax) return text;
  size_t end = kValueCharactersMax;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

// Values as they stand in messages; structures are not written out.
std::string describe(const Shape& shape, const void* value) {
  if (shape.kind == Kind::String) return as<std::string>(value);
  if (auto number = number_of(shape, value)) return fmt::format("{}", *number);
  if (shape.kind == Kind::List && shape.element->shape->kind != Kind::Structure) {
    std::string text = "[";
    for (size_t i = 0; i < shape.list->size(value) && text.size() <= kValueCharactersMax; ++i) {
      if (i > 0) text += ", ";
      text += describe(*shape.element->shape, shape.list->at(value, i));
    }
    return text + "]";
  }
  return "";
}

std::string lower_first(std::string_view name) {
  std::string text(name);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

struct Failure {
  Violation::Rule rule;
  std::string constraint;
};

std::vector<Failure> check_limits(const Constraints& constraints, const Shape& shape, const void* value) {
  std::vector<Failure> failures;
  const auto number = number_of(shape, value);
  const auto length = length_of(shape, value);
  if (!number && !length) return failures;
  const double measured = number ? *number : static_cast<double>(*length);
  const auto rule = number ? Violation::Rule::Range : Violation::Rule::Length;
  const char* what = number ? "value" : "length";
  // Not the other way round: NaN is within no limits.
  if (!(measured >= constraints.minimum)) {
    failures.push_back(
        {rule, fmt::format("Member must have {} greater than or equal to {}", what, constraints.minimum)});
  }
  if (!(measured <= constraints.maximum)) {
    failures.push_back(
        {rule, fmt::format("Member must have {} less than or equal to {}", what, constraints.maximum)});
  }
  return failures;
}

std::vector<Failure> check(const Constraints* constraints, const Shape& shape, const void* value) {
  if (constraints == nullptr) return {};
  std::vector<Failure> failures = check_limits(*constraints, shape, value);
  if (shape.kind != Kind::String) return failures;
  const auto& text = as<std::string>(value);
  if (constraints->pattern != nullptr && !constraints->pattern->matches(text)) {
    failures.push_back(
        {Violation::Rule::Pattern,
         fmt::format("Member must satisfy regular expression pattern: {}", constraints->pattern->text())});
  }
  if (!constraints->values.empty() &&
      std::ranges::find(constraints->values, text) == constraints->values.end()) {
    failures.push_back({Violation::Rule::Enumeration, fmt::format("Member must satisfy enum value set: [{}]",
                                                                  fmt::join(constraints->values, ", "))});
  }
  return failures;
}

std::string joined(const std::vector<Failure>& failures) {
  std::string text;
  for (const Failure& failure : failures) text += (text.empty() ? "" : ", ") + failure.constraint;
  return text;
}

// Where the walk is: the member that messages name, and its path.
struct Place {
  const Member& member;
  std::string path;
  bool is_sensitive;
  size_t depth;
};

class Walk {
 public:
  void structure(const Shape& shape, const void* value, const std::string& prefix, size_t depth);
  std::vector<Violation> take() { return std::move(violations_); }

 private:
  void member_value(const Place& place, const Shape& shape, const void* value);
  void elements(const Place& place, const Shape& shape, const void* value);
  void entries(const Place& place, const Shape& shape, const void* value);
  void add(const Place& place, Failure failure, std::string value);

  std::vector<Violation> violations_;
};

void Walk::add(const Place& place, Failure failure, std::string value) {
  if (violations_.size() >= kViolationsMax) return;
  if (place.is_sensitive && value != "null") value.clear();
  violations_.push_back({.rule = failure.rule,
                         .path = place.path,
                         .member = std::string(place.member.name),
                         .location = place.member.location,
                         .value = std::move(value),
                         .constraint = std::move(failure.constraint)});
}

bool is_given(const Member& member, const void* structure) {
  if (member.given_bit == 0) return find_field(member, structure) != nullptr;
  const char* start = static_cast<const char*>(structure);
  return (reinterpret_cast<const Given*>(start + member.given_offset)->bits & member.given_bit) != 0;
}

// Whether a value that has no parts satisfies its constraints.
bool is_simply_right(const Shape& shape, const void* value) {
  const bool has_parts = shape.kind == Kind::Structure || shape.kind == Kind::List || shape.kind == Kind::Map;
  return !has_parts && check(shape.constraints, shape, value).empty();
}

void Walk::structure(const Shape& shape, const void* value, const std::string& prefix, size_t depth) {
  if (depth > kDepthMax) return;
  for (const Member& member : shape.members) {
    const bool is_missing = member.required && !is_given(member, value);
    const void* field = is_missing ? nullptr : find_field(member, value);
    // Most are absent, or simple and right: where they stand does not matter.
    if (!is_missing && (field == nullptr || is_simply_right(*member.shape, field))) continue;
    Place place{member, prefix + lower_first(member.name), member.is_sensitive, depth};
    if (is_missing) {
      add(place, {Violation::Rule::Required, "Member must not be null"}, "null");
    } else {
      member_value(place, *member.shape, field);
    }
  }
}

void Walk::member_value(const Place& place, const Shape& shape, const void* value) {
  for (Failure& failure : check(shape.constraints, shape, value)) {
    add(place, std::move(failure), fmt::format("'{}'", shortened(describe(shape, value))));
  }
  if (shape.kind == Kind::Structure) structure(shape, value, place.path + ".", place.depth + 1);
  if (shape.kind == Kind::List) elements(place, shape, value);
  if (shape.kind == Kind::Map) entries(place, shape, value);
}

void Walk::elements(const Place& place, const Shape& shape, const void* value) {
  const Shape& element = *shape.element->shape;
  for (size_t i = 0; i < shape.list->size(value); ++i) {
    const void* item = shape.list->at(value, i);
    const bool is_nested = !is_text(element.kind) && !number_of(element, item);
    Place inner{place.member, fmt::format("{}.{}.member", place.path, i + 1),
                place.is_sensitive || shape.element->is_sensitive, place.depth + 1};
    if (is_nested) {
      if (inner.depth <= kDepthMax) member_value(inner, element, item);
      continue;
    }
    std::vector<Failure> failures = check(element.constraints, element, item);
    if (failures.empty()) continue;
    Place whole{place.member, place.path, inner.is_sensitive, place.depth};
    add(whole, {failures.front().rule, fmt::format("Member must satisfy constraint: [{}]", joined(failures))},
        fmt::format("'{}'", shortened(describe(shape, value))));
    return;
  }
}

void Walk::entries(const Place& place, const Shape& shape, const void* value) {
  struct Context {
    Walk& walk;
    const Place& place;
    const Shape& shape;
  } context{*this, place, shape};
  shape.map->each(value, &context, [](void* raw, const std::string& key, const void* item) {
    const auto& [walk, where, map] = as<Context>(raw);
    std::vector<Failure> failures = check(map.key_constraints, kString, &key);
    if (!failures.empty()) {
      walk.add(
          where,
          {failures.front().rule, fmt::format("Map keys must satisfy constraint: [{}]", joined(failures))},
          fmt::format("'{{{}}}'", shortened(key)));
    }
    const Shape& element = *map.element->shape;
    Place inner{where.member, fmt::format("{}.{}.member", where.path, shortened(key)),
                where.is_sensitive || map.element->is_sensitive, where.depth + 1};
    if (inner.depth <= kDepthMax) walk.member_value(inner, element, item);
  });
}

bool is_default(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::Boolean:
      return !as<bool>(value);
    case Kind::Integer:
    case Kind::Long:
    case Kind::Float:
    case Kind::Double:
      return number_of(shape, value) == 0.0;
    case Kind::String:
    case Kind::Blob:
    case Kind::List:
    case Kind::Map:
      return is_text(shape.kind) ? as<std::string>(value).empty() : length_of(shape, value) == 0;
    case Kind::Stream:
    case Kind::Timestamp:
    case Kind::Document:
      return false;
    case Kind::Structure:
      return std::ranges::all_of(shape.members, [&](const Member& member) {
        const void* field = find_field(member, value);
        return field == nullptr || !is_given(member, value) || is_default(*member.shape, field);
      });
  }
  return false;
}

std::optional<std::string> find_in_value(const Shape& shape, const void* value, size_t depth);

std::optional<std::string> find_in_structure(const Shape& shape, const void* value, size_t depth) {
  for (const Member& member : shape.members) {
    const void* field = find_field(member, value);
    if (field == nullptr || (member.given_bit != 0 && !is_given(member, value))) continue;
    if (member.is_honoured != nullptr && !*member.is_honoured) {
      if (!is_default(*member.shape, field)) return std::string(member.name);
      continue;
    }
    auto found = find_in_value(*member.shape, field, depth + 1);
    if (found) return fmt::format("{}.{}", member.name, *found);
  }
  return std::nullopt;
}

std::optional<std::string> find_in_value(const Shape& shape, const void* value, size_t depth) {
  if (depth > kDepthMax) return std::nullopt;
  if (shape.kind == Kind::Structure) return find_in_structure(shape, value, depth);
  std::optional<std::string> found;
  if (shape.kind == Kind::List) {
    for (size_t i = 0; i < shape.list->size(value) && !found; ++i) {
      found = find_in_value(*shape.element->shape, shape.list->at(value, i), depth + 1);
    }
  }
  if (shape.kind == Kind::Map) {
    struct Context {
      const Shape& element;
      size_t depth;
      std::optional<std::string>& found;
    } context{*shape.element->shape, depth, found};
    shape.map->each(value, &context, [](void* raw, const std::string&, const void* item) {
      const auto& [element, level, result] = as<Context>(raw);
      if (!result) result = find_in_value(element, item, level + 1);
    });
  }
  return found;
}

}  // namespace

std::string ValidationError::message() const {
  std::string text =
      fmt::format("{} validation error{} detected: ", violations.size(), violations.size() == 1 ? "" : "s");
  for (const Violation& violation : violations) {
    if (&violation != &violations.front()) text += "; ";
    text +=
        fmt::format("Value{}{} at '{}' failed to satisfy constraint: {}", violation.value.empty() ? "" : " ",
                    violation.value, violation.path, violation.constraint);
  }
  return text;
}

std::optional<ValidationError> validate(const Shape& shape, const void* value) {
  Walk walk;
  walk.structure(shape, value, "", 0);
  std::vector<Violation> violations = walk.take();
  if (violations.empty()) return std::nullopt;
  return ValidationError{std::move(violations)};
}

std::optional<std::string> find_unhonoured(const Shape& shape, const void* value) {
  return find_in_structure(shape, value, 0);
}

}  // namespace holm::aws
