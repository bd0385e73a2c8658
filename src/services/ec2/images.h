// Machine images: the machine's own programs, as every instance sees them, and what was made of instances.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/ec2/host_images.h"
#include "services/ec2/resource.h"
#include "services/ec2/volumes.h"

namespace holm::ec2 {

// Everybody, where an account is meant.
inline constexpr std::string_view kEverybody = "all";

struct ImageRow {
  std::string account, region, id, name, description;
  std::string state;  // pending, available, failed
  std::optional<std::string> reason;
  std::optional<std::string> instance;  // It was made of.
  std::optional<std::string> source, source_region;
  bool reboots = false;  // The instance stays down until it is made.
  int64_t created = 0;
};

struct ImageDevice {
  std::string device;
  std::optional<std::string> snapshot;
  std::optional<int64_t> gib;
  std::string type;
  std::optional<int64_t> iops, throughput;
  bool delete_on_termination = true;
};

std::vector<ImageRow> images_where(sql::Transaction& transaction, std::string_view condition,
                                   std::vector<sql::Value> arguments);
// One that the account may see in the region of the call, or InvalidAMIID.
ImageRow require_visible_image(Call& call, const std::string& id);
// One of the account's own. The machine's is nobody's.
ImageRow require_own_image(Call& call, const std::string& id);
// Its root first.
std::vector<ImageDevice> devices_of_image(sql::Transaction& transaction, const std::string& image);
// Who else may launch from it.
std::vector<std::string> permitted_accounts(sql::Transaction& transaction, const std::string& image);
// The volumes an instance of it has; throws unless the account may launch from it now.
std::vector<VolumeWish> volumes_of_image(Call& call, const std::string& id);

// InvalidAMIName unless a new image may have the name.
void check_image_name(Call& call, const std::string& name);
// Those of tag specifications for images and for the snapshots made with them that are for one of the two.
std::vector<Tag> tags_for_image(const std::vector<TagSpecification>& specifications, std::string_view type);
void insert_image(Call& call, const ImageRow& row, const std::vector<ImageDevice>& devices);

}  // namespace holm::ec2
