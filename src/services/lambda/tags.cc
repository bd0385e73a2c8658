// Tags of functions.
// https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html

#include "aws/service/reserved_tags.h"
#include "lambda/handlers.h"
#include "services/lambda/functions.h"

namespace holm::lambda {

namespace {

constexpr int64_t kTagsMax = 50;

FunctionId require_resource(Call& call, const std::string& arn) {
  FunctionId id = function_id(call, arn);
  require_function(call, id);
  return id;
}

}  // namespace

void write_tags(Call& call, const FunctionId& id, const std::map<std::string, std::string>& tags) {
  for (const auto& [key, value] : tags) {
    if (aws::may_not_write_tag(call, key)) {
      throw InvalidParameterValueException("Tag keys beginning with 'aws:' are reserved for system use.");
    }
    call.transaction.run(
        "INSERT OR REPLACE INTO lambda_tag (account, region, name, key, value) VALUES"
        " (?1, ?2, ?3, ?4, ?5)",
        {id.account, id.region, id.name, key, value});
  }
  const auto count = call.transaction.find(
      "SELECT count(*) FROM lambda_tag WHERE account = ?1 AND"
      " region = ?2 AND name = ?3 AND key NOT LIKE 'aws:%'",
      {id.account, id.region, id.name});
  if (count->integer(0) > kTagsMax) {
    throw InvalidParameterValueException("The total number of tags cannot be greater than 50.");
  }
}

Nothing tag_resource(Service&, Call& call, const TagResourceRequest& request) {
  write_tags(call, require_resource(call, request.resource), request.tags);
  return {};
}

Nothing untag_resource(Service&, Call& call, const UntagResourceRequest& request) {
  const FunctionId id = require_resource(call, request.resource);
  for (const std::string& key : request.tag_keys) {
    call.transaction.run(
        "DELETE FROM lambda_tag WHERE account = ?1 AND region = ?2 AND name = ?3"
        " AND key = ?4",
        {id.account, id.region, id.name, key});
  }
  return {};
}

ListTagsResponse list_tags(Service&, Call& call, const ListTagsRequest& request) {
  const FunctionId id = require_resource(call, request.resource);
  ListTagsResponse result;
  for (const sql::Row& row : call.transaction.run(
           "SELECT key, value FROM lambda_tag WHERE account = ?1 AND region = ?2 AND name = ?3",
           {id.account, id.region, id.name})) {
    result.tags[row.text(0)] = row.text(1);
  }
  return result;
}

}  // namespace holm::lambda
