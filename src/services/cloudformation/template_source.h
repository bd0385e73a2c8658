// Where the template of a request comes from: its body, or an object of S3 that a URL names.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "async/task.h"
#include "aws/service/call.h"
#include "aws/service/region.h"

namespace holm::cloudformation {

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

// Runs `handler` in one transaction on a worker, with the text of a TemplateURL as the request's body.
template <class Output, class Input>
async::Task<Output> with_template(aws::LongCall call, sql::Access access, Input input,
                                  std::function<Output(aws::Call&, const Input&)> handler) {
  if (input.template_body) require_body_size(*input.template_body);
  if (input.template_url && !input.template_body) {
    async::Task<std::string> fetching = fetch_template(call, *input.template_url);
    input.template_body = co_await std::move(fetching);
    input.template_url.reset();
  }
  std::optional<Output> output;
  std::function<void(aws::Call&)> work = [&](aws::Call& inner) { output.emplace(handler(inner, input)); };
  co_await call.client.transact_on_worker(call.reactor, call, access, work);
  co_return std::move(*output);
}

}  // namespace holm::cloudformation
