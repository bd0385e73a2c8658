// What mappings of block devices ask for.

#include "services/ec2/volumes.h"

#include <gtest/gtest.h>

#include "aws/service/error.h"

namespace holm::ec2 {
namespace {

BlockDeviceMapping mapping(const std::string& device, std::optional<int32_t> size, bool encrypted = false) {
  return {.ebs = EbsBlockDevice{.volume_size = size, .encrypted = encrypted}, .device_name = device};
}

std::string words_of(const std::vector<BlockDeviceMapping>& mappings) {
  try {
    std::string words;
    for (const VolumeWish& wish : volume_wishes(mappings)) {
      words += wish.device + " " + (wish.gib ? std::to_string(*wish.gib) : "unbounded") + "; ";
    }
    return words;
  } catch (const aws::ServiceError& error) {
    return error.code;
  }
}

TEST(Volumes, MappingsAskForThem) {
  struct Case {
    const char* what;
    std::vector<BlockDeviceMapping> mappings;
    const char* words;
  };
  const Case cases[] = {
      {"without any there is a root nevertheless", {}, "/dev/xvda unbounded; "},
      {"the root has the size it is given", {mapping("/dev/xvda", 9)}, "/dev/xvda 9; "},
      {"a root that is named alone has AWS's size", {mapping("/dev/xvda", {})}, "/dev/xvda 8; "},
      {"the root comes first",
       {mapping("/dev/sdf", 1), mapping("/dev/xvda", 2)},
       "/dev/xvda 2; /dev/sdf 1; "},
      {"others need a size", {mapping("/dev/sdf", {})}, "MissingParameter"},
      {"no device twice", {mapping("/dev/sdf", 1), mapping("/dev/sdf", 2)}, "InvalidBlockDeviceMapping"},
      {"no size of nothing", {mapping("/dev/sdf", 0)}, "InvalidParameterValue"},
      {"no size beyond AWS's", {mapping("/dev/sdf", 16385)}, "InvalidParameterValue"},
      {"no way out of the folder", {mapping("/dev/../etc", 1)}, "InvalidBlockDeviceMapping"},
      {"no name of nothing", {mapping("/dev/", 1)}, "InvalidBlockDeviceMapping"},
      {"encryption is not built", {mapping("/dev/sdf", 1, true)}, "NotImplemented"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(words_of(c.mappings), c.words);
  }
}

TEST(Volumes, AreFoundByTheDevicesLastName) {
  EXPECT_EQ(mount_point_of("/dev/sdf"), "/mnt/sdf");
  EXPECT_EQ(mount_point_of("/dev/xvdba"), "/mnt/xvdba");
}

}  // namespace
}  // namespace holm::ec2
