// Waiting for a commit.

#include "objects/metadata.h"

#include <future>

namespace holm::objects {

CommitResult commit_and_wait(Metadata& metadata, Batch batch) {
  auto promise = std::make_shared<std::promise<CommitResult>>();
  auto result = promise->get_future();
  metadata.commit(std::move(batch),
                  [promise](CommitResult outcome) { promise->set_value(std::move(outcome)); });
  return result.get();
}

}  // namespace holm::objects
