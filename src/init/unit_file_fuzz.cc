// Whatever a file of the guest holds, reading it as a unit ends, and within bounds.

#include <cstddef>
#include <cstdint>

#include "init/unit.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::init;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Unit unit;
  unit.name = "fuzz@a.service";
  unit.names = {unit.name};
  apply_assignments(unit, parse_unit_file(text, "fuzz"), "fuzz", [](char letter) {
    return letter == 'i' ? std::optional<std::string>("a") : std::nullopt;
  });
  check_unit(unit);
  Environment environment;
  for (const std::string& each : unit.service.environment) environment.set(each);
  for (const Command& command : unit.service.start) expand_variables(command, environment);
  return 0;
}
