// Tags of whatever has an ARN here.

#include <fmt/format.h>

#include "services/elbv2/records.h"
#include "services/elbv2/service.h"
#include "services/elbv2/trust_stores.h"

namespace holm::elbv2 {

namespace {

constexpr size_t kTagsMax = 50;

void require_any(Call& call, const std::string& arn) {
  if (arn.find(":loadbalancer/") != std::string::npos) {
    require_load_balancer(call, arn);
  } else if (arn.find(":targetgroup/") != std::string::npos) {
    require_target_group(call, arn);
  } else if (arn.find(":listener-rule/") != std::string::npos) {
    require_rule(call, arn);
  } else if (arn.find(":listener/") != std::string::npos) {
    require_listener(call, arn);
  } else if (arn.find(":truststore/") != std::string::npos) {
    require_trust_store(call, arn);
  } else {
    throw aws::ServiceError("ValidationError", 400, fmt::format("'{}' is not a valid resource ARN", arn));
  }
}

}  // namespace

AddTagsOutput add_tags(Service&, Call& call, const AddTagsInput& request) {
  for (const std::string& arn : request.resource_arns) {
    require_any(call, arn);
    write_tags(call, arn, request.tags);
    auto row = call.transaction.find(
        "SELECT count(*) FROM elbv2_tag WHERE arn = ?1 AND key NOT LIKE 'aws:%'", {arn});
    if (static_cast<size_t>(row->integer(0)) > kTagsMax) {
      throw TooManyTagsException("The maximum number of tags on this resource has been reached");
    }
  }
  return {};
}

RemoveTagsOutput remove_tags(Service&, Call& call, const RemoveTagsInput& request) {
  for (const std::string& arn : request.resource_arns) {
    require_any(call, arn);
    for (const std::string& key : request.tag_keys) {
      call.transaction.run("DELETE FROM elbv2_tag WHERE arn = ?1 AND key = ?2", {arn, key});
    }
  }
  return {};
}

DescribeTagsOutput describe_tags(Service&, Call& call, const DescribeTagsInput& request) {
  DescribeTagsOutput result;
  for (const std::string& arn : request.resource_arns) {
    require_any(call, arn);
    TagDescription description{.resource_arn = arn};
    for (const sql::Row& row :
         call.transaction.run("SELECT key, value FROM elbv2_tag WHERE arn = ?1 ORDER BY key", {arn})) {
      description.tags.push_back({.key = row.text(0), .value = row.text(1)});
    }
    result.tag_descriptions.push_back(std::move(description));
  }
  return result;
}

}  // namespace holm::elbv2
