// Which resource must exist before which.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "formats/value.h"
#include "stacks/template.h"

namespace holm::stacks {

// A use of a resource or parameter inside a value.
struct Reference {
  std::string name;       // Logical id, parameter or pseudo parameter.
  std::string attribute;  // Of GetAtt and ${A.B}; empty for Ref.
  formats::Place place;
  bool operator<(const Reference& other) const;
};

// All references inside `value` by Ref, Fn::GetAtt and Fn::Sub, whatever conditions say.
std::set<Reference> references_in(const formats::Value& value);

// Logical id → the logical ids it needs, by reference or DependsOn. Only resources in it.
using Graph = std::map<std::string, std::set<std::string>>;
Graph dependency_graph(const Template& declared);

// One circle in the graph ("A", "B", "A"), or empty.
std::vector<std::string> find_cycle(const Graph& graph);
// An order in which everything comes after what it needs. The graph must have no circle.
std::vector<std::string> creation_order(const Graph& graph);

}  // namespace holm::stacks
