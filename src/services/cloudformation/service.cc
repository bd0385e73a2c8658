// CloudFormation as a whole.

#include "services/cloudformation/service.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "cloudformation/handlers.h"
#include "http/server.h"
#include "jobs/jobs.h"
#include "services/cloudformation/custom_requests.h"
#include "services/cloudformation/nested_stacks.h"
#include "services/cloudformation/reply_door.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/stacks.h"

namespace holm::cloudformation {

namespace {

constexpr char kJob[] = "cloudformation.stack";

constexpr char kExpireJob[] = "cloudformation.expire";
constexpr std::chrono::hours kExpireEvery{1};
constexpr std::chrono::days kDeletedKept{90};

std::vector<aws::Access> on(const aws::Operation& operation, const std::string& name, const aws::Call& call) {
  const bool is_arn = name.starts_with("arn:") && name.find(":stack/") != std::string::npos;
  return {{.action = fmt::format("cloudformation:{}", operation.name),
           .resource = is_arn         ? name
                       : name.empty() ? "*"
                                      : aws::arn("cloudformation", call, fmt::format("stack/{}/*", name))}};
}

template <class Input>
std::vector<aws::Access> on_stack(const aws::Operation& operation, const void* input, const aws::Call& call) {
  return on(operation, static_cast<const Input*>(input)->stack_name, call);
}

template <class Input>
std::vector<aws::Access> on_optional_stack(const aws::Operation& operation, const void* input,
                                           const aws::Call& call) {
  return on(operation, static_cast<const Input*>(input)->stack_name.value_or(""), call);
}

// Who lets CloudFormation act as a role has to be allowed to pass it.
template <class Input>
std::vector<aws::Access> with_role(const aws::Operation& operation, const void* input, const aws::Call& call) {
  const auto& request = *static_cast<const Input*>(input);
  std::vector<aws::Access> needed = on(operation, request.stack_name, call);
  if (request.role_arn) {
    needed.push_back({.action = "iam:PassRole",
                      .resource = *request.role_arn,
                      .context = {{"iam:PassedToService", {"cloudformation.amazonaws.com"}}}});
  }
  return needed;
}

}  // namespace

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  const std::string_view name = operation.name;
  if (name == "CreateStack") return with_role<CreateStackInput>(operation, input, call);
  if (name == "UpdateStack") return with_role<UpdateStackInput>(operation, input, call);
  if (name == "CreateChangeSet") return with_role<CreateChangeSetInput>(operation, input, call);
  if (name == "DeleteStack") return with_role<DeleteStackInput>(operation, input, call);
  if (name == "ContinueUpdateRollback") return with_role<ContinueUpdateRollbackInput>(operation, input, call);
  if (name == "RollbackStack") return with_role<RollbackStackInput>(operation, input, call);
  if (name == "DescribeStackEvents") return on_stack<DescribeStackEventsInput>(operation, input, call);
  if (name == "DescribeStackResource") return on_stack<DescribeStackResourceInput>(operation, input, call);
  if (name == "ListStackResources") return on_stack<ListStackResourcesInput>(operation, input, call);
  if (name == "ListChangeSets") return on_stack<ListChangeSetsInput>(operation, input, call);
  if (name == "CancelUpdateStack") return on_stack<CancelUpdateStackInput>(operation, input, call);
  if (name == "SignalResource") return on_stack<SignalResourceInput>(operation, input, call);
  if (name == "UpdateTerminationProtection") {
    return on_stack<UpdateTerminationProtectionInput>(operation, input, call);
  }
  if (name == "DescribeStacks") return on_optional_stack<DescribeStacksInput>(operation, input, call);
  if (name == "DescribeChangeSet") return on_optional_stack<DescribeChangeSetInput>(operation, input, call);
  if (name == "ExecuteChangeSet") return on_optional_stack<ExecuteChangeSetInput>(operation, input, call);
  if (name == "DeleteChangeSet") return on_optional_stack<DeleteChangeSetInput>(operation, input, call);
  if (name == "GetTemplate") return on_optional_stack<GetTemplateInput>(operation, input, call);
  if (name == "DescribeStackResources") {
    return on_optional_stack<DescribeStackResourcesInput>(operation, input, call);
  }
  return aws::ServiceBase::access(operation, input, call);
}

void Service::start() {
  use_.jobs.handle(kJob, [this](const jobs::Job& job) {
    auto store = open_store(use_.region, use_.clock, job.key);
    if (!store) return jobs::done();
    const stacks::StepOutcome outcome = engine_.step(*store);
    return outcome.again ? jobs::again_at(use_.clock.now() + *outcome.again) : jobs::done();
  });
  use_.jobs.handle(kRequestJob, [this](const jobs::Job& job) { return send_question(*this, job); });
  use_.jobs.handle(kNestedJob, [this](const jobs::Job& job) { return begin_nested(*this, job); });
  use_.jobs.keep({.kind = kExpireJob, .key = "all"}, use_.clock.now() + kExpireEvery, [this](const jobs::Job&) {
    forget_deleted_stacks();
    return jobs::again_at(use_.clock.now() + kExpireEvery);
  });
}

bool Service::is_reply(const http::Exchange& exchange) { return is_for_reply_door(exchange.request()); }

async::Task<void> Service::answer_reply(http::Exchange& exchange) {
  return answer_at_reply_door(*this, exchange);
}

void Service::forget_deleted_stacks() {
  const aws::Caller caller = use_.region.caller("", "", "cloudformation.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    call.transaction.run("DELETE FROM cloudformation_stack WHERE deleted < ?1",
                         {to_milliseconds(use_.clock.now() - kDeletedKept)});
  });
}

void Service::carry_on(aws::Call& call, const std::string& stack_id) {
  use_.jobs.schedule(call.transaction, {.kind = kJob, .key = stack_id}, use_.clock.now());
}

}  // namespace holm::cloudformation
