// Machine images.

#include "services/ec2/images.h"

#include <fmt/format.h>

#include "ec2/handlers.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

void require_image(std::string_view id) {
  if (id == kHostImage) return;
  if (!id.starts_with("ami-")) {
    throw aws::ServiceError("InvalidAMIID.Malformed", 400,
                            fmt::format("Invalid id: \"{}\" (expecting \"ami-...\")", id));
  }
  throw aws::ServiceError("InvalidAMIID.NotFound", 400,
                          fmt::format("The image id '[{}]' does not exist", id));
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
DescribeImagesResult describe_images(Service&, Call&, const DescribeImagesRequest& request) {
  for (const std::string& id : request.image_ids) require_image(id);
  DescribeImagesResult result;
  const std::string id(kHostImage);
  const bool is_owner_asked = request.owners.empty() || is_asked_for(request.owners, "amazon");
  FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
    if (name == "image-id") return {{id}};
    if (name == "name") return {{"holm-host-x86_64"}};
    if (name == "architecture") return {{"x86_64"}};
    if (name == "state") return {{"available"}};
    if (name == "owner-alias") return {{"amazon"}};
    if (name == "is-public") return {{"true"}};
    if (name == "root-device-type") return {{"ebs"}};
    if (name == "virtualization-type") return {{"hvm"}};
    if (name == "image-type") return {{"machine"}};
    return std::nullopt;
  };
  if (is_owner_asked && passes(request.filters, {}, values)) {
    result.images.push_back({.platform_details = "Linux/UNIX",
                             .description = "The programs of the machine that holm runs on",
                             .ena_support = true,
                             .image_owner_alias = "amazon",
                             .name = "holm-host-x86_64",
                             .root_device_name = "/dev/xvda",
                             .root_device_type = "ebs",
                             .virtualization_type = "hvm",
                             .image_id = id,
                             .state = "available",
                             .public_ = true,
                             .architecture = "x86_64",
                             .image_type = "machine"});
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.images, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2
