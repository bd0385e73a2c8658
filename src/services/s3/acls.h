// Access control lists: who besides a bucket's or an object's owner may do what.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/identity.h"
#include "s3/types.h"
#include "services/s3/buckets.h"

namespace holm::s3 {

class Service;

// How accounts are called in answers. Made for one request.
class Owners final {
 public:
  explicit Owners(Service& service);
  // Its alias is its name, where it has one.
  const Owner& of(const std::string& account);
  // The account with that canonical id, if there is one.
  std::optional<std::string> find_account(std::string_view canonical_id) const;

 private:
  std::shared_ptr<const aws::Accounts> accounts_;
  std::map<std::string, Owner> known_;
};

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
enum class Ownership { Enforced, Preferred, Writer };
Ownership ownership_of(const Settings& settings);

// What a request says about the list of what it makes or changes.
struct AskedList {
  std::optional<std::string> canned;
  std::vector<std::pair<std::string_view, std::string>> headers;  // Permission and grantees.
  std::optional<AccessControlPolicy> policy;

  bool says_nothing() const { return !canned && headers.empty() && !policy; }
};

template <class Request>
AskedList asked_list(const Request& request) {
  AskedList asked{.canned = request.acl};
  if (asked.canned == "") asked.canned.reset();  // The header is there and says nothing: S3 does not mind.
  auto take = [&](std::string_view permission, const std::optional<std::string>& header) {
    if (header) asked.headers.emplace_back(permission, *header);
  };
  take("FULL_CONTROL", request.grant_full_control);
  take("READ", request.grant_read);
  take("READ_ACP", request.grant_read_acp);
  take("WRITE_ACP", request.grant_write_acp);
  if constexpr (requires { request.grant_write; }) take("WRITE", request.grant_write);
  if constexpr (requires { request.access_control_policy; }) asked.policy = request.access_control_policy;
  return asked;
}

// Whose a new object is, and its list as JSON: as a version keeps them.
struct Possession {
  std::string owner;
  std::string list;
};

// What the writer's request makes of it. Throws where the bucket takes no lists or no public ones.
Possession possession_of(Service& service, Call& call, const BucketRow& bucket, const Settings& settings,
                         const AskedList& asked);

// The list that is to be kept with an object of `owner`. Throws as above.
std::string object_list(Service& service, Call& call, const BucketRow& bucket, const AskedList& asked,
                        const std::string& owner);

// The list of a bucket, kept with it. Throws where the bucket takes none.
void keep_bucket_list(Service& service, Call& call, const BucketRow& bucket, const AskedList& asked);

// What a kept list grants; an empty one gives its owner everything.
std::vector<Grant> grants_in(const std::string& list, const std::string& owner);
std::string bucket_list(const Settings& settings);

bool is_public(const std::vector<Grant>& grants);

enum class PublicGrants { Count, Ignore };

// The policy document that says what the grants of `permission` ("READ", "WRITE_ACP" …) mean for one caller;
// nothing when they grant nothing.
std::optional<std::string> policy_of(const std::vector<Grant>& grants, const aws::Principal& caller,
                                     std::string_view permission, PublicGrants publicly);

}  // namespace holm::s3
