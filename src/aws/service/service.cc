// The defaults that services start from.

#include "aws/service/service.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/root_principal.h"

namespace holm::aws {

std::vector<Access> ServiceBase::access(const Operation& operation, const void*, Call&) const {
  return {{.action = fmt::format("{}:{}", operation.model->iam_prefix, operation.name)}};
}

const Operation* find_operation(const ServiceModel& model, std::string_view name) {
  auto found = std::ranges::find(model.operations, name, &Operation::name);
  return found == model.operations.end() ? nullptr : &*found;
}

Principal service_principal(std::string name, std::string account) {
  return {.kind = Principal::Kind::Service,
          .account = std::move(account),
          .arn = name,
          .id = std::move(name)};
}

Principal root_principal(const std::string& account) {
  return {.kind = Principal::Kind::Root,
          .account = account,
          .arn = fmt::format("arn:aws:iam::{}:root", account),
          .id = account};
}

std::string arn(std::string_view service, const Caller& caller, std::string_view resource) {
  return fmt::format("arn:aws:{}:{}:{}:{}", service, caller.region, caller.account, resource);
}

}  // namespace holm::aws
