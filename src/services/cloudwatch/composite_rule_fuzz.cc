// Any text as the rule of a composite alarm: parsed and evaluated, or refused.

#include "services/cloudwatch/composite_rule.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::cloudwatch;
  auto rule = CompositeRule::parse({reinterpret_cast<const char*>(data), size});
  if (!rule) return 0;
  (void)rule->alarms();
  (void)rule->holds([](const std::string& alarm) {
    return alarm.size() % 2 == 0 ? AlarmState::Alarm : AlarmState::InsufficientData;
  });
  return 0;
}
