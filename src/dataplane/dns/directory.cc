// The names a region answers for.

#include "dataplane/dns/directory.h"

#include "base/strings.h"

namespace holm::dns {

void Directory::publish(std::string_view vpc_id, std::string_view name, Record record) {
  std::lock_guard lock(mutex_);
  names_[std::string(vpc_id)][to_lower(name)] = std::move(record);
}

void Directory::remove(std::string_view vpc_id, std::string_view name) {
  std::lock_guard lock(mutex_);
  auto vpc = names_.find(vpc_id);
  if (vpc != names_.end()) vpc->second.erase(to_lower(name));
}

void Directory::remove_vpc(std::string_view vpc_id) {
  std::lock_guard lock(mutex_);
  names_.erase(std::string(vpc_id));
}

std::optional<Record> Directory::find(std::string_view vpc_id, std::string_view name) const {
  std::lock_guard lock(mutex_);
  const std::string wanted = to_lower(name);
  for (std::string_view scope : {vpc_id, std::string_view()}) {
    auto vpc = names_.find(scope);
    if (vpc == names_.end()) continue;
    auto found = vpc->second.find(wanted);
    if (found != vpc->second.end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace holm::dns
