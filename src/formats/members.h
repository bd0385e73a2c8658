// Building objects from untrusted text: names are unique, and checking that stays linear.
#pragma once

#include <string>
#include <unordered_set>

#include "formats/value.h"

namespace holm::formats {

class ObjectBuilder {
 public:
  // False, and nothing is added, when the name is there already.
  bool add(std::string name, Value value);
  Object take() { return std::move(object_); }

 private:
  Object object_;
  std::unordered_set<std::string> names_;  // Filled once the object is larger than a glance.
};

}  // namespace holm::formats
