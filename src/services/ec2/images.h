// Machine images. There is one: the machine's own programs, as every instance sees them.
#pragma once

#include <string>
#include <string_view>

namespace holm::ec2 {

inline constexpr std::string_view kHostImage = "ami-0de8b1a12a0000012";

// Throws InvalidAMIID.NotFound for another.
void require_image(std::string_view id);

}  // namespace holm::ec2
