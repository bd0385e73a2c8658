// The managed policies of AWS that holm knows, word for word.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace holm::iam {

struct AwsPolicy {
  std::string_view path;  // "/", "/service-role/"
  std::string_view name;
  std::string_view document;

  // arn:aws:iam::aws:policy<path><name>
  std::string arn() const;
  // Made from the ARN: AWS's own ids are nobody's input.
  std::string id() const;
};

// In the order of their names.
std::span<const AwsPolicy> aws_policies();
const AwsPolicy* find_aws_policy(std::string_view arn);

}  // namespace holm::iam
