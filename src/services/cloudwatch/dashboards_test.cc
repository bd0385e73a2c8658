// Dashboards as an account's documents.

#include "services/cloudwatch/test_place.h"

namespace holm::cloudwatch {
namespace {

constexpr char kBody[] =
    R"({\"widgets\": [{\"type\": \"text\", \"properties\": {\"markdown\": \"Hello\"}}]})";

constexpr char kFaultless[] = R"({"DashboardValidationMessages":[]})";

class DashboardsTest : public AlarmsTest {
 protected:
  std::string put(const std::string& name, const std::string& body = kBody) {
    return call("PutDashboard",
                R"({"DashboardName": ")" + name + R"(", "DashboardBody": ")" + body + R"("})");
  }
  std::string names(const std::string& request = "{}") {
    std::string all;
    const auto listed = formats::parse_json(call("ListDashboards", request)).value();
    for (const auto& each : *listed.find("DashboardEntries")->as_array()) {
      all += *each.find("DashboardName")->as_string() + " ";
    }
    return all;
  }
};

TEST_F(DashboardsTest, AreKeptAsTheyWereGiven) {
  EXPECT_EQ(put("site"), kFaultless);
  const auto got = formats::parse_json(call("GetDashboard", R"({"DashboardName": "site"})")).value();
  EXPECT_EQ(*got.find("DashboardArn")->as_string(), "arn:aws:cloudwatch::123456789012:dashboard/site");
  EXPECT_EQ(*got.find("DashboardBody")->as_string(),
            R"({"widgets": [{"type": "text", "properties": {"markdown": "Hello"}}]})");
}

TEST_F(DashboardsTest, AreListedByPrefix) {
  for (const char* name : {"site-b", "site-a", "other"}) EXPECT_EQ(put(name), kFaultless);
  EXPECT_EQ(names(), "other site-a site-b ");
  EXPECT_EQ(names(R"({"DashboardNamePrefix": "site"})"), "site-a site-b ");
}

TEST_F(DashboardsTest, WhatIsNoneIsNotKept) {
  const std::string answer = put("site", R"({\"widgets\": [{\"type\": \"text\"}]})");
  EXPECT_EQ(answer,
            "InvalidParameterInput: The field DashboardBody is invalid, there are 1 validation errors: "
            R"([{"dataPath":"/widgets/0","message":"Should have required property 'properties'"}])");
  EXPECT_EQ(put("a b").substr(0, 21), "InvalidParameterValue");
  EXPECT_EQ(names(), "");
}

TEST_F(DashboardsTest, AreDeletedTogetherOrNotAtAll) {
  for (const char* name : {"a", "b"}) EXPECT_EQ(put(name), kFaultless);
  EXPECT_EQ(call("DeleteDashboards", R"({"DashboardNames": ["a", "gone"]})"),
            "ResourceNotFound: Dashboard gone does not exist");
  EXPECT_EQ(names(), "a b ");
  EXPECT_EQ(call("DeleteDashboards", R"({"DashboardNames": ["a", "b"]})"), "{}");
  EXPECT_EQ(names(), "");
  EXPECT_EQ(call("GetDashboard", R"({"DashboardName": "a"})"),
            "ResourceNotFound: Dashboard a does not exist");
}

TEST_F(DashboardsTest, HaveTagsBesideThoseOfAlarms) {
  EXPECT_EQ(put("alarm"), kFaultless);
  put_alarm(R"({"Tags": [{"Key": "of", "Value": "the alarm"}]})");
  const std::string dashboard = R"("ResourceARN": "arn:aws:cloudwatch::123456789012:dashboard/alarm")";
  const std::string alarm = R"("ResourceARN": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:alarm")";
  EXPECT_EQ(call("TagResource", "{" + dashboard + R"(, "Tags": [{"Key": "of", "Value": "the dashboard"}]})"),
            "{}");
  EXPECT_EQ(call("ListTagsForResource", "{" + dashboard + "}"),
            R"({"Tags":[{"Key":"of","Value":"the dashboard"}]})");
  EXPECT_EQ(call("ListTagsForResource", "{" + alarm + "}"), R"({"Tags":[{"Key":"of","Value":"the alarm"}]})");
  EXPECT_EQ(call("DeleteDashboards", R"({"DashboardNames": ["alarm"]})"), "{}");
  EXPECT_EQ(put("alarm"), kFaultless);
  EXPECT_EQ(call("ListTagsForResource", "{" + dashboard + "}"), R"({"Tags":[]})");
  EXPECT_EQ(call("UntagResource", "{" + alarm + R"(, "TagKeys": ["of"]})"), "{}");
  EXPECT_EQ(call("ListTagsForResource", "{" + alarm + "}"), R"({"Tags":[]})");
}

}  // namespace
}  // namespace holm::cloudwatch
