// Tells of most keys that are not there that they are not, from ten bits a key (a Bloom filter).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holm::objects {

class KeyFilter final {
 public:
  explicit KeyFilter(uint64_t keys_max);
  static KeyFilter from_bytes(std::string bytes) { return KeyFilter(std::move(bytes)); }

  void add(std::string_view key);
  bool may_have(std::string_view key) const;
  const std::string& bytes() const { return bits_; }

 private:
  explicit KeyFilter(std::string bytes) : bits_(std::move(bytes)) {}
  std::string bits_;
};

}  // namespace holm::objects
