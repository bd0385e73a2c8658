// Documents as a stranger may write them: reading and evaluating them ends, and what an
// unconditional denial denies stays denied.

#include <cstdlib>

#include "aws/policy/evaluate.h"

using namespace holm::aws::policy;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = parse(text);
  (void)counted_characters(text);
  if (!policy) return 0;
  for (PolicyKind kind : {PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust}) {
    (void)validate(*policy, kind);
  }
  static const Policy kDenial =
      *parse(R"({"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})");
  Context context;
  context.set("aws:username", "ann");
  context.set("aws:SourceIp", "203.0.113.7");
  context.set("aws:TagKeys", std::vector<std::string>{"a", "b"});
  const Principal principal{.kind = Principal::Kind::User,
                            .account = "111122223333",
                            .arn = "arn:aws:iam::111122223333:user/ann"};
  const Request request{principal, "s3:GetObject", "arn:aws:s3:::bucket/ann/key:1", "111122223333",
                        context};
  const NamedPolicy read[] = {{"read", &*policy}};
  const NamedPolicy denied[] = {{"read", &*policy}, {"denial", &kDenial}};
  const Decision decision =
      evaluate(request, {.identity = read, .resource = read, .session = read});
  if (!decision.allowed()) (void)describe(decision, request);
  if (evaluate(request, {.identity = denied, .resource = read}).allowed()) std::abort();
  return 0;
}
