// The one place of Auto Scaling where errors of other services end.

#include "services/autoscaling/attempt.h"

#include "aws/service/error.h"

namespace holm::autoscaling {

std::optional<std::string> attempt(aws::Region& region, const aws::Caller& caller,
                                   const std::function<void(aws::Call&)>& work) {
  try {
    region.transact(caller, sql::Access::Write, work);
    return std::nullopt;
  } catch (const aws::ServiceError& error) {
    return error.what();
  }
}

Reached unless_gone(const std::function<void()>& work) {
  try {
    work();
    return Reached::Yes;
  } catch (const aws::ServiceError& error) {
    if (error.code != "TargetGroupNotFound" && error.code != "LoadBalancerNotFound") throw;
    return Reached::Gone;
  }
}

void as_validation(const std::string& prefix, const std::function<void()>& work) {
  try {
    work();
  } catch (const aws::ServiceError& error) {
    if (error.http_status != 400) throw;
    throw aws::ServiceError("ValidationError", 400, prefix + error.what());
  }
}

}  // namespace holm::autoscaling
