// Instance profiles: whose role an instance hands out.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
#pragma once

#include <optional>
#include <string>

#include "services/ec2/resource.h"

namespace holm::ec2 {

class Service;

// The ARN of the profile that is meant; nothing when none is. UnauthorizedOperation unless the caller may pass its
// role on; IAM's error when there is no such profile.
std::optional<std::string> require_profile(Call& call,
                                           const std::optional<IamInstanceProfileSpecification>& given);

// From now on the instance, which has none, is associated with the profile; the association's id.
std::string associate_profile(Service& service, Call& call, const std::string& instance,
                              const std::string& profile);

}  // namespace holm::ec2
