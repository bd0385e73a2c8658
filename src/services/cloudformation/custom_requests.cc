// Making, sending and finding requests about custom resources.

#include "services/cloudformation/custom_requests.h"

#include <fmt/format.h>

#include "aws/service/attempt.h"
#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/random.h"
#include "base/strings.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "lambda/operations.h"
#include "services/cloudformation/reply_door.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/stacks.h"
#include "sns/operations.h"
#include "stacks/substitution.h"

namespace holm::cloudformation {

namespace {

constexpr std::chrono::seconds kTimeoutMax{3600};
constexpr std::chrono::seconds kAgain{1};
constexpr size_t kSecretLength = 64;
constexpr char kSubject[] = "AWS CloudFormation custom resource request";

std::string token_of(const formats::Value& properties) {
  const formats::Value* token = properties.find("ServiceToken");
  return token && token->as_string() ? *token->as_string() : std::string();
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
std::chrono::seconds timeout_of(const formats::Value& properties) {
  const formats::Value* given = properties.find("ServiceTimeout");
  if (!given) return kTimeoutMax;
  const auto seconds = parse_integer(stacks::scalar_text(*given).value_or(""));
  if (!seconds || *seconds < 1 || *seconds > kTimeoutMax.count()) {
    throw aws::ServiceError("ValidationError", 400,
                            "ServiceTimeout must be a number of seconds from 1 to 3600.");
  }
  return std::chrono::seconds(*seconds);
}

std::string payload_of(const Question& question, const std::string& token, const std::string& id,
                       const std::string& url) {
  formats::Object request;
  request.append("RequestType", question.type);
  request.append("ServiceToken", token);
  request.append("ResponseURL", url);
  request.append("StackId", question.stack_id);
  request.append("RequestId", id);
  request.append("LogicalResourceId", question.logical_id);
  if (!question.physical_id.empty()) request.append("PhysicalResourceId", question.physical_id);
  request.append("ResourceType", question.resource_type);
  request.append("ResourceProperties", as_texts(question.properties));
  if (question.old_properties) request.append("OldResourceProperties", as_texts(*question.old_properties));
  return formats::write_json(std::move(request));
}

struct Parcel {
  aws::Caller caller;
  std::string stack_id, service_token, payload;
};

std::optional<Parcel> find_parcel(Service& service, const std::string& id) {
  std::optional<Parcel> parcel;
  aws::Region& region = service.region();
  aws::Caller caller = region.caller("", "", "cloudformation.amazonaws.com");
  region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    auto row = call.transaction.find(
        "SELECT stack, service_token, payload FROM cloudformation_request WHERE id = ?1 AND sent = 0"
        " AND problem IS NULL",
        {id});
    if (!row) return;
    const auto stack = find_stack_by_id(call.transaction, row->text(0));
    if (!stack) return;
    caller.account = stack->account;
    caller.region = stack->region;
    caller.principal = stack->principal;
    parcel = Parcel{std::move(caller), row->text(0), row->text(1), row->text(2)};
  });
  return parcel;
}

void hand_over(Service& service, const Parcel& parcel) {
  aws::Region& region = service.region();
  if (parcel.service_token.starts_with("arn:aws:sns:")) {
    region.transact(parcel.caller, sql::Access::Write, [&](aws::Call& call) {
      call.client.call<sns::Publish>(
          call, call.principal,
          {.topic_arn = parcel.service_token, .message = parcel.payload, .subject = kSubject});
    });
    return;
  }
  lambda::InvocationRequest request{
      .function_name = parcel.service_token, .invocation_type = "Event", .payload = parcel.payload};
  region.call_blocking<lambda::Invoke>(parcel.caller, std::move(request));
}

// A function that is being changed, or one of too many.
bool will_pass(const std::string& words) {
  return words.starts_with("ResourceConflictException") || words.starts_with("TooManyRequestsException") ||
         words.starts_with("ServiceException") || words.starts_with("ServiceUnavailable");
}

}  // namespace

formats::Value as_texts(const formats::Value& value) {
  if (const formats::Array* array = value.as_array()) {
    formats::Array texts;
    for (const formats::Value& element : *array) texts.push_back(as_texts(element));
    return texts;
  }
  if (const formats::Object* object = value.as_object()) {
    formats::Object texts;
    for (const auto& [name, member] : *object) texts.append(name, as_texts(member));
    return texts;
  }
  const auto text = stacks::scalar_text(value);
  return text ? formats::Value(*text) : value;
}

void ask(Service& service, aws::Call& call, const Question& question) {
  const std::string token = token_of(question.properties);
  if (!token.starts_with("arn:aws:lambda:") && !token.starts_with("arn:aws:sns:")) {
    throw aws::ServiceError(
        "ValidationError", 400,
        fmt::format("Invalid service token: {} is neither the ARN of a function nor that of"
                    " a topic.",
                    token.empty() ? "ServiceToken is missing, which" : token));
  }
  const Time deadline = call.now + timeout_of(question.properties);
  const std::string id = service.random().uuid();
  const std::string secret = service.random().hex(kSecretLength);
  const std::string url = reply_url(service, {question.stack_id, question.logical_id, id, secret});
  forget_asking(call.transaction, question.stack_id, question.suffix);
  call.transaction.run(
      "INSERT INTO cloudformation_request (stack, suffix, id, logical_id, type, service_token, secret, "
      "payload,"
      " deadline) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {question.stack_id, question.suffix, id, question.logical_id, question.type, token, secret,
       payload_of(question, token, id, url), to_milliseconds(deadline)});
  service.jobs().schedule(call.transaction, {.kind = kRequestJob, .key = id}, call.now);
}

std::optional<Asking> find_asking(sql::Transaction& transaction, std::string_view stack_id,
                                  std::string_view suffix) {
  auto row = transaction.find(
      "SELECT id, type, sent, deadline, reply, problem FROM cloudformation_request WHERE stack = ?1"
      " AND suffix = ?2",
      {std::string(stack_id), std::string(suffix)});
  if (!row) return std::nullopt;
  Asking asking{.id = row->text(0),
                .type = row->text(1),
                .is_sent = row->integer(2) != 0,
                .deadline = from_milliseconds(row->integer(3))};
  if (!row->is_null(4)) asking.reply = row->text(4);
  if (!row->is_null(5)) asking.problem = row->text(5);
  return asking;
}

void forget_asking(sql::Transaction& transaction, std::string_view stack_id, std::string_view suffix) {
  transaction.run("DELETE FROM cloudformation_request WHERE stack = ?1 AND suffix = ?2",
                  {std::string(stack_id), std::string(suffix)});
}

jobs::Outcome send_question(Service& service, const jobs::Job& job) {
  const auto parcel = find_parcel(service, job.key);
  if (!parcel) return jobs::done();
  const auto words = aws::attempt([&] { hand_over(service, *parcel); });
  // The resource fails when its time is over.
  if (words && will_pass(*words)) return jobs::again_at(service.clock().now() + kAgain);
  service.region().transact(parcel->caller, sql::Access::Write, [&](aws::Call& call) {
    call.transaction.run(
        "UPDATE cloudformation_request SET sent = ?2, problem = ?3, payload = '' WHERE id = ?1",
        {job.key, int64_t{!words}, words ? sql::Value(*words) : sql::Value()});
    if (words) service.carry_on(call, parcel->stack_id);
  });
  return jobs::done();
}

}  // namespace holm::cloudformation
