// The programs that instances have from holm.
#pragma once

#include "base/result.h"
#include "services/ec2/guest_programs.h"

namespace holm::region {

// They lie beside this program's own file.
Result<ec2::GuestPrograms> guest_programs();

}  // namespace holm::region
