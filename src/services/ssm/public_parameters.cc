// Parameters that AWS publishes for everybody.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html

#include "services/ssm/public_parameters.h"

#include <algorithm>
#include <array>

namespace holm::ssm {

namespace {

// The machine's own programs; see DescribeImages.
constexpr std::string_view kHostImage = "ami-0de8b1a12a0000012";

constexpr auto kNames = std::to_array<std::string_view>({
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-x86_64",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-6.1-x86_64",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-ebs",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-ebs",
    "/aws/service/canonical/ubuntu/server/20.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
    "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
    "/aws/service/canonical/ubuntu/server/focal/stable/current/amd64/hvm/ebs-gp2/ami-id",
    "/aws/service/canonical/ubuntu/server/jammy/stable/current/amd64/hvm/ebs-gp2/ami-id",
    "/aws/service/canonical/ubuntu/server/noble/stable/current/amd64/hvm/ebs-gp3/ami-id",
    "/aws/service/debian/release/11/latest/amd64",
    "/aws/service/debian/release/12/latest/amd64",
    "/aws/service/debian/release/bookworm/latest/amd64",
});

}  // namespace

std::optional<std::string> find_public_parameter(std::string_view name) {
  if (std::ranges::find(kNames, name) == kNames.end()) return std::nullopt;
  return std::string(kHostImage);
}

std::vector<std::string> public_parameter_names() { return {kNames.begin(), kNames.end()}; }

}  // namespace holm::ssm
