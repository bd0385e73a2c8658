// What CloudFormation's handlers share: the engine, and the job that drives it.
#pragma once

#include <string>

#include "async/task.h"
#include "aws/service/service.h"
#include "base/clock.h"
#include "base/random.h"
#include "stacks/engine.h"

namespace holm::aws {
class IdentityProvider;
}
namespace holm::http {
class Exchange;
}
namespace holm::jobs {
class Jobs;
}

namespace holm::cloudformation {

// Everything CloudFormation is built on; all of it outlives the service.
struct Dependencies {
  jobs::Jobs& jobs;
  aws::Region& region;
  aws::IdentityProvider& identities;
  const stacks::TypeRegistry& types;
  Clock& clock;
  Random& random;
  // "https://holm.internal": where functions and subscribers of topics can answer.
  std::string reply_origin = {};
};

// One for all accounts and regions. Any thread.
class Service final : public aws::ServiceBase {
 public:
  explicit Service(const Dependencies& dependencies)
      : use_(dependencies), engine_(dependencies.types, dependencies.random) {}

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  // Registers the jobs; stacks that an earlier daemon left in the middle go on.
  void start() override;

  // Whether a request to the region is an answer about a custom resource, or a signal; it is then taken.
  static bool is_reply(const http::Exchange& exchange);
  async::Task<void> answer_reply(http::Exchange& exchange);

  const stacks::TypeRegistry& types() const { return use_.types; }
  const stacks::Engine& engine() const { return engine_; }
  aws::IdentityProvider& identities() { return use_.identities; }
  Random& random() { return use_.random; }
  Clock& clock() { return use_.clock; }
  jobs::Jobs& jobs() { return use_.jobs; }
  aws::Region& region() { return use_.region; }
  const std::string& reply_origin() const { return use_.reply_origin; }
  // Has the stack's operation carried on once `call` is committed.
  void carry_on(aws::Call& call, const std::string& stack_id);

 private:
  // Stacks that were deleted long ago cannot be described any more.
  void forget_deleted_stacks();

  Dependencies use_;
  stacks::Engine engine_;
};

}  // namespace holm::cloudformation
