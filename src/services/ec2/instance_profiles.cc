// Associations of instances with profiles. They are there at once: the metadata service asks with every
// request.

#include "services/ec2/instance_profiles.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "aws/service/service.h"
#include "base/random.h"
#include "ec2/handlers.h"
#include "iam/operations.h"
#include "services/ec2/filters.h"
#include "services/ec2/instances.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

struct AssociationRow {
  std::string id, instance, profile, state;
  int64_t created = 0;
};

std::vector<AssociationRow> associations_of(Call& call) {
  std::vector<AssociationRow> rows;
  for (const sql::Row& row :
       call.transaction.run("SELECT a.id, a.instance, i.profile, a.created FROM ec2_profile_association a"
                            " JOIN ec2_instance i ON i.id = a.instance WHERE i.account = ?1 AND i.region = ?2"
                            " AND i.state <> 'terminated' ORDER BY a.created, a.id",
                            {call.account, call.region})) {
    rows.push_back({.id = row.text(0),
                    .instance = row.text(1),
                    .profile = row.text(2),
                    .state = "associated",
                    .created = row.integer(3)});
  }
  return rows;
}

AssociationRow require_association(Call& call, const std::string& id) {
  for (AssociationRow& row : associations_of(call)) {
    if (row.id == id) return std::move(row);
  }
  throw aws::ServiceError("InvalidAssociationID.NotFound", 400,
                          fmt::format("The association ID '{}' does not exist", id));
}

IamInstanceProfileAssociation describe(const AssociationRow& row) {
  return {.association_id = row.id,
          .instance_id = row.instance,
          .iam_instance_profile = IamInstanceProfile{.arn = row.profile},
          .state = row.state,
          .timestamp = from_milliseconds(row.created)};
}

void dissociate(Call& call, const AssociationRow& row) {
  call.transaction.run("DELETE FROM ec2_profile_association WHERE id = ?1", {row.id});
  call.transaction.run("UPDATE ec2_instance SET profile = NULL WHERE id = ?1", {row.instance});
}

std::string require_named(Call& call, const IamInstanceProfileSpecification& given) {
  auto profile = require_profile(call, given);
  if (!profile) throw_missing("IamInstanceProfile");
  return std::move(*profile);
}

}  // namespace

std::optional<std::string> require_profile(Call& call,
                                           const std::optional<IamInstanceProfileSpecification>& given) {
  if (!given || (!given->arn && !given->name)) return std::nullopt;
  const std::string name = given->name ? *given->name : given->arn->substr(given->arn->rfind('/') + 1);
  const auto ec2 = aws::service_principal("ec2.amazonaws.com", call.account);
  const auto found =
      call.client.call<iam::GetInstanceProfile>(call, ec2, {.instance_profile_name = name}).instance_profile;
  for (const iam::Role& role : found.roles) {
    const aws::Access pass{.action = "iam:PassRole",
                           .resource = role.arn,
                           .context = {{"iam:PassedToService", {"ec2.amazonaws.com"}}}};
    if (call.client.may(call, call.principal, pass)) continue;
    throw aws::ServiceError("UnauthorizedOperation", 403,
                            fmt::format("You are not authorized to perform this operation. User: {} is not "
                                        "authorized to perform: iam:PassRole on resource: {}",
                                        call.principal.arn, role.arn));
  }
  return found.arn;
}

std::string associate_profile(Service& service, Call& call, const std::string& instance,
                              const std::string& profile) {
  const std::string id = new_id(service.random(), "iip-assoc");
  call.transaction.run("UPDATE ec2_instance SET profile = ?2 WHERE id = ?1", {instance, profile});
  call.transaction.run("INSERT INTO ec2_profile_association (id, instance, created) VALUES (?1, ?2, ?3)",
                       {id, instance, to_milliseconds(call.now)});
  return id;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html
AssociateIamInstanceProfileResult associate_iam_instance_profile(
    Service& service, Call& call, const AssociateIamInstanceProfileRequest& request) {
  const InstanceRow row = require_instance(call, request.instance_id);
  const std::string profile = require_named(call, request.iam_instance_profile);
  if (row.profile) {
    throw aws::ServiceError(
        "IncorrectState", 400,
        fmt::format("There is an existing association for instance {}", request.instance_id));
  }
  if (row.state != "running" && row.state != "stopped") {
    throw aws::ServiceError(
        "IncorrectInstanceState", 400,
        fmt::format("The instance '{}' is not in the 'running' or 'stopped' states.", row.id));
  }
  const std::string id = associate_profile(service, call, row.id, profile);
  AssociationRow made = require_association(call, id);
  made.state = "associating";
  return {.iam_instance_profile_association = describe(made)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeIamInstanceProfileAssociations.html
DescribeIamInstanceProfileAssociationsResult describe_iam_instance_profile_associations(
    Service&, Call& call, const DescribeIamInstanceProfileAssociationsRequest& request) {
  check_filters("DescribeIamInstanceProfileAssociations", request.filters);
  check_page(request.max_results, !request.association_ids.empty(), "associationIds");
  for (const std::string& id : request.association_ids) (void)require_association(call, id);
  DescribeIamInstanceProfileAssociationsResult result;
  for (const AssociationRow& row : associations_of(call)) {
    if (!is_asked_for(request.association_ids, row.id)) continue;
    const FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "instance-id") return {{row.instance}};
      if (name == "state") return {{row.state}};
      return std::nullopt;
    };
    if (passes(request.filters, {}, values))
      result.iam_instance_profile_associations.push_back(describe(row));
  }
  result.next_token =
      take_page(result.iam_instance_profile_associations, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateIamInstanceProfile.html
DisassociateIamInstanceProfileResult disassociate_iam_instance_profile(
    Service&, Call& call, const DisassociateIamInstanceProfileRequest& request) {
  AssociationRow row = require_association(call, request.association_id);
  dissociate(call, row);
  row.state = "disassociating";
  return {.iam_instance_profile_association = describe(row)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
ReplaceIamInstanceProfileAssociationResult replace_iam_instance_profile_association(
    Service& service, Call& call, const ReplaceIamInstanceProfileAssociationRequest& request) {
  const AssociationRow old = require_association(call, request.association_id);
  const std::string profile = require_named(call, request.iam_instance_profile);
  dissociate(call, old);
  const std::string id = associate_profile(service, call, old.instance, profile);
  AssociationRow made = require_association(call, id);
  made.state = "associating";
  return {.iam_instance_profile_association = describe(made)};
}

}  // namespace holm::ec2
