// Where the template of a request comes from: its body, or an object of S3 that a URL names.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "aws/service/call.h"
#include "aws/service/region.h"
#include "cloudformation/types.h"

namespace holm::cloudformation {

class Service;

struct ObjectPlace {
  std::string bucket;
  std::string key;
  std::optional<std::string> version;
  bool operator==(const ObjectPlace&) const = default;
};

// What a URL of S3 names, whether the bucket is in its host or its path; nothing when it names no object.
std::optional<ObjectPlace> find_object_place(const std::string& url);

// Throws ValidationError when the body is longer than a request may carry.
void require_body_size(const std::string& body);

// The text behind a TemplateURL, read for the caller. Throws ValidationError, or S3's error.
async::Task<std::string> fetch_template(aws::LongCall call, std::string url);

// Puts the text of a TemplateURL into the request as its body.
template <class Input>
async::Task<Input> with_body(aws::LongCall call, Input input) {
  if (input.template_body) require_body_size(*input.template_body);
  if (input.template_url && !input.template_body) {
    async::Task<std::string> fetching = fetch_template(std::move(call), *input.template_url);
    input.template_body = co_await std::move(fetching);
    input.template_url.reset();
  }
  co_return input;
}

// Runs `handler` in one transaction on a worker, with the text of a TemplateURL as the request's body.
template <class Output, class Input>
async::Task<Output> with_template(aws::LongCall call, sql::Access access, Input input,
                                  std::function<Output(aws::Call&, const Input&)> handler) {
  input = co_await with_body(call, std::move(input));
  std::optional<Output> output;
  std::function<void(aws::Call&)> work = [&](aws::Call& inner) { output.emplace(handler(inner, input)); };
  co_await call.client.transact_on_worker(call.reactor, call, access, work);
  co_return std::move(*output);
}

// The template after its macros (macros.h); nothing when it has none.
using Expanded = std::optional<std::string>;
async::Task<Expanded> expand_for(Service& service, aws::LongCall call, std::string stack_name,
                                 std::optional<std::string> text, std::vector<Parameter> parameters);

// Likewise for requests that make or change stacks.
template <class Output, class Input>
async::Task<Output> with_expanded_template(
    Service& service, aws::LongCall call, Input input,
    std::function<Output(aws::Call&, const Input&, const Expanded&)> handler) {
  input = co_await with_body(call, std::move(input));
  Expanded expanded = co_await expand_for(service, call, input.stack_name, input.template_body, input.parameters);
  std::optional<Output> output;
  std::function<void(aws::Call&)> work = [&](aws::Call& inner) {
    output.emplace(handler(inner, input, expanded));
  };
  co_await call.client.transact_on_worker(call.reactor, call, sql::Access::Write, work);
  co_return std::move(*output);
}

}  // namespace holm::cloudformation
