// CPU credits: holm counts none, so every burstable instance may burst as long as it likes, which is AWS's
// "unlimited".
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode.html

#include "services/ec2/cpu_credits.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/instance_types.h"
#include "services/ec2/instances.h"
#include "services/ec2/resource.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr char kUnlimited[] = "unlimited";

}  // namespace

void require_unlimited(const std::optional<CreditSpecificationRequest>& wanted) {
  if (!wanted || wanted->cpu_credits.empty() || wanted->cpu_credits == kUnlimited) return;
  if (wanted->cpu_credits == "standard") throw aws::NotImplemented("CreditSpecification CpuCredits standard");
  throw_invalid(fmt::format("Invalid value '{}' for CpuCredits.", wanted->cpu_credits));
}

DescribeInstanceCreditSpecificationsResult describe_instance_credit_specifications(
    Service&, Call& call, const DescribeInstanceCreditSpecificationsRequest& request) {
  check_page(request.max_results, !request.instance_ids.empty(), "instanceIdSet");
  for (const std::string& id : request.instance_ids) {
    const InstanceType* type = find_instance_type(require_instance(call, id).type);
    if (type && type->is_burstable) continue;
    throw aws::ServiceError("InvalidInstanceID.NotBurstable", 400,
                            fmt::format("The instance '{}' is of no type with CPU credits.", id));
  }
  DescribeInstanceCreditSpecificationsResult result;
  for (const InstanceRow& row :
       instances_where(call.transaction, "account = ?1 AND region = ?2", {call.account, call.region})) {
    const InstanceType* type = find_instance_type(row.type);
    if (!type || !type->is_burstable || row.state == "terminated") continue;
    const auto& ids = request.instance_ids;
    if (!ids.empty() && std::ranges::find(ids, row.id) == ids.end()) continue;
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "instance-id") return {{row.id}};
      return std::nullopt;
    };
    if (!passes(request.filters, {}, values)) continue;
    result.instance_credit_specifications.push_back({.instance_id = row.id, .cpu_credits = kUnlimited});
  }
  end_dry_run(request.dry_run);
  result.next_token =
      take_page(result.instance_credit_specifications, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2
