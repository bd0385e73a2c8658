// The function's program: takes events from the Lambda runtime API, one after the other.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

#include <cstdio>
#include <nlohmann/json.hpp>

#include "kit/fetch.h"
#include "kit/log.h"
#include "kit/metadata.h"
#include "photo/function.h"
#include "photo/portrait.h"

namespace {

bool post(const std::string& url, const std::string& body) {
  kit::FetchRequest request{.method = "POST", .url = url};
  request.headers = {{"Content-Type", "application/json"}};
  request.body = body;
  auto response = kit::fetch(request);
  return response.has_value() && response->status / 100 == 2;
}

std::string error_json(const std::string& message) {
  nlohmann::json json = {{"errorType", "PhotoError"}, {"errorMessage", message}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// False when the runtime API is gone, which ends the program.
bool serve_one(const std::string& runtime, kit::S3& s3, const school::FunctionOptions& options) {
  kit::FetchRequest next{.url = runtime + "/invocation/next"};
  next.total_milliseconds = 0;
  auto event = kit::fetch(next);
  if (!event || event->status != 200) return false;
  std::string id = kit::find_field(event->headers, "lambda-runtime-aws-request-id").value_or("");
  std::string invocation = runtime + "/invocation/" + id;
  auto result = school::handle_event(event->body, s3, options);
  if (result) return post(invocation + "/response", R"({"ok":true})");
  kit::log_line("error: " + result.error());
  return post(invocation + "/error", error_json(result.error()));
}

int fail(const std::string& runtime, const std::string& message) {
  kit::log_line(message);
  post(runtime + "/init/error", error_json(message));
  return 1;
}

}  // namespace

int main(int, char** arguments) {
  std::string host = kit::environment("AWS_LAMBDA_RUNTIME_API");
  if (host.empty()) {
    std::fputs("school_photo: AWS_LAMBDA_RUNTIME_API is not set\n", stderr);
    return 2;
  }
  std::string runtime = "http://" + host + "/2018-06-01/runtime";
  school::FunctionOptions options{.callback_url = kit::environment("CALLBACK_URL"),
                                  .callback_secret = kit::environment("CALLBACK_SECRET")};
  if (options.callback_url.empty() || options.callback_secret.empty()) {
    return fail(runtime, "CALLBACK_URL or CALLBACK_SECRET is not set");
  }
  if (!school::start_imaging(arguments[0])) return fail(runtime, "libvips does not start");
  kit::Metadata metadata(kit::environment("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
  kit::CredentialSource credentials(metadata);
  kit::S3 s3({.region = kit::environment("AWS_REGION"),
              .endpoint = kit::environment("AWS_ENDPOINT_URL"),
              .public_endpoint = ""},
             credentials);
  while (serve_one(runtime, s3, options)) {
  }
  return 0;
}
