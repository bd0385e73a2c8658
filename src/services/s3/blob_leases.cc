// Blobs that are being read are not removed until their readers are done.

#include "services/s3/blob_leases.h"

#include "blobs/blobs.h"

namespace holm::s3 {

std::shared_ptr<const BlobLeases::Lease> BlobLeases::lease(const std::vector<std::string>& blobs) {
  std::lock_guard lock(mutex_);
  for (const std::string& blob : blobs) {
    if (vanishing_.contains(blob) || condemned_.contains(blob)) return nullptr;
  }
  for (const std::string& blob : blobs) ++leases_[blob];
  return std::make_shared<Lease>(*this, blobs);
}

void BlobLeases::remove(const std::vector<std::string>& blobs) {
  std::vector<std::string> free;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& blob : blobs) {
      if (leases_.contains(blob)) {
        condemned_.insert(blob);
      } else {
        vanishing_.insert(blob);
        free.push_back(blob);
      }
    }
  }
  remove_now(free);
}

void BlobLeases::end(const std::vector<std::string>& blobs) {
  std::vector<std::string> free;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& blob : blobs) {
      auto found = leases_.find(blob);
      if (--found->second > 0) continue;
      leases_.erase(found);
      if (condemned_.erase(blob) == 0) continue;
      vanishing_.insert(blob);
      free.push_back(blob);
    }
  }
  remove_now(free);
}

void BlobLeases::remove_now(const std::vector<std::string>& blobs) {
  for (const std::string& blob : blobs) store_.remove(blob);
  std::lock_guard lock(mutex_);
  for (const std::string& blob : blobs) vanishing_.erase(blob);
}

}  // namespace holm::s3
