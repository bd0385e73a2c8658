// VPCs as the kernel has them: namespaces, bridges, rules, and in each VPC its resolver, its metadata service
// and the doors to the region's API and sites.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

namespace holm::ec2 {

struct Dependencies;
class VpcServers;

// Any thread; syncs of one VPC wait for each other.
class Networks final {
 public:
  explicit Networks(Dependencies& use);
  ~Networks();

  // Makes the kernel as the database says: what is there already is left alone. A VPC without interfaces
  // takes nothing of the kernel. Blocks for milliseconds; job threads only.
  Result<void> sync(const std::string& vpc);
  // Every VPC that is in use, after the daemon's start.
  void sync_all();
  // No more requests from guests.
  void stop();

 private:
  struct Vpc {
    std::atomic<uint64_t> asked = 0;
    std::mutex syncing;
    // Guarded by `syncing`: the last sync began after this many had been asked for, and how it ended.
    uint64_t covered = 0;
    Result<void> result;
    std::unique_ptr<VpcServers> servers;
  };
  Vpc& vpc_of(const std::string& id);
  Result<void> sync_now(const std::string& id, Vpc& vpc);

  Dependencies& use_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Vpc>> vpcs_;
};

}  // namespace holm::ec2
