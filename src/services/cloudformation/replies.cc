// Reading answers and signals, which anyone who knows the URL may have written.

#include "services/cloudformation/replies.h"

#include <fmt/format.h>

#include <optional>

#include "base/strings.h"
#include "formats/json.h"
#include "stacks/substitution.h"

namespace holm::cloudformation {

namespace {

constexpr size_t kPhysicalIdBytesMax = 1024;
constexpr formats::Limits kLimits{.depth = 32, .bytes = kReplyBytesMax, .values = kReplyBytesMax};

// "" when the member is absent or null; nothing when it is no text.
std::optional<std::string> text_of(const formats::Value& object, std::string_view name) {
  const formats::Value* member = object.find(name);
  if (!member || member->is_null()) return "";
  return stacks::scalar_text(*member);
}

bool is_true(const formats::Value& object, std::string_view name) {
  return equals_ignoring_case(text_of(object, name).value_or(""), "true");
}

// Those who leave a member out mean the request they were sent.
bool is_about(const formats::Value& object, std::string_view name, std::string_view wanted) {
  const auto given = text_of(object, name);
  return given && (given->empty() || *given == wanted);
}

}  // namespace

Result<Reply> read_reply(std::string_view text, const Asked& asked) {
  if (text.size() > kReplyBytesMax) return failure("Response object is too long.");
  auto value = formats::parse_json(text, kLimits);
  if (!value || !value->as_object()) return failure("Response object is not valid JSON.");
  const auto status = text_of(*value, "Status");
  if (status != "SUCCESS" && status != "FAILED") {
    return failure("Invalid Response object: Value of key 'Status' must be SUCCESS or FAILED.");
  }
  if (!is_about(*value, "StackId", asked.stack_id) || !is_about(*value, "RequestId", asked.request_id) ||
      !is_about(*value, "LogicalResourceId", asked.logical_id)) {
    return failure(
        "Invalid Response object: StackId, RequestId and LogicalResourceId must be those of the"
        " request.");
  }
  Reply reply{.status = status == "SUCCESS" ? Reply::Status::Success : Reply::Status::Failed};
  reply.reason = text_of(*value, "Reason").value_or("");
  const auto physical_id = text_of(*value, "PhysicalResourceId");
  if (!physical_id || physical_id->size() > kPhysicalIdBytesMax) return failure("Invalid PhysicalResourceId");
  reply.physical_id = *physical_id;
  reply.no_echo = is_true(*value, "NoEcho");
  const formats::Value* data = value->find("Data");
  if (!data || data->is_null()) return reply;
  if (!data->as_object()) return failure("Invalid Response object: Value of key 'Data' must be an object.");
  reply.data = *data->as_object();
  return reply;
}

Result<WaitSignal> read_wait_signal(std::string_view text) {
  auto value = formats::parse_json(text, kLimits);
  if (!value || !value->as_object()) return failure("A signal is a JSON object of at most 4096 bytes.");
  const auto status = text_of(*value, "Status");
  if (status != "SUCCESS" && status != "FAILURE") return failure("Status must be SUCCESS or FAILURE.");
  WaitSignal signal{.status =
                        status == "SUCCESS" ? WaitSignal::Status::Success : WaitSignal::Status::Failure};
  const auto unique_id = text_of(*value, "UniqueId");
  if (!unique_id || unique_id->empty()) return failure("UniqueId must be a text.");
  signal.unique_id = *unique_id;
  signal.reason = text_of(*value, "Reason").value_or("");
  const formats::Value* data = value->find("Data");
  if (data && !data->is_null()) {
    // What is no text is told as it was written.
    signal.data = stacks::scalar_text(*data).value_or(formats::write_json(*data));
  }
  return signal;
}

}  // namespace holm::cloudformation
