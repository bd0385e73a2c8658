// What an account may have, and what it has reserved.

#include "services/elbv2/records.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
// Those that are kept to here.
DescribeAccountLimitsOutput describe_account_limits(Service&, Call&, const DescribeAccountLimitsInput& request) {
  DescribeAccountLimitsOutput result;
  result.limits = {{.name = "rules-per-application-load-balancer", .max = "100"},
                   {.name = "certificates-per-application-load-balancer", .max = "25"},
                   {.name = "target-groups-per-action-on-application-load-balancer", .max = "5"},
                   {.name = "condition-values-per-alb-rule", .max = "5"}};
  result.next_marker = take_page(result.limits, request.page_size, request.marker);
  return result;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeCapacityReservation.html
// Nothing can be reserved, so nothing is.
DescribeCapacityReservationOutput describe_capacity_reservation(
    Service&, Call& call, const DescribeCapacityReservationInput& request) {
  require_load_balancer(call, request.load_balancer_arn);
  return {};
}

}  // namespace holm::elbv2
