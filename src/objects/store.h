// The object store of a region: an engine with the threads that drive it.
#pragma once

#include <memory>
#include <string>

#include "objects/bodies.h"
#include "objects/engine.h"
#include "objects/metadata.h"

namespace holm::objects {

// Two threads: one writes the log, one does what is not urgent. Any thread may use it.
class Store {
 public:
  virtual ~Store() = default;  // Commits that wait are written first.
  virtual Metadata& metadata() = 0;
  virtual Bodies& bodies() = 0;
  virtual Outcome<ScrubReport> scrub() = 0;
  virtual EngineNumbers numbers() const = 0;
  // False when the disk is so full that only what frees space should be asked for.
  virtual bool has_room() const = 0;
};

// Opens or makes the store in `folder`.
Outcome<std::unique_ptr<Store>> open_store(const std::string& folder, const Options& options = {});

}  // namespace holm::objects
