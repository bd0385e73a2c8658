// Sockets that the anchor keeps, so that they are there again when the daemon is.
#pragma once

#include <mutex>

#include "net/socket_keeper.h"

namespace holm::sandbox {

class Anchor;

class KeptSockets final : public net::SocketKeeper {
 public:
  // Asks the anchor what an earlier daemon had. It outlives this.
  explicit KeptSockets(Anchor& anchor);

  Result<UniqueFd> open(const std::string& name, const Make& make) override;
  void retain(std::string_view prefix, const std::set<std::string>& names) override;

 private:
  Anchor& anchor_;
  std::mutex mutex_;
  std::set<std::string> names_;  // Guarded by mutex_.
};

}  // namespace holm::sandbox
