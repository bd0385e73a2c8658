// What the metadata service tells an instance about itself, but for credentials.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "services/ec2/instances.h"
#include "services/ec2/interfaces.h"

namespace holm::ec2 {

// By the path after "meta-data/": "placement/region".
using MetadataItems = std::map<std::string, std::string, std::less<>>;

MetadataItems metadata_items(Call& call, const InstanceRow& instance, const InterfaceRow& interface);
// The item at the path, or the names of what lies below it, one a line, folders with a slash.
std::optional<std::string> find_item(const MetadataItems& items, std::string_view path);

}  // namespace holm::ec2
