// Form fields → values of a shape, as clients of the query and ec2 protocols send their input.

#include "aws/codec/form_codec.h"

#include <map>

#include "aws/codec/bindings.h"
#include "aws/codec/text_codec.h"
#include "base/strings.h"
#include "formats/form.h"

namespace holm::aws {

namespace {

constexpr size_t kDepthMax = 32;

// The fields as a tree: "A.B.1" stands at A, B, 1. Values are the form's own.
struct Node {
  const std::string* text = nullptr;
  std::map<std::string_view, Node> children;

  const Node* find(std::string_view name) const {
    auto found = children.find(name);
    return found == children.end() ? nullptr : &found->second;
  }
};

Result<Node, CodecError> grow_tree(std::span<const formats::FormField> form) {
  Node root;
  for (const auto& field : form) {
    auto steps = split(field.name, '.');
    if (steps.size() > kDepthMax) return codec_failure("A field is nested too deeply.");
    Node* node = &root;
    for (std::string_view step : steps) node = &node->children[step];
    // As AWS does, the first of several fields of one name counts.
    if (!node->text) node->text = &field.value;
  }
  return root;
}

// Reads one form; the tree's depth bounds the recursion.
class FormReader final {
 public:
  explicit FormReader(FormDialect dialect) : dialect_(dialect) {}

  CodecResult read_structure(const Node& node, const Shape& shape, void* out) const;

 private:
  std::string_view name_of(const Member& member) const {
    return dialect_ == FormDialect::Ec2 ? member.ec2_name : element_name(member);
  }
  const Node* find_member(const Node& node, const Member& member) const;
  CodecResult read_member(const Node& node, const Member& member, void* out) const;
  CodecResult read_list(const Node& node, const Member& member, void* out) const;
  CodecResult read_map(const Node& node, const Member& member, void* out) const;
  CodecResult read_entry(const Node& entry, const Shape& map, void* out) const;

  FormDialect dialect_;
};

const Node* FormReader::find_member(const Node& node, const Member& member) const {
  if (const Node* found = node.find(name_of(member))) return found;
  // A flattened list is written under the name of its items, or under its own.
  return dialect_ == FormDialect::Query ? node.find(member.wire_name) : nullptr;
}

CodecResult FormReader::read_structure(const Node& node, const Shape& shape, void* out) const {
  int present = 0;
  for (const Member& member : shape.members) {
    const Node* found = find_member(node, member);
    if (!found) continue;
    ++present;
    auto result = read_member(*found, member, ensure_field(member, out));
    if (!result) return within(name_of(member), std::move(result.error()));
  }
  if (shape.is_union && present != 1)
    return codec_failure("Exactly one member of the union is expected.");
  return {};
}

CodecResult FormReader::read_member(const Node& node, const Member& member, void* out) const {
  const Shape& shape = *member.shape;
  if (shape.kind == Kind::Structure) return read_structure(node, shape, out);
  if (shape.kind == Kind::List) return read_list(node, member, out);
  if (shape.kind == Kind::Map) return read_map(node, member, out);
  if (!node.text) return codec_failure("A value is expected, not parts of one.");
  return read_text(*node.text, shape.kind, timestamp_format(member, TimestampFormat::Iso8601), out);
}

// The children whose names are numbers, in the numbers' order.
Result<std::map<long long, const Node*>, CodecError> numbered(const Node& node) {
  std::map<long long, const Node*> items;
  for (const auto& [name, child] : node.children) {
    auto number = parse_integer(name);
    if (!number || *number < 0)
      return codec_failure("A number is expected after the name of a list.");
    items.emplace(*number, &child);
  }
  return items;
}

CodecResult FormReader::read_list(const Node& node, const Member& member, void* out) const {
  const Shape& list = *member.shape;
  bool is_flat = dialect_ == FormDialect::Ec2 || is_flattened(member);
  const Node* parent = is_flat ? &node : node.find(list.element->wire_name);
  // The generic name is understood as well: older clients write it whatever the model says.
  if (!parent && !is_flat) parent = node.find("member");
  if (!parent) {
    bool is_empty_list = node.text && node.text->empty() && node.children.empty();
    if (is_empty_list) return {};
    return codec_failure("A list is expected, with items named like " +
                         std::string(list.element->wire_name) + ".1.");
  }
  auto items = numbered(*parent);
  if (!items) return std::unexpected(std::move(items.error()));
  for (const auto& [number, item] : *items) {
    void* element = list.element->ops->ensure(list.list->append(out));
    auto result = read_member(*item, *list.element, element);
    if (!result) return within_item(static_cast<size_t>(number), std::move(result.error()));
  }
  return {};
}

CodecResult FormReader::read_map(const Node& node, const Member& member, void* out) const {
  const Node* parent = is_flattened(member) ? &node : node.find("entry");
  if (!parent) return {};
  auto entries = numbered(*parent);
  if (!entries) return std::unexpected(std::move(entries.error()));
  for (const auto& [number, entry] : *entries) {
    auto result = read_entry(*entry, *member.shape, out);
    if (!result) return within_item(static_cast<size_t>(number), std::move(result.error()));
  }
  return {};
}

CodecResult FormReader::read_entry(const Node& entry, const Shape& map, void* out) const {
  const Node* key = entry.find(map.key_name);
  const Node* value = entry.find(map.element->wire_name);
  if (!key || !key->text) return codec_failure("An entry without its key.");
  if (!is_utf8(*key->text)) return codec_failure("Text in UTF-8 is expected.");
  void* element = map.element->ops->ensure(map.map->insert(out, *key->text));
  if (!value) return {};
  return read_member(*value, *map.element, element);
}

}  // namespace

CodecResult read_form(std::span<const formats::FormField> form, FormDialect dialect,
                      const Shape& shape, void* out) {
  auto tree = grow_tree(form);
  if (!tree) return std::unexpected(std::move(tree.error()));
  return FormReader(dialect).read_structure(*tree, shape, out);
}

}  // namespace holm::aws
