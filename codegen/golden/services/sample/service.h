// The handmade service.
#pragma once

#include "aws/service/service.h"

namespace holm::sample {

class Service final : public aws::ServiceBase {};

}  // namespace holm::sample
