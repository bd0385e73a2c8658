// Which rows Describe operations read: no more where there are more.

#include "services/ec2/selection.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "ec2/migrations.h"
#include "support/fake_clock.h"
#include "support/test_region.h"

namespace holm::ec2 {
namespace {

class SelectionTest : public testing::Test {
 protected:
  void SetUp() override { database_->migrate("ec2", migrations()); }

  // How SQLite goes about it, a step a line.
  std::string plan(std::string_view table, const Selection& selection) {
    std::string steps;
    region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) {
      for (const sql::Row& row :
           call.transaction.run(fmt::format("EXPLAIN QUERY PLAN SELECT id FROM {} WHERE {} ORDER BY +id",
                                            table, selection.where()),
                                selection.arguments())) {
        steps += row.text(3) + "\n";
      }
    });
    return steps;
  }
  Selection all() const { return Selection(caller_); }

 private:
  test::FakeClock clock_;
  std::unique_ptr<sql::Database> database_ = sql::open_sqlite(":memory:");
  test::TestRegion region_{*database_, clock_};
  aws::Caller caller_ = region_.caller("123456789012", "eu-west-1", "test");
};

const std::vector<std::string> kTwo = {"a", "b\""};

TEST_F(SelectionTest, IdsAndFiltersAreLookedUpInAnIndex) {
  struct Case {
    std::string_view table, column;
  };
  constexpr Case kCases[] = {{"ec2_security_group", "id"},
                             {"ec2_security_group", "name"},
                             {"ec2_security_group", "vpc"},
                             {"ec2_vpc", "id"},
                             {"ec2_subnet", "id"},
                             {"ec2_subnet", "vpc"},
                             {"ec2_instance", "id"},
                             {"ec2_interface", "id"},
                             {"ec2_interface", "vpc"},
                             {"ec2_interface", "subnet"},
                             {"ec2_interface", "instance"},
                             {"ec2_volume", "id"},
                             {"ec2_volume", "instance"},
                             {"ec2_route_table", "id"},
                             {"ec2_route_table", "vpc"},
                             {"ec2_internet_gateway", "id"},
                             {"ec2_internet_gateway", "vpc"},
                             {"ec2_nat_gateway", "id"},
                             {"ec2_nat_gateway", "vpc"}};
  for (const Case& each : kCases) {
    const std::string steps = plan(each.table, all().among(each.column, kTwo));
    EXPECT_NE(steps.find(fmt::format("({}=?)", each.column)), std::string::npos) << each.table << "\n"
                                                                                 << steps;
    EXPECT_EQ(steps.find(fmt::format("SCAN {}", each.table)), std::string::npos) << each.table << "\n"
                                                                                 << steps;
  }
}

TEST_F(SelectionTest, AFilterWithAWildcardNarrowsNothing) {
  const Filter plain{.name = "vpc-id", .values = {"vpc-1", "vpc-2"}};
  const Filter wild{.name = "vpc-id", .values = {"vpc-1", "vpc-?"}};
  EXPECT_EQ(all().filtered("vpc", {wild}, "vpc-id").arguments().size(), 2u);
  EXPECT_EQ(all().filtered("vpc", {plain}, "group-id").arguments().size(), 2u);
  EXPECT_EQ(all().filtered("vpc", {plain}, "vpc-id").arguments().size(), 3u);
  EXPECT_EQ(all().among("id", {}).where(), "account = ?1 AND region = ?2");
}

}  // namespace
}  // namespace holm::ec2
