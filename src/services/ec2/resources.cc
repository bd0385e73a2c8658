// What the CloudFormation types of EC2 share.

#include "services/ec2/resources.h"

#include <algorithm>

#include "ec2/operations.h"

namespace holm::ec2 {

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  add_network_types(types);
  add_dhcp_options_types(types);
  add_key_pair_types(types);
  add_interface_types(types);
  add_network_acl_types(types);
  add_peering_types(types);
  add_address_types(types);
  add_security_group_types(types);
  add_volume_types(types);
  add_instance_types(types);
  return types;
}

std::vector<TagSpecification> tag_specifications(const stacks::Context& context,
                                                 const stacks::Properties& wanted, std::string_view type) {
  TagSpecification specification{.resource_type = std::string(type)};
  for (const stacks::Tag& tag : context.tags(wanted.tags())) {
    specification.tags.push_back({.key = tag.key, .value = tag.value});
  }
  if (specification.tags.empty()) return {};
  return {std::move(specification)};
}

void update_tags(stacks::Context& context, const stacks::Existing& was, const stacks::Properties& wanted) {
  std::vector<Tag> gone, now;
  for (const TagSpecification& specification : tag_specifications(context, wanted, ""))
    now = specification.tags;
  for (std::string& key : stacks::keys_gone(was, was.properties.tags(), context.tags(wanted.tags()))) {
    gone.push_back({.key = std::move(key)});
  }
  if (!gone.empty()) context.invoke<DeleteTags>({.resources = {was.physical_id}, .tags = gone});
  if (!now.empty()) context.invoke<CreateTags>({.resources = {was.physical_id}, .tags = now});
}

}  // namespace holm::ec2
