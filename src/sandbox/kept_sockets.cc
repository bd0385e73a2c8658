// The anchor keeps namespaces as well, under names of their own.

#include "sandbox/kept_sockets.h"

#include <vector>

#include "base/log.h"
#include "sandbox/anchor.h"

namespace holm::sandbox {

KeptSockets::KeptSockets(Anchor& anchor) : anchor_(anchor) {
  // A new one keeps nothing yet.
  if (anchor.is_new()) return;
  auto kept = anchor.list();
  if (!kept) {
    log::warning("the sockets of an earlier daemon: " + kept.error().message);
    return;
  }
  for (const KeptDescriptor& each : *kept) names_.insert(each.name);
}

Result<UniqueFd> KeptSockets::open(const std::string& name, const Make& make) {
  std::lock_guard lock(mutex_);
  if (names_.contains(name)) {
    auto kept = anchor_.find(name);
    if (!kept || *kept) return kept;
  }
  auto made = make();
  if (!made) return made;
  if (auto done = anchor_.keep(name, made->get()); !done) return std::unexpected(done.error());
  names_.insert(name);
  return made;
}

void KeptSockets::retain(std::string_view prefix, const std::set<std::string>& names) {
  std::lock_guard lock(mutex_);
  std::vector<std::string> gone;
  for (auto each = names_.lower_bound(std::string(prefix)); each != names_.end(); ++each) {
    if (!each->starts_with(prefix)) break;
    if (!names.contains(*each)) gone.push_back(*each);
  }
  for (const std::string& name : gone) {
    if (auto done = anchor_.drop(name); !done) {
      log::warning(name + " stays open: " + done.error().message);
      continue;
    }
    names_.erase(name);
  }
}

}  // namespace holm::sandbox
