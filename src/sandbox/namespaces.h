// User, mount and network namespaces as descriptors, and running something inside one. Private to
// this folder.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

// Ids 0 to 65535 inside are `kIdsPerSandbox` ids of the host from a base on.
inline constexpr uint32_t kIdsPerSandbox = 65536;

struct GuestNamespaces {
  UniqueFd user;
  // Owned by the user namespace: root inside may bind low ports, and needs a capability for the
  // rest.
  UniqueFd network;
};

Result<GuestNamespaces> make_guest_namespaces(uint32_t first_id);
Result<UniqueFd> make_network_namespace();

// Runs `work` on the calling thread with its network namespace changed, and changes it back. Ends
// the process if there is no way back: a thread in the wrong network would be worse.
Result<void> in_network(int network_namespace, const std::function<Result<void>()>& work);

// Runs `work` on a thread of its own in a private copy of `mount_namespace`, waits, and returns the
// copy.
Result<UniqueFd> in_private_mounts(int mount_namespace, const std::function<Result<void>()>& work);

// "/proc/<own pid>/fd/<n>": a path other processes can open a descriptor of ours by.
std::string descriptor_path(int descriptor);

}  // namespace holm::sandbox
