// A door to the load balancers' sites.
#pragma once

#include <cstdint>

#include "net/address.h"

namespace holm::lambda {

// Functions connect to 127.0.0.1 and this port; it is carried to where the sites are on this machine.
struct Site {
  uint16_t port = 80;
  net::Address target;
};

}  // namespace holm::lambda
