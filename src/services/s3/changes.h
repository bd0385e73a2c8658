// Changing S3's records: what is decided by what was read happens as it was decided, or is decided again.
#pragma once

#include <functional>
#include <string>

#include "async/task.h"
#include "aws/service/call.h"
#include "services/s3/records.h"

namespace holm::s3 {

class Service;

// Calls `work` and commits what it changes; when somebody else was first, once more. Blocks until it is
// durable. The transaction of `call` writes, so settings of buckets stay as they are.
void change(Service& service, aws::Call& call, const std::function<void(Records&)>& work);

// What a request is about.
struct Subject {
  std::string bucket;
  std::string key = {};  // Empty: no version of any.
};

// The same from a reactor, without blocking it, and without a transaction that writes: `work` gets one that
// reads. The bucket is there until the commit, and what is known of the key is older than the settings that
// `work` reads, so that nothing is decided by settings that somebody has changed before the key. The call
// outlives it.
async::Task<void> change_waiting(Service& service, aws::LongCall& call, Subject subject,
                                 std::function<void(aws::Call&, Records&)> work);

}  // namespace holm::s3
