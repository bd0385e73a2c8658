// Blocks of runs in memory.

#include "objects/block_cache.h"

namespace holm::objects {

namespace {

// Runs have far fewer blocks, and a store makes far fewer runs.
constexpr unsigned kBlockBits = 28;

uint64_t place_of(uint64_t run, uint32_t block) { return run << kBlockBits | block; }

}  // namespace

BlockCache::Block BlockCache::find(uint64_t run, uint32_t block) {
  std::lock_guard lock(mutex_);
  const auto found = places_.find(place_of(run, block));
  if (found == places_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found->second);
  return found->second->bytes;
}

void BlockCache::keep(uint64_t run, uint32_t block, Block bytes) {
  const uint64_t place = place_of(run, block);
  std::lock_guard lock(mutex_);
  if (places_.contains(place)) return;
  bytes_ += bytes->size();
  kept_.push_front({place, std::move(bytes)});
  places_[place] = kept_.begin();
  while (bytes_ > bytes_max_ && kept_.size() > 1) {
    bytes_ -= kept_.back().bytes->size();
    places_.erase(kept_.back().place);
    kept_.pop_back();
  }
}

}  // namespace holm::objects
