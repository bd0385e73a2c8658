// Clusters from creation to the final snapshot, with real servers. Needs root.

#include <signal.h>

#include "services/rds/mariadb.h"
#include "services/rds/test_place.h"

namespace holm::rds {
namespace {

class Clusters : public RdsTest {
 protected:
  std::string endpoint() { return *call<DescribeDBClusters>({}).db_clusters.front().endpoint; }

  // What the server says of the password, asked in its own sandbox.
  std::string try_password(const std::string& password) {
    const auto exit = place->runtime->exec(
        sandbox_id(),
        {.args = {"/usr/bin/mariadb", "--no-defaults", "--host=10.9.0.11", "--user=admin",
                  "--password=" + password, "--execute=CREATE TABLE IF NOT EXISTS shop.mine (a INT)"}});
    return exit && exit->succeeded() ? "right" : "wrong";
  }
};

TEST_F(Clusters, LiveFromCreationToTheFinalSnapshot) {
  make_cluster();
  const auto cluster = call<DescribeDBClusters>({}).db_clusters.front();
  EXPECT_EQ(cluster.db_cluster_members.size(), 1u);
  EXPECT_TRUE(cluster.endpoint->starts_with("main.cluster-c"));
  EXPECT_TRUE(cluster.endpoint->ends_with(".eu-west-1.rds.localhost"));
  for (const std::string& name : {*cluster.endpoint, *cluster.reader_endpoint}) {
    EXPECT_EQ(names.find(kTestVpc, name)->addresses, std::vector<std::string>{"10.9.0.11"});
  }

  EXPECT_EQ(try_password("first-word"), "right");
  call<ModifyDBCluster>({.db_cluster_identifier = "main", .master_user_password = "second-word"});
  EXPECT_EQ(status_of_cluster(), "resetting-master-credentials");
  EXPECT_EQ(settle_cluster("available"), "available");
  EXPECT_EQ(try_password("first-word"), "wrong");
  EXPECT_EQ(try_password("second-word"), "right");

  EXPECT_EQ(error_of<DeleteDBCluster>({.db_cluster_identifier = "main", .skip_final_snapshot = true}),
            "400 InvalidDBClusterStateFault: Cluster cannot be deleted, it still contains DB instances in"
            " non-deleting state.");
  call<DeleteDBInstance>({.db_instance_identifier = "writer"});
  EXPECT_EQ(settle_instance("gone"), "gone");
  EXPECT_EQ(region->interfaces, 0);
  EXPECT_FALSE(names.find(kTestVpc, *cluster.endpoint));

  call<DeleteDBCluster>({.db_cluster_identifier = "main", .final_db_snapshot_identifier = "last"});
  EXPECT_EQ(settle_cluster("gone"), "gone");
  const auto snapshots = call<DescribeDBClusterSnapshots>({}).db_cluster_snapshots;
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_EQ(*snapshots.front().status, "available");
  const std::string kept = place->directory() + "/volumes/rds-snapshots";
  const std::string snapshot = std::filesystem::directory_iterator(kept)->path();
  EXPECT_TRUE(std::filesystem::exists(snapshot + "/shop"));

  call<RestoreDBClusterFromSnapshot>({.db_cluster_identifier = "again",
                                      .snapshot_identifier = "last",
                                      .engine = "aurora-mysql",
                                      .db_subnet_group_name = "data"});
  EXPECT_EQ(settle_cluster("available"), "available");
  call<CreateDBInstance>({.db_instance_identifier = "second",
                          .db_instance_class = "db.t4g.medium",
                          .engine = "aurora-mysql",
                          .db_cluster_identifier = "again"});
  EXPECT_EQ(settle_instance("available"), "available") << engine_log();
  MariaDb server(*place->runtime, "");
  EXPECT_EQ(server.run(sandbox_id(), "SHOW TABLES IN shop").value_or("error"), "mine\n");
  call<DeleteDBClusterSnapshot>({.db_cluster_snapshot_identifier = "last"});
  EXPECT_FALSE(std::filesystem::exists(snapshot));
  EXPECT_EQ(error_of<DeleteDBSubnetGroup>({.db_subnet_group_name = "data"}),
            "400 InvalidDBSubnetGroupStateFault: Cannot delete the subnet group 'data' because at least one"
            " database cluster: again is still using it.");
}

TEST_F(Clusters, StartAWriterThatDiedOverItsData) {
  make_cluster();
  MariaDb server(*place->runtime, place->directory() + "/templates");
  const std::string id = sandbox_id();
  ASSERT_TRUE(server.run(id, "CREATE TABLE shop.t (a INT); INSERT INTO shop.t VALUES (42)"));
  ASSERT_TRUE(place->runtime->kill(id, SIGKILL));
  exits.deliver(id, place->wait_for_exit(id));
  EXPECT_EQ(settle_instance("rebooting"), "rebooting");
  EXPECT_EQ(settle_instance("available"), "available") << engine_log();
  EXPECT_EQ(server.run(id, "SELECT a FROM shop.t").value_or("error"), "42\n");
}

TEST_F(Clusters, RunOnWhileTheDaemonIsReplaced) {
  make_cluster();
  const pid_t before = place->runtime->list().front().pid;
  const std::string name = endpoint();
  names.remove("", name);
  begin();
  while (jobs->run_due() > 0) {
  }
  EXPECT_EQ(status_of_instance(), "available");
  EXPECT_EQ(place->runtime->list().front().pid, before);
  EXPECT_TRUE(names.find(kTestVpc, name));
}

TEST_F(Clusters, StopAndStart) {
  make_cluster();
  call<StopDBCluster>({.db_cluster_identifier = "main"});
  EXPECT_EQ(settle_cluster("stopped"), "stopped");
  EXPECT_EQ(sandbox_id(), "");
  call<StartDBCluster>({.db_cluster_identifier = "main"});
  EXPECT_EQ(settle_cluster("available"), "available") << engine_log();
  call<RebootDBInstance>({.db_instance_identifier = "writer"});
  EXPECT_EQ(status_of_instance(), "rebooting");
  EXPECT_EQ(settle_instance("available"), "available") << engine_log();
}

}  // namespace
}  // namespace holm::rds
