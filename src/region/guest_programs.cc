// Finds the programs of instances.

#include "region/guest_programs.h"

#include <unistd.h>

#include <string>

#include "base/files.h"

namespace holm::region {

Result<ec2::GuestPrograms> guest_programs() {
  std::string self(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size());
  if (length <= 0) return failure("cannot find this program's own file");
  self.resize(static_cast<size_t>(length));
  const std::string folder = self.substr(0, self.rfind('/'));
  auto init = read_file(folder + "/holm-init");
  if (!init) return std::unexpected(init.error());
  auto tools = read_file(folder + "/holm-stack-tools");
  if (!tools) return std::unexpected(tools.error());
  return ec2::GuestPrograms{.init = std::move(*init), .stack_tools = std::move(*tools)};
}

}  // namespace holm::region
