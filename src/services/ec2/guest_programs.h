// What every instance has besides its image: the first process, and the commands by which it is asked.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sandbox/images.h"
#include "sandbox/runtime.h"

namespace holm::ec2 {

// Where an instance finds its first process.
constexpr char kInitPath[] = "/usr/lib/holm/holm-init";

// Their files.
struct GuestPrograms {
  std::string init;         // src/init
  std::string stack_tools;  // src/guest/stack_tools.py
};

// A layer of an image (sandbox::Image::layers) that holds the programs and links to them where systemctl and
// its like are looked for; in front of the host's own, which would ask for a systemd that is not there. Made
// once for these programs, below `<data_directory>/images`; the path.
Result<std::string> make_guest_layer(const std::string& data_directory, const GuestPrograms& programs);
// The part of it that goes over an image with that base.
std::string layer_over(const std::string& guest_layer, sandbox::Image::Base base);
// What an image that came whole needs besides: those made of containers forbid packages to start what they
// install.
sandbox::File package_policy();

// Those that other programs or earlier boots of the machine left. Instances that run on may use those of this
// boot.
enum class OldLayers { OfThisBootStay, AllGo };
void remove_old_guest_layers(const std::string& data_directory, const std::string& layer, OldLayers old);

}  // namespace holm::ec2
