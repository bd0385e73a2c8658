// Requests to whoever stands behind a custom resource: a function or a topic.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/service/call.h"
#include "base/clock.h"
#include "formats/value.h"

namespace holm::jobs {
struct Job;
struct Outcome;
}  // namespace holm::jobs

namespace holm::cloudformation {

class Service;

inline constexpr char kRequestJob[] = "cloudformation.request";

// What is to be asked about one physical resource.
struct Question {
  std::string type;  // Create, Update, Delete.
  std::string stack_id;
  std::string logical_id;
  std::string suffix;         // Of the physical resource: Context::name_suffix.
  std::string resource_type;  // "Custom::Thing"
  std::string physical_id;    // Empty for Create.
  const formats::Value& properties;
  const formats::Value* old_properties = nullptr;  // Of Update.
};

// Where a question is.
struct Asking {
  std::string id;
  std::string type;
  bool is_sent = false;
  Time deadline{};
  std::optional<std::string> reply;    // As it came.
  std::optional<std::string> problem;  // Why there will be none.
};

// Records the question in the call's transaction; a job sends it. Answers to the one before count no more.
void ask(Service& service, aws::Call& call, const Question& question);
std::optional<Asking> find_asking(sql::Transaction& transaction, std::string_view stack_id,
                                  std::string_view suffix);
// Nobody asks about this resource any more.
void forget_asking(sql::Transaction& transaction, std::string_view stack_id, std::string_view suffix);

// The job that sends one. It may be sent twice, as asynchronous invocations may be anyway.
jobs::Outcome send_question(Service& service, const jobs::Job& job);

// Scalars become text, as all values in requests are.
formats::Value as_texts(const formats::Value& value);

}  // namespace holm::cloudformation
