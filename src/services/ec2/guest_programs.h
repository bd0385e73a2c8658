// What every instance has besides its image: the first process, and the commands by which it is asked.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::ec2 {

// Where an instance finds its first process.
constexpr char kInitPath[] = "/usr/lib/holm/holm-init";

enum class OldLayers { Keep, Remove };

// A layer of an image (sandbox::Image::layers) that holds `program` and links to it where systemctl and its
// like are looked for; in front of the host's own, which would ask for a systemd that is not there. Made once
// for each program, below `<data_directory>/images`; the path. Old ones may be removed while no instance
// runs.
Result<std::string> make_guest_layer(const std::string& data_directory, std::string_view program,
                                     OldLayers old);

}  // namespace holm::ec2
