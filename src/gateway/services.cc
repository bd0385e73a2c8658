// The services of a region by name.

#include "gateway/services.h"

#include <algorithm>
#include <ranges>

namespace holm::gateway {

const Services::Entry* Services::find(std::string_view name) const {
  auto found = std::ranges::find_if(entries_, [&](const Entry& e) { return e.model->name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

std::vector<const aws::ServiceModel*> Services::models() const {
  std::vector<const aws::ServiceModel*> models;
  for (const Entry& entry : entries_) models.push_back(entry.model);
  return models;
}

void Services::start() {
  for (Entry& entry : entries_) entry.service->start();
}

// In reverse, so that a service stops before what it was built on.
void Services::stop() {
  for (Entry& entry : std::views::reverse(entries_)) entry.service->stop();
}

}  // namespace holm::gateway
