// RDS with real sandboxes and networks, a database in memory, and as much of EC2 as it asks for.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "async/reactor.h"
#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/random.h"
#include "base/system_clock.h"
#include "dataplane/dns/directory.h"
#include "ec2/operations.h"
#include "jobs/jobs.h"
#include "metrics/meters.h"
#include "rds/handlers.h"
#include "rds/migrations.h"
#include "rds/operations.h"
#include "sandbox/exits.h"
#include "sandbox/program/test_region.h"
#include "services/rds/service.h"
#include "support/kept_metrics.h"
#include "support/test_region.h"

namespace holm::rds {

inline constexpr char kTestVpc[] = "vpc-1";

// Calls RDS without signatures and rights, and is EC2 with one VPC of two subnets.
class SmallRegion final : public test::TestRegion {
 public:
  SmallRegion(sql::Database& database, Clock& clock, sandbox::Network& network)
      : TestRegion(database, clock), network_(network) {}

  aws::ServiceBase* rds = nullptr;
  int interfaces = 0;  // How many there are.
  std::set<std::string> failed_zones;

 protected:
  aws::Box invoke(aws::Call& parent, const aws::Principal&, std::string_view service,
                  std::string_view operation, const void* input) override {
    if (service == "rds") return aws::find_operation(model(), operation)->invoke(*rds, parent, input);
    if (operation == "DescribeSubnets") return describe_subnets();
    if (operation == "DescribeSecurityGroups") {
      ec2::DescribeSecurityGroupsResult result;
      result.security_groups.push_back({.group_id = "sg-1", .vpc_id = kTestVpc});
      return aws::make_box(std::move(result));
    }
    if (operation == "DescribeAvailabilityZones") {
      ec2::DescribeAvailabilityZonesResult result;
      for (const std::string& zone : failed_zones) result.availability_zones.push_back({.zone_name = zone});
      return aws::make_box(std::move(result));
    }
    if (operation == "CreateNetworkInterface") return create_interface();
    CHECK(operation == "DeleteNetworkInterface");
    --interfaces;
    CHECK(network_
              .remove_interface(
                  static_cast<const ec2::DeleteNetworkInterfaceRequest*>(input)->network_interface_id)
              .has_value());
    return aws::make_box(aws::Nothing{});
  }

 private:
  static aws::Box describe_subnets() {
    ec2::DescribeSubnetsResult result;
    result.subnets.push_back(
        {.subnet_id = "subnet-1", .vpc_id = kTestVpc, .availability_zone = "eu-west-1a"});
    result.subnets.push_back(
        {.subnet_id = "subnet-2", .vpc_id = kTestVpc, .availability_zone = "eu-west-1b"});
    return aws::make_box(std::move(result));
  }
  aws::Box create_interface() {
    const int number = ++made_;
    ++interfaces;
    const std::string id = "eni-" + std::to_string(number), address = "10.9.0." + std::to_string(number + 10);
    CHECK(network_.ensure_vpc({.id = kTestVpc, .cidrs = {"10.9.0.0/16"}}).has_value());
    CHECK(network_.ensure_subnet({.id = "subnet-1", .vpc_id = kTestVpc, .cidr = "10.9.0.0/24"}).has_value());
    CHECK(network_
              .ensure_interface({.id = id,
                                 .subnet_id = "subnet-1",
                                 .mac = "02:00:00:00:00:1" + std::to_string(number),
                                 .addresses = {address}})
              .has_value());
    ec2::CreateNetworkInterfaceResult result;
    result.network_interface =
        ec2::NetworkInterface{.network_interface_id = id, .private_ip_address = address};
    return aws::make_box(std::move(result));
  }

