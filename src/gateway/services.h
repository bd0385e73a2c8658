// The services of a region by name: what the gateway and the in-process client dispatch to.
#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/service/operation.h"
#include "aws/service/service.h"
#include "aws/service/short_reads.h"

namespace holm::gateway {

// Filled once, by region/, before the first request; read-only and shared by all threads afterwards.
class Services final {
 public:
  struct Entry {
    const aws::ServiceModel* model;
    std::unique_ptr<aws::ServiceBase> service;
    const aws::ShortReads* short_reads = nullptr;  // The same service; null: it has none.
  };

  // Makes a service from exactly what its constructor takes.
  template <class Service, class... Arguments>
  Service& add(const aws::ServiceModel& model, Arguments&&... arguments) {
    auto service = std::make_unique<Service>(std::forward<Arguments>(arguments)...);
    Service& made = *service;
    entries_.push_back({&model, std::move(service)});
    if constexpr (std::derived_from<Service, aws::ShortReads>) entries_.back().short_reads = &made;
    return made;
  }

  const Entry* find(std::string_view name) const;
  std::vector<const aws::ServiceModel*> models() const;
  void start();
  void stop();

 private:
  std::vector<Entry> entries_;
};

}  // namespace holm::gateway
