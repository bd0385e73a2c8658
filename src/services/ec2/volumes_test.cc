// What mappings of block devices ask for.

#include "services/ec2/volumes.h"

#include <gtest/gtest.h>

#include "aws/service/error.h"
#include "base/check.h"
#include "ec2/migrations.h"
#include "services/ec2/images.h"
#include "support/fake_clock.h"
#include "support/test_region.h"

namespace holm::ec2 {
namespace {

BlockDeviceMapping mapping(const std::string& device, std::optional<int32_t> size) {
  return {.ebs = EbsBlockDevice{.volume_size = size}, .device_name = device};
}

BlockDeviceMapping of_snapshot(const std::string& device, const std::string& snapshot,
                               std::optional<int32_t> size) {
  return {.ebs = EbsBlockDevice{.snapshot_id = snapshot, .volume_size = size}, .device_name = device};
}

BlockDeviceMapping none(const std::string& device) { return {.no_device = "", .device_name = device}; }

// An account with snapshots of a disk, of a folder, and one that is not taken yet.
class Place {
 public:
  Place() {
    database_->migrate("ec2", migrations());
    region_.transact(caller_, sql::Access::Write, [](aws::Call& call) {
      SnapshotRow row{.account = call.account, .region = call.region, .volume = "vol-1", .gib = 3};
      for (const char* id : {"snap-disk", "snap-folder", "snap-pending"}) {
        row.id = id;
        row.is_disk = row.id != "snap-folder";
        row.state = row.id == "snap-pending" ? "pending" : "completed";
        insert_snapshot(call, row);
      }
    });
  }
  std::string words_of(const std::vector<BlockDeviceMapping>& mappings, std::vector<VolumeWish> image = {}) {
    std::string words;
    try {
      region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) {
        for (const VolumeWish& wish : volume_wishes(call, std::move(image), mappings)) {
          words += wish.device + " " + (wish.gib ? std::to_string(*wish.gib) : "unbounded");
          words += wish.snapshot ? " of " + wish.snapshot->id + "; " : "; ";
        }
      });
    } catch (const aws::ServiceError& error) {
      return error.code;
    }
    return words;
  }
  // A root and a second disk, both of snapshots.
  std::vector<VolumeWish> image(const std::string& root) {
    std::vector<VolumeWish> wishes;
    region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) {
      VolumeWish wish{.device = "/dev/xvda", .snapshot = require_snapshot(call, root)};
      if (wish.snapshot->is_disk) wish.gib = 3;
      wishes.push_back(wish);
      wishes.push_back({.device = "/dev/sdf", .gib = 3, .snapshot = require_snapshot(call, "snap-disk")});
    });
    return wishes;
  }

 private:
  test::FakeClock clock_;
  std::unique_ptr<sql::Database> database_ = sql::open_sqlite(":memory:");
  test::TestRegion region_{*database_, clock_};
  aws::Caller caller_ = region_.caller("123456789012", "eu-west-1", "test");
};

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
      {"a snapshot has a size",
       {of_snapshot("/dev/sdf", "snap-disk", {})},
       "/dev/xvda unbounded; /dev/sdf 3 of snap-disk; "},
      {"its volume may be larger",
       {of_snapshot("/dev/sdf", "snap-disk", 4)},
       "/dev/xvda unbounded; /dev/sdf 4 of snap-disk; "},
      {"and not smaller", {of_snapshot("/dev/sdf", "snap-disk", 2)}, "InvalidBlockDeviceMapping"},
      {"a folder is no disk", {of_snapshot("/dev/sdf", "snap-folder", 4)}, "NotImplemented"},
      {"nor is what is not taken yet", {of_snapshot("/dev/sdf", "snap-pending", {})}, "IncorrectState"},
      {"one that is not there", {of_snapshot("/dev/sdf", "snap-0", {})}, "InvalidSnapshot.NotFound"},
  };
  Place place;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(place.words_of(c.mappings), c.words);
  }
}

TEST(Volumes, OfAnImageMayBeAskedForOtherwise) {
  struct Case {
    const char* what;
    const char* root;
    std::vector<BlockDeviceMapping> mappings;
    const char* words;
  };
  const Case cases[] = {
      {"as they are", "snap-disk", {}, "/dev/xvda 3 of snap-disk; /dev/sdf 3 of snap-disk; "},
      {"a root that is a folder has no size",
       "snap-folder",
       {},
       "/dev/xvda unbounded of snap-folder; /dev/sdf 3 of snap-disk; "},
      {"but may be given one",
       "snap-folder",
       {mapping("/dev/xvda", 2)},
       "/dev/xvda 2 of snap-folder; /dev/sdf 3 of snap-disk; "},
      {"and none still",
       "snap-folder",
       {mapping("/dev/xvda", {})},
       "/dev/xvda unbounded of snap-folder; /dev/sdf 3 of snap-disk; "},
      {"a larger root",
       "snap-disk",
       {mapping("/dev/xvda", 5)},
       "/dev/xvda 5 of snap-disk; /dev/sdf 3 of snap-disk; "},
      {"no smaller one", "snap-disk", {mapping("/dev/xvda", 2)}, "InvalidBlockDeviceMapping"},
      {"without the second", "snap-disk", {none("/dev/sdf")}, "/dev/xvda 3 of snap-disk; "},
      {"never without the root", "snap-disk", {none("/dev/xvda")}, "InvalidBlockDeviceMapping"},
      {"a third one",
       "snap-disk",
       {mapping("/dev/sdg", 1)},
       "/dev/xvda 3 of snap-disk; /dev/sdf 3 of snap-disk; /dev/sdg 1; "},
      {"no other snapshot",
       "snap-disk",
       {of_snapshot("/dev/xvda", "snap-folder", {})},
       "InvalidBlockDeviceMapping"},
  };
  Place place;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(place.words_of(c.mappings, place.image(c.root)), c.words);
  }
}

TEST(Volumes, AreFoundByTheDevicesLastName) {
  EXPECT_EQ(mount_point_of("/dev/sdf"), "/mnt/sdf");
  EXPECT_EQ(mount_point_of("/dev/xvdba"), "/mnt/xvdba");
}

}  // namespace
}  // namespace holm::ec2
