// Public access blocks, ownership controls, and what "public" means.

#include "services/s3/public_access.h"

#include <algorithm>
#include <array>

#include "aws/codec/json_codec.h"
#include "aws/service/malformed_xml.h"
#include "base/check.h"
#include "base/strings.h"
#include "formats/json.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/acls.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

using formats::Value;

constexpr std::string_view kBlock = "public-access-block";
constexpr std::string_view kNoBlock = "{}";
constexpr std::array<std::string_view, 13> kNarrowingKeys = {
    "aws:sourceip",         "aws:sourcearn",      "aws:sourcevpc",   "aws:sourcevpce",
    "aws:sourceowner",      "aws:sourceaccount",  "aws:userid",      "aws:principalarn",
    "aws:principalaccount", "aws:principalorgid", "aws:vpcsourceip", "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn"};

bool names_everyone(const Value* principal) {
  if (principal == nullptr) return false;
  if (const std::string* text = principal->as_string()) return *text == "*";
  if (const formats::Array* list = principal->as_array()) {
    return std::ranges::any_of(*list, [](const Value& each) { return names_everyone(&each); });
  }
  return names_everyone(principal->find("AWS"));
}

// A fixed value: no wildcard, and not the whole internet.
bool is_fixed(const Value& value) {
  if (const formats::Array* list = value.as_array()) return std::ranges::all_of(*list, is_fixed);
  const std::string* text = value.as_string();
  return text != nullptr && text->find_first_of("*?$") == std::string::npos && !text->ends_with("/0");
}

bool is_narrowing_operator(std::string_view name) {
  return name.starts_with("StringEquals") || name.starts_with("StringLike") ||
         name.starts_with("ArnEquals") || name.starts_with("ArnLike") || name.starts_with("IpAddress");
}

bool is_narrowed(const Value* condition) {
  const formats::Object* operators = condition ? condition->as_object() : nullptr;
  if (operators == nullptr) return false;
  for (const auto& [name, keys] : *operators) {
    if (!is_narrowing_operator(name) || name.ends_with("IfExists") || keys.as_object() == nullptr) continue;
    for (const auto& [key, value] : *keys.as_object()) {
      if (std::ranges::find(kNarrowingKeys, to_lower(key)) != kNarrowingKeys.end() && is_fixed(value))
        return true;
    }
  }
  return false;
}

bool is_public_statement(const Value& statement) {
  const Value* effect = statement.find("Effect");
  if (effect == nullptr || effect->as_string() == nullptr || *effect->as_string() != "Allow") return false;
  const bool lets_everyone =
      names_everyone(statement.find("Principal")) || statement.find("NotPrincipal") != nullptr;
  return lets_everyone && !is_narrowed(statement.find("Condition"));
}

}  // namespace

bool is_public_policy(const std::string& document) {
  const auto parsed = formats::parse_json(document);
  if (!parsed) return true;  // It cannot be shown that it is not.
  const Value* statements = parsed->find("Statement");
  if (statements == nullptr) return false;
  if (const formats::Array* list = statements->as_array())
    return std::ranges::any_of(*list, is_public_statement);
  return is_public_statement(*statements);
}

std::optional<std::string> denials_of(const std::string& document) {
  auto parsed = formats::parse_json(document);
  CHECK(parsed.has_value());
  const Value* given = parsed->find("Statement");
  formats::Array denials;
  auto keep = [&](const Value& statement) {
    const Value* effect = statement.find("Effect");
    const bool denies = effect != nullptr && effect->as_string() != nullptr && *effect->as_string() == "Deny";
    if (denies) denials.push_back(statement);
  };
  if (given != nullptr && given->as_array() != nullptr) {
    std::ranges::for_each(*given->as_array(), keep);
  } else if (given != nullptr) {
    keep(*given);
  }
  if (denials.empty()) return std::nullopt;
  formats::Object policy;
  if (const Value* version = parsed->find("Version")) policy.append("Version", *version);
  policy.append("Statement", Value(std::move(denials)));
  return formats::write_json(Value(std::move(policy)));
}

