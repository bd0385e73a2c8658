// Bucket policies. The gateway evaluates them; access.cc hands them over.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html

#include <fmt/format.h>

#include <algorithm>

#include "aws/policy/policy.h"
#include "base/strings.h"
#include "formats/json.h"
#include "s3/handlers.h"
#include "services/s3/acls.h"
#include "services/s3/buckets.h"
#include "services/s3/public_access.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr size_t kPolicyBytesMax = 20 * 1024;

[[noreturn]] void throw_malformed(const std::string& message) {
  throw aws::ServiceError("MalformedPolicy", 400, message);
}

// IAM says first that it is about syntax.
std::string in_words_of_s3(std::string_view message) {
  constexpr std::string_view kStart = "Syntax errors in policy. ";
  if (!message.starts_with(kStart)) return std::string(message);
  message.remove_prefix(kStart.size());
  if (message.ends_with('.')) message.remove_suffix(1);
  return std::string(message);
}

// Every resource is the bucket or in it.
bool is_about(const formats::Value& resource, const std::string& arn) {
  if (const formats::Array* list = resource.as_array()) {
    return std::ranges::all_of(*list, [&](const formats::Value& each) { return is_about(each, arn); });
  }
  const std::string* text = resource.as_string();
  if (text == nullptr) return false;
  return *text == arn || text->starts_with(arn + "/") || matches_wildcard(*text, arn) ||
         matches_wildcard(*text, arn + "/x");
}

void require_own_resources(const std::string& document, const std::string& arn) {
  const auto parsed = formats::parse_json(document);
  const formats::Value* statements = parsed ? parsed->find("Statement") : nullptr;
  if (statements == nullptr) throw_malformed("Missing required field Statement");
  auto check = [&](const formats::Value& statement) {
    const formats::Value* resource = statement.find("Resource");
    if (resource != nullptr && !is_about(*resource, arn)) throw_malformed("Policy has invalid resource");
  };
  if (const formats::Array* list = statements->as_array()) {
    std::ranges::for_each(*list, check);
  } else {
    check(*statements);
  }
}

std::string require_policy(Call& call, const BucketRow& bucket) {
  auto policy = find_configuration(call.transaction, bucket.id, "policy");
  if (policy) return *policy;
  aws::ServiceError error("NoSuchBucketPolicy", 404, "The bucket policy does not exist");
  error.with("BucketName", bucket.name);
  throw error;
}

}  // namespace

GetBucketPolicyOutput get_bucket_policy(Service&, Call& call, const GetBucketPolicyRequest& request) {
  return {.policy = require_policy(call, require_bucket(call, request.bucket)),
          .content_type = "application/json"};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
Nothing put_bucket_policy(Service&, Call& call, const PutBucketPolicyRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const std::string document = request.policy.value_or("");
  if (!document.starts_with('{'))
    throw_malformed("Policies must be valid JSON and the first byte must be '{'");
  if (document.size() > kPolicyBytesMax) {
    throw aws::ServiceError("PolicyTooLarge", 400,
                            "Normalized policy document exceeds the maximum allowed size");
  }
  const auto policy = aws::policy::parse(document);
  if (!policy) throw_malformed(in_words_of_s3(policy.error().message));
  if (auto valid = aws::policy::validate(*policy, aws::policy::PolicyKind::Resource); !valid) {
    throw_malformed(valid.error().message);
  }
  require_own_resources(document, bucket_arn(bucket.name));
  const PublicAccessBlockConfiguration block = access_block_of({call.transaction, bucket.id});
  if (block.block_public_policy.value_or(false) && is_public_policy(document)) {
    throw AccessDenied(
        fmt::format("User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" because "
                    "public policies "
                    "are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
                    call.principal.arn, bucket_arn(bucket.name)));
  }
  set_configuration(call, bucket.id, "policy", document);
  return {};
}

Nothing delete_bucket_policy(Service&, Call& call, const DeleteBucketPolicyRequest& request) {
  clear_configuration(call, require_bucket(call, request.bucket).id, "policy");
  return {};
}

GetBucketPolicyStatusOutput get_bucket_policy_status(Service&, Call& call,
                                                     const GetBucketPolicyStatusRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const bool has_list = ownership_of({call.transaction, bucket.id}) != Ownership::Enforced;
  const bool is_listed_public =
      has_list && is_public(grants_in(bucket_list({call.transaction, bucket.id}), bucket.account));
  // Where lists count, a bucket without a policy is as public as its list makes it.
  const auto policy = has_list ? find_configuration(call.transaction, bucket.id, "policy")
                               : std::optional(require_policy(call, bucket));
  return {.policy_status =
              PolicyStatus{.is_public = is_listed_public || (policy && is_public_policy(*policy))}};
}

}  // namespace holm::s3
