// Rows hold documents, so that what a client said comes back as it was said.

#include "services/elbv2/records.h"

#include <fmt/format.h>

#include <set>

#include "aws/service/reserved_tags.h"
#include "base/strings.h"

namespace holm::elbv2 {

void insert_record(Call& call, const NewRecord& record) {
  call.transaction.run(
      "INSERT INTO elbv2_resource (arn, account, region, kind, name, parent, position, document, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {record.arn, call.account, call.region, std::string(record.kind), record.name, record.parent,
       record.position, record.document, to_milliseconds(call.now)});
}

void replace_document(Call& call, const std::string& arn, const std::string& document) {
  call.transaction.run("UPDATE elbv2_resource SET document = ?2 WHERE arn = ?1", {arn, document});
}

void delete_record(Call& call, const std::string& arn) {
  call.transaction.run("DELETE FROM elbv2_resource WHERE arn = ?1", {arn});
  call.transaction.run("DELETE FROM elbv2_attribute WHERE arn = ?1", {arn});
  call.transaction.run("DELETE FROM elbv2_tag WHERE arn = ?1", {arn});
}

void delete_listener_record(Call& call, const std::string& arn) {
  for (const Rule& rule : all_where<Rule>(call, "parent = ?3", {arn})) delete_record(call, *rule.rule_arn);
  call.transaction.run("DELETE FROM elbv2_certificate WHERE listener = ?1", {arn});
  delete_record(call, arn);
}

std::optional<std::string> find_document(Call& call, std::string_view kind, const std::string& arn) {
  auto row = call.transaction.find(
      "SELECT document FROM elbv2_resource WHERE arn = ?1 AND kind = ?2 AND account = ?3 AND region = ?4",
      {arn, std::string(kind), call.account, call.region});
  if (!row) return std::nullopt;
  return row->text(0);
}

std::vector<std::string> documents_of(Call& call, std::string_view kind, std::string_view condition,
                                      std::vector<sql::Value> arguments) {
  arguments.insert(arguments.begin(), {call.account, call.region});
  std::vector<std::string> result;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT document FROM elbv2_resource WHERE account = ?1 AND region = ?2"
                       " AND kind = '{}' AND {} ORDER BY position, created, arn",
                       kind, condition),
           std::move(arguments))) {
    result.push_back(row.text(0));
  }
  return result;
}

LoadBalancer require_load_balancer(Call& call, const std::string& arn) {
  if (auto found = find<LoadBalancer>(call, arn)) return *found;
  throw LoadBalancerNotFoundException(fmt::format("Load balancer '{}' not found", arn));
}

TargetGroup require_target_group(Call& call, const std::string& arn) {
  if (auto found = find<TargetGroup>(call, arn)) return *found;
  throw TargetGroupNotFoundException(fmt::format("Target groups '{}' not found", arn));
}

std::optional<Listener> find_listener_on(Call& call, const std::string& load_balancer, int32_t port) {
  auto found = all_where<Listener>(call, "parent = ?3 AND position = ?4", {load_balancer, int64_t{port}});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Listener require_listener(Call& call, const std::string& arn) {
  if (auto found = find<Listener>(call, arn)) return *found;
  throw ListenerNotFoundException("One or more listeners not found");
}

Rule require_rule(Call& call, const std::string& arn) {
  if (auto found = find<Rule>(call, arn)) return *found;
  throw RuleNotFoundException("One or more rules not found");
}

std::string path_of(const std::string& arn) { return arn.substr(arn.find('/') + 1); }

std::vector<std::string> groups_of(const std::vector<Action>& actions) {
  std::vector<std::string> groups;
  for (const Action& action : actions) {
    if (action.forward_config) {
      for (const TargetGroupTuple& each : action.forward_config->target_groups) {
        groups.push_back(each.target_group_arn.value_or(""));
      }
    } else if (action.target_group_arn) {
      groups.push_back(*action.target_group_arn);
    }
  }
  return groups;
}

std::vector<std::string> load_balancers_of_group(Call& call, const std::string& group_arn) {
  std::set<std::string> found;
  for (const sql::Row& row : call.transaction.run(
           "SELECT r.document, l.parent FROM elbv2_resource r JOIN elbv2_resource l ON l.arn = r.parent"
           " WHERE r.kind = 'rule' AND r.account = ?1 AND r.region = ?2 AND instr(r.document, ?3) > 0",
           {call.account, call.region, path_of(group_arn)})) {
    for (const std::string& each : groups_of(from_document<Rule>(row.text(0)).actions)) {
      if (each == group_arn) found.insert(row.text(1));
    }
  }
  return {found.begin(), found.end()};
}

void write_tags(Call& call, const std::string& arn, const std::vector<Tag>& tags) {
  std::set<std::string> keys;
  for (const Tag& tag : tags) {
    if (!keys.insert(tag.key).second) {
      throw DuplicateTagKeysException(fmt::format("A tag key was specified more than once: {}", tag.key));
    }
    if (aws::may_not_write_tag(call, tag.key)) {
      throw aws::ServiceError("ValidationError", 400,
                              "Tag keys beginning with 'aws:' are reserved for system use.");
    }
    call.transaction.run(
        "INSERT INTO elbv2_tag (arn, key, value) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
        {arn, tag.key, tag.value.value_or("")});
  }
}

size_t position_of_marker(const std::optional<std::string>& marker) {
  if (!marker) return 0;
  std::optional<long long> position = parse_integer(*marker);
  if (!position || *position < 0) {
    throw aws::ServiceError("ValidationError", 400, "The marker is not valid.");
  }
  return static_cast<size_t>(*position);
}

}  // namespace holm::elbv2
