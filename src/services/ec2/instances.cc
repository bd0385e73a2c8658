// Rows of instances.

#include "services/ec2/instances.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/strings.h"
#include "iam/operations.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr char kColumns[] =
    "account, region, id, reservation, launch_index, requester, client_token, state, wanted, reason_code, "
    "reason,"
    " transition, image, type, subnet, vpc, zone, key_name, profile, user_data, http_tokens, metadata_tags,"
    " protects_termination, shutdown, launched, metadata_hops, monitoring, metadata_enabled,"
    " protects_running, ebs_optimized";

InstanceRow read_row(const sql::Row& row) {
  return {.account = row.text(0),
          .region = row.text(1),
          .id = row.text(2),
          .reservation = row.text(3),
          .launch_index = row.integer(4),
          .requester = row.optional_text(5),
          .client_token = row.optional_text(6),
          .state = row.text(7),
          .wanted = row.text(8),
          .reason_code = row.optional_text(9),
          .reason = row.optional_text(10),
          .transition = row.text(11),
          .image = row.text(12),
          .type = row.text(13),
          .subnet = row.text(14),
          .vpc = row.text(15),
          .zone = row.text(16),
          .key_name = row.optional_text(17),
          .profile = row.optional_text(18),
          .user_data = row.optional_text(19),
          .http_tokens = row.text(20),
          .metadata_hops = row.integer(25),
          .metadata_tags = row.integer(21) != 0,
          .metadata_enabled = row.integer(27) != 0,
          .detailed_monitoring = row.integer(26) != 0,
          .protects_termination = row.integer(22) != 0,
          .protects_running = row.integer(28) != 0,
          .is_ebs_optimized = row.integer(29) != 0,
          .shutdown = row.text(23),
          .launched = row.integer(24)};
}

}  // namespace

std::vector<InstanceRow> instances_where(sql::Transaction& transaction, std::string_view condition,
                                         std::vector<sql::Value> arguments) {
  std::vector<InstanceRow> rows;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM ec2_instance WHERE {} ORDER BY launched, reservation, launch_index",
                       kColumns, condition),
           std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

std::optional<InstanceRow> find_instance(sql::Transaction& transaction, const std::string& id) {
  auto rows = instances_where(transaction, "id = ?1", {id});
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

InstanceRow require_instance(Call& call, const std::string& id) {
  auto rows = instances_where(call.transaction, "account = ?1 AND region = ?2 AND id = ?3",
                              {call.account, call.region, id});
  if (rows.empty()) {
    const bool is_id =
        id.starts_with("i-") && hex_decode(id.size() % 2 == 0 ? id.substr(2) : "0" + id.substr(2));
    if (!is_id) {
      throw aws::ServiceError("InvalidInstanceID.Malformed", 400, fmt::format("Invalid id: \"{}\"", id));
    }
    throw_not_found("InvalidInstanceID.NotFound", "instance", id);
  }
  return rows.front();
}

void insert_instance(Call& call, const InstanceRow& row) {
  call.transaction.run(
      "INSERT INTO ec2_instance (account, region, id, reservation, launch_index, requester, client_token, state,"
      " wanted, image, type, subnet, vpc, zone, key_name, profile, user_data, http_tokens, metadata_tags,"
      " protects_termination, shutdown, launched, metadata_hops, monitoring, metadata_enabled,"
      " protects_running, ebs_optimized)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,"
      " ?22, ?23, ?24, ?25, ?26, ?27)",
      {row.account,
       row.region,
       row.id,
       row.reservation,
       row.launch_index,
       sql::optional_value(row.requester),
       sql::optional_value(row.client_token),
       row.state,
       row.wanted,
       row.image,
       row.type,
       row.subnet,
       row.vpc,
       row.zone,
       sql::optional_value(row.key_name),
       sql::optional_value(row.profile),
       sql::optional_value(row.user_data),
       row.http_tokens,
       int64_t{row.metadata_tags},
       int64_t{row.protects_termination},
       row.shutdown,
       row.launched,
       row.metadata_hops,
       int64_t{row.detailed_monitoring},
       int64_t{row.metadata_enabled},
       int64_t{row.protects_running},
       int64_t{row.is_ebs_optimized}});
}

std::optional<std::string> role_of_profile(Call& call, const std::string& profile_arn) {
  if (profile_arn.empty()) return std::nullopt;
  const auto ec2 = aws::service_principal("ec2.amazonaws.com", call.account);
  auto result = call.client.call<iam::GetInstanceProfile>(
      call, ec2, {.instance_profile_name = profile_arn.substr(profile_arn.rfind('/') + 1)});
  if (result.instance_profile.roles.empty()) return std::nullopt;
  return result.instance_profile.roles.front().arn;
}

std::string security_group_names(sql::Transaction& transaction, const InterfaceRow& interface,
                                 std::string_view separator) {
  std::vector<std::string> names;
  for (const std::string& id : interface.groups) {
    auto row = transaction.find("SELECT name FROM ec2_security_group WHERE id = ?1", {id});
    if (row) names.push_back(row->text(0));
  }
  return join(names, separator);
}

std::optional<std::string> find_public_key(sql::Transaction& transaction, const InstanceRow& instance,
                                           const std::string& key_name) {
  auto row =
      transaction.find("SELECT public_key FROM ec2_key_pair WHERE account = ?1 AND region = ?2 AND name = ?3",
                       {instance.account, instance.region, key_name});
  return row ? std::optional(row->text(0)) : std::nullopt;
}

}  // namespace holm::ec2
