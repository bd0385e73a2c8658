// The IAM policy language: reading a document into a form that is quick to evaluate.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/value.h"

namespace holm::aws::policy {

struct Document;  // The compiled form; private to this folder.

// A policy document, compiled and immutable. Cheap to copy, shared between threads.
class Policy final {
 public:
  explicit Policy(std::shared_ptr<const Document> document) : document_(std::move(document)) {}
  const Document& document() const { return *document_; }

 private:
  std::shared_ptr<const Document> document_;
};

// No document of any service is longer.
constexpr size_t kMaxDocumentBytes = 131072;

// Reads `text` strictly: unknown elements, operators and types are errors. The message is AWS's
// where it has one, for MalformedPolicyDocument.
Result<Policy, formats::ParseError> parse(std::string_view text);

enum class PolicyKind {
  Identity,  // Of users, groups, roles; managed; boundaries; of sessions.
  Resource,  // Of buckets, queues, topics, keys …
  Trust,     // Who may assume a role.
};
// What a policy of this kind must and must not have, checked when it is written.
Result<void> validate(const Policy& policy, PolicyKind kind);

// The condition keys, in lower case, on whose values it can depend what it says. They live as long as it.
std::span<const std::string> context_keys(const Policy& policy);

// The ARNs of users, roles and sessions that it names as principals.
std::vector<std::string> principal_arns(const Policy& policy);

// The length IAM's quotas count: without white space.
size_t counted_characters(std::string_view text);

}  // namespace holm::aws::policy
