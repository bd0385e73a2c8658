// References inside values, and the order they impose on resources.

#include "stacks/graph.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "stacks/substitution.h"

namespace holm::stacks {

namespace {

void add_substituted(const formats::Value& argument, std::set<Reference>& found) {
  const formats::Array* parts = argument.as_array();
  const formats::Value& text = parts && !parts->empty() ? parts->front() : argument;
  const formats::Value* variables = parts && parts->size() > 1 ? &(*parts)[1] : nullptr;
  if (!text.as_string()) return;
  for (const SubstitutionPart& part : split_substitution(*text.as_string())) {
    if (part.kind == SubstitutionPart::Kind::Text) continue;
    if (variables && variables->find(part.text)) continue;
    if (auto attribute = split_attribute(part.text)) {
      found.insert({attribute->resource, attribute->attribute, text.place});
    } else {
      found.insert({part.text, "", text.place});
    }
  }
}

void add_references(const formats::Value& value, std::set<Reference>& found) {
  if (const formats::Array* array = value.as_array()) {
    for (const formats::Value& element : *array) add_references(element, found);
    return;
  }
  const formats::Object* object = value.as_object();
  if (!object) return;
  const std::string_view function = function_name(value);
  if (!function.empty()) {
    const formats::Value& argument = object->begin()->second;
    const std::string* text = argument.as_string();
    if (function == "Ref" && text) found.insert({*text, "", argument.place});
    if (function == "Fn::GetAtt") {
      const formats::Array* parts = argument.as_array();
      if (auto attribute = literal_attribute(argument)) {
        found.insert({attribute->resource, attribute->attribute, argument.place});
      } else if (parts && !parts->empty() && parts->front().as_string()) {
        // The attribute's name is computed; the resource is known all the same.
        found.insert({*parts->front().as_string(), "*", argument.place});
      }
    }
    if (function == "Fn::Sub") add_substituted(argument, found);
  }
  for (const auto& [name, member] : *object) add_references(member, found);
}

// Depth-first search that keeps the way it came.
class CycleSearch {
 public:
  explicit CycleSearch(const Graph& graph) : graph_(graph) {}

  std::vector<std::string> run() {
    for (const auto& [node, ignored] : graph_) {
      if (visit(node)) return cycle_;
    }
    return {};
  }

 private:
  bool visit(const std::string& node) {
    if (done_.contains(node)) return false;
    const auto on_way = std::ranges::find(way_, node);
    if (on_way != way_.end()) {
      cycle_.assign(on_way, way_.end());
      cycle_.push_back(node);
      return true;
    }
    way_.push_back(node);
    if (auto needs = graph_.find(node); needs != graph_.end()) {
      for (const std::string& needed : needs->second) {
        if (visit(needed)) return true;
      }
    }
    way_.pop_back();
    done_.insert(node);
    return false;
  }

  const Graph& graph_;
  std::set<std::string> done_;
  std::vector<std::string> way_;
  std::vector<std::string> cycle_;
};

}  // namespace

bool Reference::operator<(const Reference& other) const {
  return std::tie(name, attribute) < std::tie(other.name, other.attribute);
}

std::set<Reference> references_in(const formats::Value& value) {
  std::set<Reference> found;
  add_references(value, found);
  return found;
}

Graph dependency_graph(const Template& declared) {
  Graph graph;
  for (const ResourceDeclaration& resource : declared.resources) graph[resource.logical_id];
  for (const ResourceDeclaration& resource : declared.resources) {
    std::set<std::string>& needs = graph[resource.logical_id];
    needs.insert(resource.depends_on.begin(), resource.depends_on.end());
    for (const formats::Value* part : {&resource.properties, &resource.metadata,
                                       &resource.creation_policy, &resource.update_policy}) {
      for (const Reference& reference : references_in(*part)) {
        if (graph.contains(reference.name)) needs.insert(reference.name);
      }
    }
  }
  return graph;
}

std::vector<std::string> find_cycle(const Graph& graph) { return CycleSearch(graph).run(); }

std::vector<std::string> creation_order(const Graph& graph) {
  std::vector<std::string> order;
  std::set<std::string> placed;
  while (placed.size() < graph.size()) {
    const size_t before = placed.size();
    for (const auto& [node, needs] : graph) {
      if (placed.contains(node)) continue;
      if (!std::ranges::includes(placed, needs)) continue;
      placed.insert(node);
      order.push_back(node);
    }
    CHECK(placed.size() > before);
  }
  return order;
}

}  // namespace holm::stacks
