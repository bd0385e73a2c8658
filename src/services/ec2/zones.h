// Regions and their availability zones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holm::ec2 {

// "us-east-1a", "us-east-1b", "us-east-1c": every region has three.
std::vector<std::string> zones_of(std::string_view region);
// "use1-az1": the same zone's id.
std::string zone_id_of(std::string_view zone);
// Throws InvalidParameterValue unless `zone` is one of `region`'s.
void require_zone(std::string_view region, std::string_view zone);

}  // namespace holm::ec2
