// Blocks of runs that were read last, checked already.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace holm::objects {

// Any thread. Runs never change and their numbers are never given again, so nothing in it is ever old.
class BlockCache final {
 public:
  using Block = std::shared_ptr<const std::string>;

  explicit BlockCache(size_t bytes_max) : bytes_max_(bytes_max) {}
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  Block find(uint64_t run, uint32_t block);  // Null: it is not here.
  void keep(uint64_t run, uint32_t block, Block bytes);

 private:
  struct Kept {
    uint64_t place = 0;
    Block bytes;
  };

  const size_t bytes_max_;
  std::mutex mutex_;      // Guards what follows.
  std::list<Kept> kept_;  // Those used last are first.
  std::unordered_map<uint64_t, std::list<Kept>::iterator> places_;
  size_t bytes_ = 0;
};

}  // namespace holm::objects
