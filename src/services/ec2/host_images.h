// The machine's own programs as images: one content under the names that templates look for, because an image is
// mostly found by a pattern of its name and whom it is of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace holm::ec2 {

// That of its own name, which AWS's public parameters lead to.
inline constexpr std::string_view kHostImage = "ami-0de8b1a12a0000012";

struct HostImage {
  std::string id, name;
  std::string owner;  // The account that AWS's image of that name is of.
  bool is_of_amazon = false;
};

bool is_host_image(std::string_view id);
// Names have dates in them: that of the machine's programs.
std::vector<HostImage> host_images(Time programs);

}  // namespace holm::ec2
