// The region: everything there is, built and connected in one place.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "region/options.h"

namespace holm::region {

// One daemon: storage, sandboxes, services, gateway, data planes. Made and destroyed on one thread, which
// then waits while others work.
class Region final {
  struct Private {};
  class State;

 public:
  // Use start().
  Region(Private, std::unique_ptr<State> state);
  // Builds, adopts what an earlier daemon left running, and takes requests. Fails in one sentence for the
  // person who started it; nothing is then left half-done.
  static Result<std::unique_ptr<Region>> start(const Options& options);
  // Stops taking requests and ends. Sandboxes run on.
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  // "http://localhost:4566"
  std::string endpoint() const;
  const std::string& account() const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace holm::region
