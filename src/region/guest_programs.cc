// Finds the programs of instances.

#include "region/guest_programs.h"

#include <unistd.h>

#include <string>

namespace holm::region {

Result<ec2::GuestPrograms> guest_programs() {
  std::string self(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size());
  if (length <= 0) return failure("cannot find this program's own file");
  self.resize(static_cast<size_t>(length));
  const std::string folder = self.substr(0, self.rfind('/'));
  return ec2::GuestPrograms{.init = folder + "/holm-init", .stack_tools = folder + "/holm-stack-tools"};
}

}  // namespace holm::region
