// Launch templates: what an instance is made of, under a name and in versions.
#pragma once

#include "services/ec2/resource.h"

namespace holm::ec2 {

// The request with what its launch template says laid under it. It then names the template by its id, and the
// number of the version.
RunInstancesRequest with_launch_template(Call& call, const RunInstancesRequest& request);

}  // namespace holm::ec2
