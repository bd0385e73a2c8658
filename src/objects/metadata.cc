// Reading one range, and waiting for a commit.

#include "objects/metadata.h"

#include <future>

namespace holm::objects {

Outcome<RecordPage> Metadata::scan(const Range& range, size_t records_max) {
  auto found = scan_all({&range, 1}, records_max);
  if (!found) return fail(found.error());
  return std::move(found->front());
}

CommitResult commit_and_wait(Metadata& metadata, Batch batch) {
  auto promise = std::make_shared<std::promise<CommitResult>>();
  auto result = promise->get_future();
  metadata.commit(std::move(batch),
                  [promise](CommitResult outcome) { promise->set_value(std::move(outcome)); });
  return result.get();
}

}  // namespace holm::objects
