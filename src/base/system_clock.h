// The machine's clock.
#pragma once

#include "base/clock.h"

namespace holm {

class SystemClock final : public Clock {
 public:
  Time now() const override;
  SteadyTime steady() const override;
};

}  // namespace holm
