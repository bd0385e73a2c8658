// YAML: trees of values from libyaml's events.

#include "formats/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/check.h"
#include "base/strings.h"
#include "formats/json.h"
#include "formats/members.h"

namespace holm::formats {

namespace {

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
constexpr std::array<std::string_view, 26> kFunctions = {
    "Base64", "Cidr",   "FindInMap", "GetAtt",       "GetAZs",         "If",       "ImportValue",
    "Join",   "Select", "Split",     "Sub",          "Transform",      "And",      "Equals",
    "Not",    "Or",     "Length",    "ToJsonString", "GetStackOutput", "Contains", "ForEach",
    "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll"};

// What a tag of the form !X stands for; empty when it is none of CloudFormation's.
std::string long_form(std::string_view tag) {
  tag.remove_prefix(1);
  if (tag == "Ref" || tag == "Condition") return std::string(tag);
  if (std::ranges::find(kFunctions, tag) == kFunctions.end()) return {};
  return "Fn::" + std::string(tag);
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

Value resolve_plain(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (is_one_of(text, {"true", "True", "TRUE"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE"})) return false;
  if (is_json_number(text)) return number_from_text(text);
  return text;
}

class Event {
 public:
  Event() = default;
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  yaml_event_t* operator->() { return &event_; }
  // Reads the next event over this one.
  bool next(yaml_parser_t& parser) {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser, &event_) == 1;
  }
  Place place() const {
    return {static_cast<int>(event_.start_mark.line) + 1,
            static_cast<int>(event_.start_mark.column) + 1};
  }

 private:
  yaml_event_t event_{};
};

std::string_view text_of(const yaml_char_t* text) {
  return text ? reinterpret_cast<const char*>(text) : std::string_view{};
}

// Each function reads one thing and returns false after noting the first error.
class Reader {
 public:
  Reader(std::string_view text, const Limits& limits)
      : text_(text), limits_(limits), bytes_left_(limits.bytes), values_left_(limits.values) {
    CHECK(yaml_parser_initialize(&parser_) == 1);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<Value, ParseError> read() {
    if (text_.size() > limits_.bytes) {
      return std::unexpected(ParseError{"The text is too long.", {}});
    }
    Value value;
    if (!read_document(value)) return std::unexpected(error_);
    return value;
  }

 private:
  bool fail(std::string message, Place place) {
    error_ = {std::move(message), place};
    return false;
  }

  bool next() {
    if (event_.next(parser_)) return true;
    const Place place{static_cast<int>(parser_.problem_mark.line) + 1,
                      static_cast<int>(parser_.problem_mark.column) + 1};
    const std::string problem = parser_.problem ? parser_.problem : "unreadable";
    return fail("This is not YAML: " + problem + ".", place);
  }

  bool read_document(Value& value) {
    if (!next() || !next()) return false;  // The start of the stream, then of the document.
    if (event_->type == YAML_STREAM_END_EVENT) return fail("The text is empty.", event_.place());
    if (!next() || !read_node(value, 0)) return false;
    if (!next() || !next()) return false;  // The end of the document, then of the stream.
    if (event_->type == YAML_STREAM_END_EVENT) return true;
    return fail("Only one document may be here.", event_.place());
  }

  // The node whose first event is the current one.
  bool read_node(Value& value, int depth) {
    const Place place = event_.place();
    if (event_->type == YAML_ALIAS_EVENT) return read_alias(value, depth);
    if (!spend(1, 0)) return fail("The text holds too many values.", place);
    std::string anchor;
    if (!read_content(value, anchor, depth)) return false;
    value.place = place;
    if (!anchor.empty()) anchors_[anchor] = value;
    return true;
  }

  bool read_content(Value& value, std::string& anchor, int depth) {
    const Place place = event_.place();
    if (event_->type == YAML_SCALAR_EVENT) {
      anchor = text_of(event_->data.scalar.anchor);
      return read_scalar(value);
    }
    const bool is_sequence = event_->type == YAML_SEQUENCE_START_EVENT;
    CHECK(is_sequence || event_->type == YAML_MAPPING_START_EVENT);
    if (depth >= limits_.depth) return fail("The text is nested too deeply.", place);
    const std::string tag{
        text_of(is_sequence ? event_->data.sequence_start.tag : event_->data.mapping_start.tag)};
    anchor = text_of(is_sequence ? event_->data.sequence_start.anchor
                                 : event_->data.mapping_start.anchor);
    const std::string_view standard =
        is_sequence ? "tag:yaml.org,2002:seq" : "tag:yaml.org,2002:map";
    std::string function;
    if (!tag.empty() && tag != "!" && tag != standard) {
      function = tag.starts_with("!") ? long_form(tag) : "";
      if (function.empty()) return fail("The tag " + tag + " is not supported.", place);
      ++depth;
    }
    if (!(is_sequence ? read_sequence(value, depth + 1) : read_mapping(value, depth + 1))) {
      return false;
    }
    value.place = place;
    if (!function.empty()) wrap(function, value);
    return true;
  }

  bool read_sequence(Value& value, int depth) {
    Array array;
    while (true) {
      if (!next()) return false;
      if (event_->type == YAML_SEQUENCE_END_EVENT) break;
      if (!read_node(array.emplace_back(), depth)) return false;
    }
    value.data = std::move(array);
    return true;
  }

  bool read_mapping(Value& value, int depth) {
    ObjectBuilder builder;
    while (true) {
      if (!next()) return false;
      if (event_->type == YAML_MAPPING_END_EVENT) break;
      const Place place = event_.place();
      if (event_->type != YAML_SCALAR_EVENT) return fail("A name should be here.", place);
      std::string name = scalar_text();
      if (name == "<<" && event_->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        return fail("Merging with << is not supported.", place);
      }
      if (event_->data.scalar.anchor) return fail("A name may not be an anchor.", place);
      Value member;
      if (!next() || !read_node(member, depth)) return false;
      if (!builder.add(name, std::move(member))) {
        return fail("The name \"" + name + "\" is repeated.", place);
      }
    }
    value.data = builder.take();
    return true;
  }

  std::string scalar_text() {
    return {reinterpret_cast<const char*>(event_->data.scalar.value), event_->data.scalar.length};
  }

  bool read_scalar(Value& value) {
    constexpr std::string_view kStandard = "tag:yaml.org,2002:";
    const std::string text = scalar_text();
    std::string_view tag = text_of(event_->data.scalar.tag);
    if (tag.empty()) {
      const bool is_plain = event_->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      value = is_plain ? resolve_plain(text) : Value(text);
      return true;
    }
    if (tag == "!") {
      value = text;
      return true;
    }
    if (tag.starts_with(kStandard)) return read_standard(tag.substr(kStandard.size()), text, value);
    const std::string function = tag.starts_with("!") ? long_form(tag) : "";
    if (function.empty()) {
      return fail("The tag " + std::string(tag) + " is not supported.", event_.place());
    }
    value = text;
    value.place = event_.place();
    wrap(function, value);
    return true;
  }

  bool read_standard(std::string_view type, const std::string& text, Value& value) {
    value = type == "str" ? Value(text) : resolve_plain(text);
    const size_t kind = value.data.index();
    const bool is_number =
        kind == Value(int64_t{0}).data.index() || std::holds_alternative<Value::Number>(value.data);
    const bool fits = type == "str" || (type == "bool" && value.as_boolean()) ||
                      (type == "null" && value.is_null()) ||
                      (type == "int" && value.as_integer()) || (type == "float" && is_number);
    if (fits) return true;
    return fail("The tag !!" + std::string(type) + " is not supported here.", event_.place());
  }

  // {function: value}
  static void wrap(const std::string& function, Value& value) {
    const Place place = value.place;
    if (const std::string* text = value.as_string(); text && function == "Fn::GetAtt") {
      const size_t dot = text->find('.');
      if (dot != std::string::npos) {
        Array parts = {Value(text->substr(0, dot)), Value(text->substr(dot + 1))};
        for (Value& part : parts) part.place = place;
        value = std::move(parts);
        value.place = place;
      }
    }
    Object object;
    object.append(function, std::move(value));
    value = std::move(object);
    value.place = place;
  }

  bool read_alias(Value& value, int depth) {
    const std::string name{text_of(event_->data.alias.anchor)};
    auto anchored = anchors_.find(name);
    if (anchored == anchors_.end()) {
      return fail("There is no anchor \"" + name + "\" before this.", event_.place());
    }
    if (!spend_copy(anchored->second, depth)) {
      return fail("The aliases expand to more than is allowed.", event_.place());
    }
    value = anchored->second;
    return true;
  }

  bool spend(size_t values, size_t bytes) {
    if (values > values_left_ || bytes > bytes_left_) return false;
    values_left_ -= values;
    bytes_left_ -= bytes;
    return true;
  }

  // What a further copy of `value` costs; it stops as soon as the limits are passed.
  bool spend_copy(const Value& value, int depth) {
    const std::string* text = value.as_string();
    if (!spend(1, text ? text->size() : 0)) return false;
    const Array* array = value.as_array();
    const Object* object = value.as_object();
    if ((array || object) && depth >= limits_.depth) return false;
    if (array) {
      for (const Value& element : *array) {
        if (!spend_copy(element, depth + 1)) return false;
      }
    }
    if (object) {
      for (const auto& [name, member] : *object) {
        if (!spend(0, name.size()) || !spend_copy(member, depth + 1)) return false;
      }
    }
    return true;
  }

  std::string_view text_;
  Limits limits_;
  size_t bytes_left_;
  size_t values_left_;
  yaml_parser_t parser_;
  Event event_;
  std::map<std::string, Value> anchors_;
  ParseError error_;
};

}  // namespace

Result<Value, ParseError> parse_yaml(std::string_view text, const Limits& limits) {
  // libyaml ends the process when it is given a null pointer, which an empty view may hold.
  if (text.empty()) return std::unexpected(ParseError{"The text is empty.", {1, 1}});
  return Reader(text, limits).read();
}

}  // namespace holm::formats
