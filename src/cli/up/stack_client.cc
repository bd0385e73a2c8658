// CloudFormation's operations on one stack.

#include "cli/up/stack_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/time_format.h"

namespace holm::cli {

namespace {

using formats::XmlElement;

constexpr async::Duration kPollPause{100};

std::string text_of(const XmlElement& element, std::string_view name) {
  const XmlElement* child = element.find(name);
  return child ? child->text : "";
}

const std::vector<XmlElement>& members_of(const XmlElement& element, std::string_view name) {
  static const std::vector<XmlElement> none;
  const XmlElement* list = element.find(name);
  return list ? list->children : none;
}

formats::Form fields_of(const StackWish& wish) {
  formats::Form fields = {{"StackName", wish.name}};
  if (wish.template_url.empty()) fields.push_back({"TemplateBody", wish.template_body});
  else fields.push_back({"TemplateURL", wish.template_url});
  size_t number = 0;
  for (const auto& [key, value] : wish.parameters) {
    const std::string prefix = fmt::format("Parameters.member.{}.", ++number);
    fields.push_back({prefix + "ParameterKey", key});
    fields.push_back({prefix + "ParameterValue", value});
  }
  number = 0;
  for (const std::string& capability : wish.capabilities) {
    fields.push_back({fmt::format("Capabilities.member.{}", ++number), capability});
  }
  return fields;
}

StackEvent event_of(const XmlElement& member) {
  return {.id = text_of(member, "EventId"),
          .logical_id = text_of(member, "LogicalResourceId"),
          .physical_id = text_of(member, "PhysicalResourceId"),
          .type = text_of(member, "ResourceType"),
          .status = text_of(member, "ResourceStatus"),
          .reason = text_of(member, "ResourceStatusReason"),
          .time = parse_iso8601(text_of(member, "Timestamp")).value_or(Time{})};
}

}  // namespace

ApiResult<std::optional<StackState>> StackClient::find(const std::string& name) {
  auto answer = api_.cloudformation("DescribeStacks", {{"StackName", name}});
  if (!answer) {
    const ApiError& error = answer.error();
    const bool is_missing = error.code == "ValidationError" && error.message.ends_with("does not exist");
    if (is_missing) return std::optional<StackState>();
    return std::unexpected(error);
  }
  const std::vector<XmlElement>& stacks = members_of(*answer, "Stacks");
  if (stacks.empty()) return std::optional<StackState>();
  StackState state{
      .id = text_of(stacks[0], "StackId"), .status = text_of(stacks[0], "StackStatus"), .outputs = {}};
  for (const XmlElement& output : members_of(stacks[0], "Outputs")) {
    state.outputs.push_back(
        {text_of(output, "OutputKey"), text_of(output, "OutputValue"), text_of(output, "Description")});
  }
  return state;
}

ApiResult<std::optional<std::string>> StackClient::begin(const std::string& action, const StackWish& wish) {
  formats::Form fields = fields_of(wish);
  std::string operation = random_.uuid();
  fields.push_back({"ClientRequestToken", operation});
  auto answer = api_.cloudformation(action, std::move(fields));
  if (!answer) return std::unexpected(answer.error());
  return operation;
}

ApiResult<std::optional<std::string>> StackClient::make(const StackWish& wish) {
  return begin("CreateStack", wish);
}

ApiResult<std::optional<std::string>> StackClient::update(const StackWish& wish) {
  auto begun = begin("UpdateStack", wish);
  const bool is_same = !begun && begun.error().code == "ValidationError" &&
                       begun.error().message.starts_with("No updates are to be performed");
  if (is_same) return std::optional<std::string>();
  return begun;
}

ApiResult<std::optional<std::string>> StackClient::remove(const std::string& name) {
  std::string operation = random_.uuid();
  auto answer = api_.cloudformation("DeleteStack", {{"StackName", name}, {"ClientRequestToken", operation}});
  if (!answer) return std::unexpected(answer.error());
  return operation;
}

ApiResult<std::string> StackClient::newest_operation(const std::string& id) {
  auto answer = api_.cloudformation("DescribeStackEvents", {{"StackName", id}});
  if (!answer) return std::unexpected(answer.error());
  const std::vector<XmlElement>& events = members_of(*answer, "StackEvents");
  return events.empty() ? "" : text_of(events.front(), "ClientRequestToken");
}

// The newest comes first, so what is known, or of an earlier operation, ends the search.
ApiResult<std::vector<StackEvent>> StackClient::news(const std::string& id, const std::string& operation,
                                                     const std::vector<StackEvent>& known) {
  std::vector<StackEvent> found;
  std::string next;
  do {
    formats::Form fields = {{"StackName", id}};
    if (!next.empty()) fields.push_back({"NextToken", next});
    auto answer = api_.cloudformation("DescribeStackEvents", std::move(fields));
    if (!answer) return std::unexpected(answer.error());
    next = text_of(*answer, "NextToken");
    for (const XmlElement& member : members_of(*answer, "StackEvents")) {
      StackEvent event = event_of(member);
      const bool is_known = !known.empty() && known.back().id == event.id;
      if (is_known || text_of(member, "ClientRequestToken") != operation) {
        next.clear();
        break;
      }
      found.push_back(std::move(event));
    }
  } while (!next.empty());
  std::ranges::reverse(found);
  return found;
}

ApiResult<std::vector<StackEvent>> StackClient::follow(const std::string& id, const std::string& operation,
                                                       const Watcher& watch) {
  std::vector<StackEvent> all;
  while (true) {
    auto found = news(id, operation, all);
    if (!found) return found;
    watch(*found);
    all.insert(all.end(), found->begin(), found->end());
    const auto last = std::ranges::find_if(all.rbegin(), all.rend(), is_of_stack);
    if (last != all.rend() && !is_in_progress(last->status)) return all;
    api_.pause(kPollPause);
  }
}

}  // namespace holm::cli
