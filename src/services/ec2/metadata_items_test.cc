// Folders of instance metadata.

#include "services/ec2/metadata_items.h"

#include <gtest/gtest.h>

namespace holm::ec2 {
namespace {

TEST(MetadataItems, FoldersAreListedAsTheirNames) {
  const MetadataItems items = {{"ami-id", "ami-1"},
                               {"network/interfaces/macs/02:00/mac", "02:00"},
                               {"network/interfaces/macs/02:00/subnet-id", "subnet-1"},
                               {"placement/region", "us-east-1"},
                               {"placement-more", "x"}};
  struct Case {
    const char* path;
    std::optional<std::string> told;
  };
  const Case cases[] = {{"ami-id", "ami-1"},
                        {"", "ami-id\nnetwork/\nplacement-more\nplacement/"},
                        {"network", "interfaces/"},
                        {"network/interfaces/macs", "02:00/"},
                        {"network/interfaces/macs/02:00", "mac\nsubnet-id"},
                        {"placement", "region"},
                        {"place", std::nullopt},
                        {"ami-id/more", std::nullopt},
                        {"spot", std::nullopt}};
  for (const Case& c : cases) EXPECT_EQ(find_item(items, c.path), c.told) << c.path;
}

}  // namespace
}  // namespace holm::ec2
