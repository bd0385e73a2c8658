// What a commit of records decided to be done later, on its way to the jobs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "jobs/jobs.h"

namespace holm::objects {
class Metadata;
}
namespace holm::sql {
class Transaction;
}

namespace holm::s3 {

class Service;

using LaterJobs = std::vector<std::pair<std::string, std::pair<jobs::Job, Time>>>;  // By keys of the outbox.

std::string encode_job(const jobs::Job& job, Time due);
// Nothing for bytes that are none.
std::optional<std::pair<jobs::Job, Time>> read_job(std::string_view bytes);

// Makes them jobs by `transaction`; once it is durable they leave the outbox of `metadata`, which outlives
// that.
void hand_over(jobs::Jobs& jobs, objects::Metadata& metadata, sql::Transaction& transaction,
               const LaterJobs& later);
// What a crash left in it. Blocks.
void empty_outbox(Service& service);

}  // namespace holm::s3
