// What permission each operation needs.

#include "services/ssm/service.h"

#include <fmt/format.h>

#include "ssm/handlers.h"

namespace holm::ssm {

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  std::vector<aws::Access> needed;
  auto add = [&](std::string_view name) {
    if (name.starts_with("arn:")) name = name.substr(name.find(":parameter") + 10);
    const std::string path = name.starts_with('/') ? std::string(name) : fmt::format("/{}", name);
    needed.push_back({.action = fmt::format("ssm:{}", operation.name),
                      .resource = aws::arn("ssm", call, "parameter" + path)});
  };
  if (operation.name == "GetParameter") add(static_cast<const GetParameterRequest*>(input)->name);
  if (operation.name == "PutParameter") add(static_cast<const PutParameterRequest*>(input)->name);
  if (operation.name == "DeleteParameter") add(static_cast<const DeleteParameterRequest*>(input)->name);
  if (operation.name == "AddTagsToResource")
    add(static_cast<const AddTagsToResourceRequest*>(input)->resource_id);
  if (operation.name == "RemoveTagsFromResource")
    add(static_cast<const RemoveTagsFromResourceRequest*>(input)->resource_id);
  if (operation.name == "ListTagsForResource")
    add(static_cast<const ListTagsForResourceRequest*>(input)->resource_id);
  if (operation.name == "GetParametersByPath")
    add(static_cast<const GetParametersByPathRequest*>(input)->path);
  if (operation.name == "GetParameters") {
    for (const std::string& name : static_cast<const GetParametersRequest*>(input)->names) add(name);
  }
  if (operation.name == "DeleteParameters") {
    for (const std::string& name : static_cast<const DeleteParametersRequest*>(input)->names) add(name);
  }
  return needed.empty() ? aws::ServiceBase::access(operation, input, call) : needed;
}

}  // namespace holm::ssm
