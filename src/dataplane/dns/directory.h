// The names a region answers for: published by services, read by the resolvers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holm::dns {

// What a name stands for: addresses, or another name.
struct Record {
  std::vector<std::string> addresses;  // IPv4, dotted.
  std::string alias;                   // Used when there are no addresses.
  uint32_t ttl_seconds = 60;

  bool operator==(const Record&) const = default;
};

// Any thread. Names are without the last dot and compared ignoring case. A name may mean something else in
// each VPC ("vpc-…"); one that is published for no VPC in particular is known in all.
class Directory final {
 public:
  void publish(std::string_view vpc_id, std::string_view name, Record record);
  void remove(std::string_view vpc_id, std::string_view name);
  void remove_vpc(std::string_view vpc_id);
  std::optional<Record> find(std::string_view vpc_id, std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, Record, std::less<>>, std::less<>> names_;  // By VPC.
};

}  // namespace holm::dns
