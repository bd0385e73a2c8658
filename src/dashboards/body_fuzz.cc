// Any text as a dashboard's body: read and drawn without values, or refused.

#include "dashboards/body.h"
#include "dashboards/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::dashboards;
  const Reading reading = read_body({reinterpret_cast<const char*>(data), size});
  if (reading.faults.empty()) (void)draw(reading.dashboard, {});
  return 0;
}
