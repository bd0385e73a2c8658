// Blobs that are being read are not removed until their readers are done.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace holm::blobs {
class Store;
}

namespace holm::s3 {

// Belongs to the service. Any thread. All blobs of an object are leased and removed at once, so whoever has a
// lease and could open one of them can open them all.
class BlobLeases final {
 public:
  explicit BlobLeases(blobs::Store& store) : store_(store) {}

  class Lease {
   public:
    Lease(BlobLeases& leases, std::vector<std::string> blobs) : leases_(leases), blobs_(std::move(blobs)) {}
    ~Lease() { leases_.end(blobs_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

   private:
    BlobLeases& leases_;
    std::vector<std::string> blobs_;
  };

  // Null when one of them is just being removed: the object has changed meanwhile.
  std::shared_ptr<const Lease> lease(const std::vector<std::string>& blobs);
  // Removes them, those that are leased after the last lease ends. Call it after the commit that forgot them.
  void remove(const std::vector<std::string>& blobs);

 private:
  void end(const std::vector<std::string>& blobs);
  void remove_now(const std::vector<std::string>& blobs);

  blobs::Store& store_;
  std::mutex mutex_;
  std::map<std::string, int> leases_;  // Guarded by mutex_, as the next two.
  std::set<std::string> condemned_;    // To be removed when its lease ends.
  std::set<std::string> vanishing_;    // Being removed now.
};

}  // namespace holm::s3
