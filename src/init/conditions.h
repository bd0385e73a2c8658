// The tests that a unit makes before it is started.
#pragma once

#include <string>

#include "init/unit.h"

namespace holm::init {

struct ConditionsResult {
  bool hold = true;
  bool failed_assertion = false;
  std::string unmet;  // As written, of the first that does not hold.
};

// `root` goes before every path.
ConditionsResult check_conditions(const std::vector<Condition>& conditions, const std::string& root);

}  // namespace holm::init
