// CloudFormation as a whole.

#include "services/cloudformation/service.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "cloudformation/handlers.h"
#include "jobs/jobs.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/stacks.h"

namespace holm::cloudformation {

namespace {

constexpr char kJob[] = "cloudformation.stack";

template <class Input>
std::string stack_of(const void* input) {
  return static_cast<const Input*>(input)->stack_name;
}

}  // namespace

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  std::string name;
  if (operation.name == "CreateStack") name = stack_of<CreateStackInput>(input);
  if (operation.name == "UpdateStack") name = stack_of<UpdateStackInput>(input);
  if (operation.name == "DeleteStack") name = stack_of<DeleteStackInput>(input);
  if (operation.name == "DescribeStackEvents") name = stack_of<DescribeStackEventsInput>(input);
  if (name.empty()) return aws::ServiceBase::access(operation, input, call);
  const std::string resource =
      name.starts_with("arn:") ? name : aws::arn("cloudformation", call, fmt::format("stack/{}/*", name));
  return {{.action = fmt::format("cloudformation:{}", operation.name), .resource = resource}};
}

void Service::start() {
  use_.jobs.handle(kJob, [this](const jobs::Job& job) {
    auto store = open_store(use_.region, job.key);
    if (!store) return jobs::done();
    const stacks::StepOutcome outcome = engine_.step(*store);
    return outcome.again ? jobs::again_at(use_.clock.now() + *outcome.again) : jobs::done();
  });
}

void Service::carry_on(aws::Call& call, const std::string& stack_id) {
  use_.jobs.schedule(call.transaction, {.kind = kJob, .key = stack_id}, use_.clock.now());
}

}  // namespace holm::cloudformation
