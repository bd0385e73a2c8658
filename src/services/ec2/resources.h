// The CloudFormation types of EC2.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ec2/types.h"
#include "stacks/resource_type.h"

namespace holm::ec2 {

// Every type of this folder; for the region's registry.
std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

// The parts of resource_types(), by noun.
void add_network_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);
void add_dhcp_options_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);
void add_key_pair_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);
void add_interface_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);
void add_network_acl_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);
void add_peering_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);
void add_address_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);
void add_security_group_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);
void add_volume_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);
void add_instance_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types);

// The resource's own tags and the stack's, for an operation that creates a `type`.
std::vector<TagSpecification> tag_specifications(const stacks::Context& context,
                                                 const stacks::Properties& wanted, std::string_view type);
// Brings the tags of a resource from those of `was` to those wanted.
void update_tags(stacks::Context& context, const stacks::Existing& was, const stacks::Properties& wanted);

}  // namespace holm::ec2