  sandbox::Network& network_;
  int made_ = 0;
};

class RdsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "sandboxes are made by root";
    place = std::make_unique<sandbox::TestRegion>();
    ASSERT_EQ(place->error, "");
    database->migrate("rds", migrations());
    region = std::make_unique<SmallRegion>(*database, clock, *place->network);
    begin();
  }

  // As a daemon does when it starts.
  void begin() {
    jobs = jobs::make_manual_jobs(*database, clock);
    meters = std::make_unique<metrics::Meters>(measured);
    service = std::make_unique<Service>(Dependencies{.jobs = *jobs,
                                                     .region = *region,
                                                     .runtime = *place->runtime,
                                                     .exits = exits,
                                                     .names = names,
                                                     .meters = *meters,
                                                     .clock = clock,
                                                     .random = random,
                                                     .data_directory = place->directory()});
    region->rds = service.get();
    service->start();
  }

  template <class Op>
  typename Op::Output call(const typename Op::Input& input) {
    typename Op::Output output;
    region->transact(region->caller("123456789012", "eu-west-1", "test.amazonaws.com"), sql::Access::Write,
                     [&](aws::Call& inner) { output = region->call<Op>(inner, inner.principal, input); });
    return output;
  }

  // The error an operation ends with: "404 DBClusterNotFoundFault: …".
  template <class Op>
  std::string error_of(const typename Op::Input& input) {
    try {
      (void)call<Op>(input);
    } catch (const aws::ServiceError& error) {
      return std::to_string(error.http_status) + " " + error.code + ": " + error.what();
    }
    return "no error";
  }

  std::string status_of_instance() {
    const auto all = call<DescribeDBInstances>({}).db_instances;
    return all.empty() ? "gone" : *all.front().db_instance_status;
  }
  std::string status_of_cluster() {
    const auto all = call<DescribeDBClusters>({}).db_clusters;
    return all.empty() ? "gone" : *all.front().status;
  }

  // Runs jobs until `status` gives `wanted`; at most a minute, by the real clock as the servers are real.
  // Returns what it gave in the end.
  template <class Status>
  std::string settle(Status status, const std::string& wanted) {
    const auto until = clock.steady() + std::chrono::minutes(1);
    while (status() != wanted && clock.steady() < until) {
      if (jobs->run_due() == 0) std::this_thread::yield();
    }
    return status();
  }
  std::string settle_instance(const std::string& wanted) {
    return settle([this] { return status_of_instance(); }, wanted);
  }
  std::string settle_cluster(const std::string& wanted) {
    return settle([this] { return status_of_cluster(); }, wanted);
  }

  // A cluster with its writer, both available.
  void make_cluster() {
    call<CreateDBSubnetGroup>({.db_subnet_group_name = "Data",
                               .db_subnet_group_description = "data",
                               .subnet_ids = {"subnet-1", "subnet-2"}});
    call<CreateDBCluster>({.database_name = "shop",
                           .db_cluster_identifier = "Main",
                           .db_subnet_group_name = "data",
                           .engine = "aurora-mysql",
                           .master_username = "admin",
                           .master_user_password = "first-word"});
    call<CreateDBInstance>({.db_instance_identifier = "writer",
                            .db_instance_class = "db.t4g.medium",
                            .engine = "aurora-mysql",
                            .db_cluster_identifier = "main"});
    ASSERT_EQ(settle_instance("available"), "available") << engine_log();
    ASSERT_EQ(settle_cluster("available"), "available");
  }

  std::string engine_log() {
    std::string all;
    const std::string folder = place->directory() + "/logs/rds";
    if (!std::filesystem::exists(folder)) return "no log";
    for (const auto& each : std::filesystem::directory_iterator(folder)) {
      all += read_file(each.path().string()).value_or("");
    }
    return all;
  }

  std::string sandbox_id() {
    for (const sandbox::SandboxState& each : place->runtime->list()) {
      if (each.running) return each.id;
    }
    return "";
  }

  std::unique_ptr<sandbox::TestRegion> place;
  SystemClock clock;
  SystemRandom random;
  sandbox::Exits exits;
  test::KeptMetrics measured;
  std::unique_ptr<metrics::Meters> meters;
  dns::Directory names;
  std::unique_ptr<sql::Database> database = sql::open_sqlite(":memory:");
  std::unique_ptr<jobs::ManualJobs> jobs;
  std::unique_ptr<SmallRegion> region;
  std::unique_ptr<Service> service;
};

}  // namespace holm::rds
