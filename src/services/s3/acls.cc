// Access control lists: what they say, and what requests may make them say.

#include "services/s3/acls.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "aws/service/error.h"
#include "aws/service/malformed_xml.h"
#include "base/check.h"
#include "base/strings.h"
#include "s3/errors.h"
#include "s3/schema.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/public_access.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr size_t kGrantsMax = 100;
constexpr std::string_view kListKind = "acl";
constexpr std::string_view kAllUsers = "http://acs.amazonaws.com/groups/global/AllUsers";
constexpr std::string_view kAuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
constexpr std::string_view kLogDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";
constexpr std::string_view kFullControl = "FULL_CONTROL";
constexpr std::string_view kPermissions[] = {kFullControl, "READ", "WRITE", "READ_ACP", "WRITE_ACP"};

Grant grant_to_account(const std::string& account, std::string_view permission) {
  return {.grantee = Grantee{.id = canonical_id(account), .type = "CanonicalUser"},
          .permission = std::string(permission)};
}

Grant grant_to_group(std::string_view uri, std::string_view permission) {
  return {.grantee = Grantee{.type = "Group", .uri = std::string(uri)},
          .permission = std::string(permission)};
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
std::vector<Grant> canned_grants(const std::string& name, const std::string& owner,
                                 const std::string& bucket_owner) {
  std::vector<Grant> grants;
  if (name == "public-read" || name == "public-read-write")
    grants.push_back(grant_to_group(kAllUsers, "READ"));
  if (name == "public-read-write") grants.push_back(grant_to_group(kAllUsers, "WRITE"));
  if (name == "authenticated-read") grants.push_back(grant_to_group(kAuthenticatedUsers, "READ"));
  if (name == "log-delivery-write") {
    grants.push_back(grant_to_group(kLogDelivery, "WRITE"));
    grants.push_back(grant_to_group(kLogDelivery, "READ_ACP"));
  }
  grants.push_back(grant_to_account(owner, kFullControl));
  if (owner == bucket_owner) return grants;
  if (name == "bucket-owner-read") grants.push_back(grant_to_account(bucket_owner, "READ"));
  if (name == "bucket-owner-full-control") grants.push_back(grant_to_account(bucket_owner, kFullControl));
  return grants;
}

void require_canned_name(const std::string& name) {
  constexpr std::string_view kNames[] = {"private",
                                         "public-read",
                                         "public-read-write",
                                         "authenticated-read",
                                         "log-delivery-write",
                                         "bucket-owner-read",
                                         "bucket-owner-full-control"};
  if (name == "aws-exec-read") throw aws::NotImplemented("The canned ACL aws-exec-read");
  if (std::ranges::find(kNames, name) != std::end(kNames)) return;
  throw_invalid_argument("There is no canned ACL of that name.", {"x-amz-acl", name});
}

// How errors call the two ways to name a grantee.
struct GranteeNames {
  std::string_view group;
  std::string_view account;
};
constexpr GranteeNames kOfHeader = {"uri", "id"};
constexpr GranteeNames kOfDocument = {"Group/URI", "CanonicalUser/ID"};

Grantee require_grantee(const Owners& owners, const Grantee& given, const GranteeNames& names) {
  if (given.uri) {
    if (*given.uri != kAllUsers && *given.uri != kAuthenticatedUsers && *given.uri != kLogDelivery) {
      throw_invalid_argument("Invalid group uri", {std::string(names.group), *given.uri});
    }
    return {.type = "Group", .uri = given.uri};
  }
  // S3 stopped to know accounts by their addresses in 2025.
  if (given.email_address) {
    throw aws::ServiceError("UnresolvableGrantByEmailAddress", 400,
                            "The e-mail address you provided does not match any account on record.");
  }
  if (!given.id || !owners.find_account(*given.id))
    throw_invalid_argument("Invalid id", {std::string(names.account), given.id.value_or("")});
  return {.id = given.id, .type = "CanonicalUser"};
}

// `id="…", uri="…", emailAddress="…"`, the quotes optional.
std::vector<Grant> grants_of_header(const Owners& owners, std::string_view permission,
                                    const std::string& header) {
  auto throw_unrecognised = [&] {
    std::string name = to_lower(permission);
    std::ranges::replace(name, '_', '-');
    throw_invalid_argument("Argument format not recognized", {"x-amz-grant-" + name, header});
  };
  std::vector<Grant> grants;
  for (std::string_view part : split(header, ',')) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) throw_unrecognised();
    const std::string name = to_lower(trim(part.substr(0, equals)));
    std::string_view value = trim(part.substr(equals + 1));
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
      value = value.substr(1, value.size() - 2);
    Grantee grantee;
    if (name == "id") {
      grantee.id = value;
    } else if (name == "uri") {
      grantee.uri = value;
    } else if (name == "emailaddress") {
      grantee.email_address = value;
    } else {
      throw_unrecognised();
    }
    grants.push_back({.grantee = require_grantee(owners, grantee, kOfHeader),
                      .permission = std::string(permission)});
  }
  return grants;
}

