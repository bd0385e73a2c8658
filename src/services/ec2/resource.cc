// What every kind of EC2 resource has.

#include "services/ec2/resource.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/reserved_tags.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/wildcard.h"

namespace holm::ec2 {

namespace {

constexpr ptrdiff_t kTagsMax = 50;  // Beside AWS's own.

}  // namespace

std::string new_id(Random& random, std::string_view prefix) {
  return fmt::format("{}-{}", prefix, random.hex(17));
}

void throw_not_found(std::string_view code, std::string_view noun, std::string_view id) {
  throw aws::ServiceError(code, 400, fmt::format("The {} ID '{}' does not exist", noun, id));
}

void throw_invalid(std::string_view message) {
  throw aws::ServiceError("InvalidParameterValue", 400, std::string(message));
}

void throw_dependency(std::string_view message) {
  throw aws::ServiceError("DependencyViolation", 400, std::string(message));
}

void throw_missing(std::string_view parameter) {
  throw aws::ServiceError("MissingParameter", 400,
                          fmt::format("The request must contain the parameter {}", parameter));
}

void end_dry_run(const std::optional<bool>& dry_run) {
  if (dry_run.value_or(false)) {
    throw aws::ServiceError("DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set.");
  }
}

std::vector<Tag> tags_of(Call& call, std::string_view resource) {
  std::vector<Tag> tags;
  for (const sql::Row& row : call.transaction.run(
           "SELECT key, value FROM ec2_tag WHERE resource = ?1 ORDER BY key", {std::string(resource)})) {
    tags.push_back({.key = row.text(0), .value = row.text(1)});
  }
  return tags;
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
void write_tags(Call& call, std::string_view resource, std::string_view type, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    const std::string key = tag.key.value_or("");
    if (key.empty() || key.size() > 127) throw_invalid("Tag keys are 1 to 127 characters long.");
    if (aws::may_not_write_tag(call, key)) {
      throw_invalid("Tag keys starting with 'aws:' are reserved for internal use");
    }
    call.transaction.run(
        "INSERT INTO ec2_tag (account, region, resource, type, key, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value",
        {call.account, call.region, std::string(resource), std::string(type), key, tag.value.value_or("")});
  }
  auto own = [](const Tag& tag) { return !tag.key->starts_with("aws:"); };
  if (std::ranges::count_if(tags_of(call, resource), own) > kTagsMax) {
    throw aws::ServiceError("TagLimitExceeded", 400, "A resource may have at most 50 tags.");
  }
}

void write_tags(Call& call, std::string_view resource, std::string_view type,
                const std::vector<TagSpecification>& specifications) {
  for (const TagSpecification& specification : specifications) {
    if (specification.resource_type.value_or("") != type) {
      throw_invalid(fmt::format("'{}' is not a valid taggable resource type for this operation.",
                                specification.resource_type.value_or("")));
    }
    write_tags(call, resource, type, specification.tags);
  }
}

void delete_tags_of(Call& call, std::string_view resource) {
  call.transaction.run("DELETE FROM ec2_tag WHERE resource = ?1", {std::string(resource)});
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
bool passes(const std::vector<Filter>& filters, const std::vector<Tag>& tags, const FilterValues& values) {
  return std::ranges::all_of(filters, [&](const Filter& filter) {
    const std::string name = filter.name.value_or("");
    std::vector<std::string> have;
    if (name.starts_with("tag:") || name == "tag-key") {
      for (const Tag& tag : tags) {
        if (name == "tag-key") have.push_back(*tag.key);
        else if (name.substr(4) == *tag.key) have.push_back(*tag.value);
      }
    } else if (auto found = values(name)) {
      have = std::move(*found);
    } else {
      throw_invalid(fmt::format("The filter '{}' is invalid", name));
    }
    return std::ranges::any_of(filter.values, [&](const std::string& pattern) {
      return std::ranges::any_of(have, [&](const std::string& value) {
        return matches_wildcard(pattern, value, Escape::Backslash);
      });
    });
  });
}

bool is_asked_for(const std::vector<std::string>& ids, const std::string& id) {
  return ids.empty() || std::ranges::find(ids, id) != ids.end();
}

size_t position_of(const std::optional<std::string>& next_token) {
  if (!next_token || next_token->empty()) return 0;
  auto text = base64_decode(*next_token);
  auto position = text ? parse_integer(*text) : std::nullopt;
  if (!position || *position < 0) {
    throw aws::ServiceError("InvalidNextToken", 400, "The token is invalid or has expired.");
  }
  return static_cast<size_t>(*position);
}

std::string token_of(size_t position) { return base64_encode(std::to_string(position)); }

}  // namespace holm::ec2
