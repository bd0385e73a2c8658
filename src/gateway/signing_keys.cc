// Derived SigV4 keys.

#include "gateway/signing_keys.h"

namespace holm::gateway {

aws::signature::Key SigningKeys::key_for(const std::string& access_key_id,
                                         const std::string& secret_access_key,
                                         const aws::signature::Scope& scope) {
  std::string name;
  name.reserve(access_key_id.size() + scope.date.size() + scope.region.size() + scope.service.size() + 4);
  for (const std::string* part : {&access_key_id, &scope.date, &scope.region, &scope.service})
    (name += *part) += '/';
  {
    std::lock_guard lock(mutex_);
    auto found = keys_.find(name);
    if (found != keys_.end() && found->second.secret == secret_access_key) return found->second.key;
  }
  const aws::signature::Key key = aws::signature::derive_signing_key(secret_access_key, scope);
  std::lock_guard lock(mutex_);
  // Scopes are by day: what fills this up is mostly of days gone by.
  if (keys_.size() >= kEntriesMax) keys_.clear();
  keys_.insert_or_assign(name, Entry{secret_access_key, key});
  return key;
}

}  // namespace holm::gateway