std::vector<Grant> grants_of_policy(const Owners& owners, const AccessControlPolicy& policy,
                                    const std::string& owner) {
  if (policy.owner && policy.owner->id && *policy.owner->id != canonical_id(owner)) {
    if (!owners.find_account(*policy.owner->id))
      throw_invalid_argument("Invalid id", {std::string(kOfDocument.account), *policy.owner->id});
    throw aws::AccessDenied("Access Denied");  // Nobody becomes the owner by saying so.
  }
  if (!policy.owner) throw aws::MalformedAcl();
  std::vector<Grant> grants;
  for (const Grant& grant : policy.grants) {
    if (!grant.grantee || !grant.permission) throw aws::MalformedAcl();
    if (std::ranges::find(kPermissions, *grant.permission) == std::end(kPermissions)) throw aws::MalformedAcl();
    const std::string& type = grant.grantee->type;
    if (type != "CanonicalUser" && type != "Group" && type != "AmazonCustomerByEmail") throw aws::MalformedAcl();
    grants.push_back(
        {.grantee = require_grantee(owners, *grant.grantee, kOfDocument), .permission = grant.permission});
  }
  return grants;
}

std::vector<Grant> require_grants(Service& service, const AskedList& asked, const std::string& owner,
                                  const std::string& bucket_owner) {
  if (asked.canned && !asked.headers.empty()) {
    throw InvalidRequest("Specifying both Canned ACLs and Header Grants is not allowed");
  }
  if (asked.policy && (asked.canned || !asked.headers.empty())) {
    throw aws::ServiceError("UnexpectedContent", 400, "This request does not support content");
  }
  const Owners owners(service);
  std::vector<Grant> grants;
  if (asked.policy) {
    grants = grants_of_policy(owners, *asked.policy, owner);
  } else if (asked.headers.empty()) {
    require_canned_name(asked.canned.value_or("private"));
    grants = canned_grants(asked.canned.value_or("private"), owner, bucket_owner);
  }
  for (const auto& [permission, header] : asked.headers) {
    for (Grant& grant : grants_of_header(owners, permission, header)) grants.push_back(std::move(grant));
  }
  if (grants.size() > kGrantsMax) {
    throw aws::ServiceError("MalformedACLError", 400, "The list has more than 100 grants.");
  }
  // Groups come first in every answer.
  std::vector<Grant> ordered;
  for (const bool is_group : {true, false}) {
    for (const Grant& grant : grants) {
      if (grant.grantee->uri.has_value() == is_group) ordered.push_back(grant);
    }
  }
  return ordered;
}

// Without an explicit word nothing is kept: an empty list gives the owner everything.
std::string write_list(const AskedList& asked, std::vector<Grant> grants) {
  if (asked.headers.empty() && !asked.policy && asked.canned.value_or("private") == "private") return {};
  const AccessControlPolicy document{.grants = std::move(grants)};
  return aws::write_json(schema::kAccessControlPolicy, &document);
}

// In a bucket without lists only those are taken that say what is so anyway. What is wrong with the list itself
// is said before that.
void require_no_list(Service& service, const BucketRow& bucket, const AskedList& asked) {
  if (asked.says_nothing()) return;
  require_grants(service, asked, bucket.account, bucket.account);
  auto refuse = [] {
    throw aws::ServiceError("AccessControlListNotSupported", 400, "The bucket does not allow ACLs");
  };
  if (asked.canned && *asked.canned != "bucket-owner-full-control") refuse();
  if (asked.headers.empty() && !asked.policy) return;
  const std::string owner = canonical_id(bucket.account);
  for (const auto& [permission, header] : asked.headers) {
    if (permission != kFullControl || header.find(owner) == std::string::npos || header.contains(','))
      refuse();
  }
  if (!asked.policy) return;
  const auto& grants = asked.policy->grants;
  const bool is_owners = grants.size() == 1 && grants.front().grantee &&
                         grants.front().grantee->id == owner && grants.front().permission == kFullControl;
  if (!is_owners) refuse();
}

// Many clients send `private` with every object. From the bucket's own account that says what is so anyway, and
// AWS takes it; from another account it would mean that account alone.
bool says_owner_only(const Call& call, const BucketRow& bucket, const AskedList& asked) {
  return asked.canned == "private" && asked.headers.empty() && !asked.policy &&
         call.principal.account == bucket.account;
}

void require_not_public(Call& call, const BucketRow& bucket, const std::vector<Grant>& grants) {
  if (!is_public(grants)) return;
  if (access_block_of({call.transaction, bucket.id}).block_public_acls.value_or(false)) {
    throw aws::AccessDenied(
        "Access Denied because public ACLs are blocked by the BlockPublicAcls block "
        "public access setting.");
  }
}

