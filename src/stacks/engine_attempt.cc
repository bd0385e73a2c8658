// The one place where the failure of a resource's action is caught.

#include "aws/service/error.h"
#include "base/check.h"
#include "stacks/tick.h"

namespace holm::stacks {

// A resource's action is a unit of its own: what it throws is the resource's failure, not the
// stack's, and it is undone without the records around it.
std::optional<std::string> Tick::attempt(const std::function<void()>& action) {
  sql::Savepoint savepoint(session_.call().transaction);
  try {
    action();
    savepoint.release();
    return std::nullopt;
  } catch (const aws::ServiceError& error) {
    return "Resource handler returned message: \"" + std::string(error.what()) +
           "\" (HandlerErrorCode: " + error.code + ")";
  } catch (const InternalFailure& failure) {
    return "Resource handler returned message: \"" + std::string(failure.what()) +
           "\" (HandlerErrorCode: InternalFailure)";
  }
}

}  // namespace holm::stacks