PublicAccessBlockConfiguration access_block_of(const Settings& settings) {
  const auto* block =
      settings.read<PublicAccessBlockConfiguration>(kBlock, schema::kPublicAccessBlockConfiguration);
  if (block == nullptr) {
    return {.block_public_acls = true,
            .ignore_public_acls = true,
            .block_public_policy = true,
            .restrict_public_buckets = true};
  }
  return *block;
}

void block_nothing(Call& call, int64_t bucket) {
  set_configuration(call, bucket, kBlock, std::string(kNoBlock));
}

bool is_ownership(std::string_view name) {
  return name == "BucketOwnerEnforced" || name == "BucketOwnerPreferred" || name == "ObjectWriter";
}

void require_ownership(const std::string& name) {
  if (is_ownership(name)) return;
  throw aws::MalformedXml();
}

GetPublicAccessBlockOutput get_public_access_block(Service&, Call& call,
                                                   const GetPublicAccessBlockRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  if (find_configuration(call.transaction, bucket.id, kBlock) == kNoBlock) {
    aws::ServiceError error("NoSuchPublicAccessBlockConfiguration", 404,
                            "The public access block configuration was not found");
    error.with("BucketName", bucket.name);
    throw error;
  }
  return {.public_access_block_configuration = access_block_of({call.transaction, bucket.id})};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html
Nothing put_public_access_block(Service&, Call& call, const PutPublicAccessBlockRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const PublicAccessBlockConfiguration& given = request.public_access_block_configuration;
  const PublicAccessBlockConfiguration block{
      .block_public_acls = given.block_public_acls.value_or(false),
      .ignore_public_acls = given.ignore_public_acls.value_or(false),
      .block_public_policy = given.block_public_policy.value_or(false),
      .restrict_public_buckets = given.restrict_public_buckets.value_or(false)};
  set_configuration(call, bucket.id, kBlock,
                    aws::write_json(schema::kPublicAccessBlockConfiguration, &block));
  return {};
}

Nothing delete_public_access_block(Service&, Call& call, const DeletePublicAccessBlockRequest& request) {
  block_nothing(call, require_bucket(call, request.bucket).id);
  return {};
}

GetBucketOwnershipControlsOutput get_bucket_ownership_controls(
    Service&, Call& call, const GetBucketOwnershipControlsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const auto ownership = find_configuration(call.transaction, bucket.id, "ownership");
  if (!ownership) {
    aws::ServiceError error("OwnershipControlsNotFoundError", 404,
                            "The bucket ownership controls were not found");
    error.with("BucketName", bucket.name);
    throw error;
  }
  return {.ownership_controls = OwnershipControls{.rules = {{.object_ownership = *ownership}}}};
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
Nothing put_bucket_ownership_controls(Service&, Call& call,
                                      const PutBucketOwnershipControlsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  if (request.ownership_controls.rules.size() != 1) require_ownership("");
  const std::string& wanted = request.ownership_controls.rules.front().object_ownership;
  require_ownership(wanted);
  // Lists that grant others something would cease to count without anybody having said so.
  const auto grants = grants_in(bucket_list({call.transaction, bucket.id}), bucket.account);
  const bool is_private = grants.size() == 1 && grants.front().grantee->id == canonical_id(bucket.account);
  if (wanted == "BucketOwnerEnforced" && !is_private) {
    throw aws::ServiceError("InvalidBucketAclWithObjectOwnership", 400,
                            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
  }
  set_configuration(call, bucket.id, "ownership", wanted);
  return {};
}

Nothing delete_bucket_ownership_controls(Service&, Call& call,
                                         const DeleteBucketOwnershipControlsRequest& request) {
  clear_configuration(call, require_bucket(call, request.bucket).id, "ownership");
  return {};
}

}  // namespace holm::s3