std::string require_list(Service& service, Call& call, const BucketRow& bucket, const AskedList& asked,
                         const std::string& owner) {
  std::vector<Grant> grants = require_grants(service, asked, owner, bucket.account);
  require_not_public(call, bucket, grants);
  return write_list(asked, std::move(grants));
}

}  // namespace

Owners::Owners(Service& service) : accounts_(service.identities().accounts()) {}

const Owner& Owners::of(const std::string& account) {
  auto [found, is_new] = known_.try_emplace(account);
  if (!is_new) return found->second;
  found->second.id = canonical_id(account);
  auto alias = accounts_->find(account);
  if (alias != accounts_->end() && !alias->second.empty()) found->second.display_name = alias->second;
  return found->second;
}

std::optional<std::string> Owners::find_account(std::string_view id) const {
  for (const auto& [account, alias] : *accounts_) {
    if (canonical_id(account) == id) return account;
  }
  return std::nullopt;
}

Ownership ownership_of(const Settings& settings) {
  const std::string* name = settings.find("ownership");
  if (name == nullptr) return Ownership::Writer;
  if (*name == "BucketOwnerEnforced") return Ownership::Enforced;
  return *name == "BucketOwnerPreferred" ? Ownership::Preferred : Ownership::Writer;
}

Possession possession_of(Service& service, Call& call, const BucketRow& bucket, const Settings& settings,
                         const AskedList& asked) {
  const Ownership ownership = ownership_of(settings);
  if (ownership == Ownership::Enforced) {
    if (!says_owner_only(call, bucket, asked)) require_no_list(service, bucket, asked);
    return {};
  }
  // What nobody wrote is the bucket owner's.
  const bool is_anonymous = call.principal.kind == aws::Principal::Kind::Anonymous;
  const bool is_given = ownership == Ownership::Preferred && asked.canned == "bucket-owner-full-control";
  const std::string writer = is_anonymous || is_given ? bucket.account : call.principal.account;
  return {.owner = writer == bucket.account ? std::string() : writer,
          .list = require_list(service, call, bucket, asked, writer)};
}

std::string object_list(Service& service, Call& call, const BucketRow& bucket, const AskedList& asked,
                        const std::string& owner) {
  if (ownership_of({call.transaction, bucket.id}) != Ownership::Enforced)
    return require_list(service, call, bucket, asked, owner);
  require_no_list(service, bucket, asked);
  return {};
}

void keep_bucket_list(Service& service, Call& call, const BucketRow& bucket, const AskedList& asked) {
  if (ownership_of({call.transaction, bucket.id}) == Ownership::Enforced)
    return require_no_list(service, bucket, asked);
  const std::string list = require_list(service, call, bucket, asked, bucket.account);
  if (list.empty()) return clear_configuration(call, bucket.id, kListKind);
  set_configuration(call, bucket.id, kListKind, list);
}

std::vector<Grant> grants_in(const std::string& list, const std::string& owner) {
  if (list.empty()) return {grant_to_account(owner, kFullControl)};
  AccessControlPolicy policy;
  CHECK(aws::read_json(list, schema::kAccessControlPolicy, &policy).has_value());
  return policy.grants;
}

std::string bucket_list(const Settings& settings) {
  const std::string* list = settings.find(kListKind);
  return list != nullptr ? *list : std::string();
}

bool is_public(const std::vector<Grant>& grants) {
  return std::ranges::any_of(grants, [](const Grant& grant) {
    return grant.grantee->uri == kAllUsers || grant.grantee->uri == kAuthenticatedUsers;
  });
}

std::optional<std::string> policy_of(const std::vector<Grant>& grants, const aws::Principal& caller,
                                     std::string_view permission, PublicGrants publicly) {
  const bool is_anonymous = caller.kind == aws::Principal::Kind::Anonymous;
  const std::string id = is_anonymous ? std::string() : canonical_id(caller.account);
  bool to_caller = false, to_everyone = false;
  for (const Grant& grant : grants) {
    if (*grant.permission != kFullControl && *grant.permission != permission) continue;
    const Grantee& grantee = *grant.grantee;
    to_caller = to_caller || (!id.empty() && grantee.id == id) ||
                (grantee.uri == kLogDelivery && caller.id == "logging.s3.amazonaws.com");
    const bool names_caller =
        grantee.uri == kAllUsers || (grantee.uri == kAuthenticatedUsers && !is_anonymous);
    to_everyone = to_everyone || (names_caller && publicly == PublicGrants::Count);
  }
  if (!to_caller && !to_everyone) return std::nullopt;
  std::string principal = R"({"AWS":")" + caller.account + "\"}";
  if (caller.kind == aws::Principal::Kind::Service) principal = R"({"Service":")" + caller.id + "\"}";
  if (to_everyone) principal = "\"*\"";
  return fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{},)"
                     R"("Action":"*","Resource":"*"}}]}})",
                     principal);
}

}  // namespace holm::s3
