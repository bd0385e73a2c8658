// Any text as an expression: parsed and evaluated, or refused.

#include "services/cloudwatch/expression.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::cloudwatch;
  auto expression = Expression::parse({reinterpret_cast<const char*>(data), size});
  if (!expression) return 0;
  const MathValue curve = Curve{60, {{0, 1}, {60, 0}, {180, -4}}};
  (void)expression->ids();
  (void)expression->evaluate(
      {.find = [&](const std::string& id) { return id == "m" ? &curve : nullptr; },
       .metrics = [&](const std::string&) { return std::vector<Curve>(3, std::get<Curve>(curve)); },
       .periods = {.start = 0, .end = 600, .period = 60}});
  return 0;
}
