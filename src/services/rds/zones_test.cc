// Where new instances go while a zone has failed. Needs root.

#include "services/rds/test_place.h"

namespace holm::rds {
namespace {

class Zones : public RdsTest {
 protected:
  CreateDBInstanceMessage wish(const std::string& id) {
    return {.db_instance_identifier = id,
            .db_instance_class = "db.t4g.medium",
            .engine = "aurora-mysql",
            .db_cluster_identifier = "main"};
  }
};

TEST_F(Zones, NewInstancesGoWhereTheyCanBeReached) {
  call<CreateDBSubnetGroup>({.db_subnet_group_name = "data",
                             .db_subnet_group_description = "data",
                             .subnet_ids = {"subnet-1", "subnet-2"}});
  call<CreateDBCluster>({.db_cluster_identifier = "main",
                         .db_subnet_group_name = "data",
                         .engine = "aurora-mysql",
                         .master_username = "admin",
                         .master_user_password = "first-word"});
  region->failed_zones = {"eu-west-1a", "eu-west-1b"};
  const std::string none =
      "400 InsufficientDBInstanceCapacity: The specified DB instance class isn't available in the specified "
      "Availability Zone.";
  EXPECT_EQ(error_of<CreateDBInstance>(wish("writer")), none);
  region->failed_zones = {"eu-west-1a"};
  auto there = wish("writer");
  there.availability_zone = "eu-west-1a";
  EXPECT_EQ(error_of<CreateDBInstance>(there), none);
  EXPECT_EQ(call<CreateDBInstance>(wish("writer")).db_instance->availability_zone, "eu-west-1b");
}

}  // namespace
}  // namespace holm::rds
