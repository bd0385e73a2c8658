// Bodies of dashboards: what is read of them, and what is wrong with them.

#include "dashboards/body.h"

#include <gtest/gtest.h>

namespace holm::dashboards {
namespace {

// A body with one metric widget of these properties.
Reading read_metric(const std::string& properties) {
  return read_body(R"({"widgets": [{"type": "metric", "properties": )" + properties + "}]}");
}
std::string fault_of(const std::string& body) {
  const Reading reading = read_body(body);
  return reading.faults.empty() ? "none" : reading.faults[0].path + ": " + reading.faults[0].message;
}

TEST(Body, LinesRepeatWhatStoodAbove) {
  const Reading reading = read_metric(R"({"region": "us-east-1", "stat": "Sum", "period": 60, "metrics": [
      ["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"],
      [".", "NetworkIn", ".", "."],
      ["...", "i-2", {"stat": "Maximum", "color": "#112233", "yAxis": "right"}],
      [{"expression": "m1 * 2", "id": "e1", "label": "twice", "visible": false}]]})");
  ASSERT_TRUE(reading.faults.empty()) << reading.faults[0].path << reading.faults[0].message;
  const auto& lines = reading.dashboard.widgets.at(0).lines;
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1].space, "AWS/EC2");
  EXPECT_EQ(lines[1].name, "NetworkIn");
  EXPECT_EQ(lines[1].stat, "Sum");
  EXPECT_EQ(lines[1].period, 60);
  EXPECT_EQ(lines[1].dimensions.at(0), std::pair(std::string("InstanceId"), std::string("i-1")));
  EXPECT_EQ(lines[2].name, "NetworkIn");
  EXPECT_EQ(lines[2].dimensions.at(0).second, "i-2");
  EXPECT_EQ(lines[2].stat, "Maximum");
  EXPECT_EQ(lines[2].color, "#112233");
  EXPECT_TRUE(lines[2].is_right);
  EXPECT_EQ(lines[3].expression, "m1 * 2");
  EXPECT_EQ(lines[3].label, "twice");
  EXPECT_FALSE(lines[3].is_visible);
}

TEST(Body, WidgetsWithoutAPlaceStandInRows) {
  const char* text = R"({"type": "text", "width": 12, "height": 3, "properties": {"markdown": "a"}})";
  const Reading reading =
      read_body(std::string(R"({"start": "-PT1H", "widgets": [)") + text + "," + text + "," + text + "]}");
  ASSERT_TRUE(reading.faults.empty());
  const auto& widgets = reading.dashboard.widgets;
  EXPECT_EQ(widgets.at(1).x, 12);
  EXPECT_EQ(widgets.at(1).y, 0);
  EXPECT_EQ(widgets.at(2).x, 0);
  EXPECT_EQ(widgets.at(2).y, 3);
  EXPECT_EQ(reading.dashboard.span, 3600);
}

TEST(Body, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(fault_of("{}"), ": Should have required property 'widgets'");
  EXPECT_EQ(fault_of("[]"), ": Should be an object");
  EXPECT_EQ(fault_of("{").substr(0, 40), ": The dashboard body is not valid JSON: ");
  EXPECT_EQ(fault_of(R"({"widgets": [{"type": "picture", "properties": {}}]})"),
            "/widgets/0/type: Should be equal to one of the allowed values: metric, text, alarm, log, "
            "explorer, custom");
  EXPECT_EQ(fault_of(R"({"widgets": [{"type": "text", "width": 25, "properties": {"markdown": ""}}]})"),
            "/widgets/0/width: Should be <= 24");
  EXPECT_EQ(fault_of(R"({"widgets": [{"type": "text", "x": 1, "properties": {"markdown": ""}}]})"),
            "/widgets/0: Should have both x and y, or neither");
  EXPECT_EQ(fault_of(R"({"widgets": [{"type": "text", "properties": {}}]})"),
            "/widgets/0/properties: Should have required property 'markdown'");
  EXPECT_EQ(fault_of(R"({"widgets": [{"type": "metric", "properties": {"region": "us-east-1"}}]})"),
            "/widgets/0/properties: Should have required property 'metrics'");
  EXPECT_EQ(fault_of(R"({"widgets": [], "end": "2026-01-01T00:00:00Z"})"),
            "/end: Should have property start when property end is present");
  EXPECT_EQ(fault_of(R"({"widgets": [], "start": "-PT3X"})"),
            "/start: Should be a duration as -PT3H, or a time");
}

TEST(Body, AMetricIsNamedWhole) {
  EXPECT_EQ(read_metric(R"({"region": "r", "metrics": [["A", "b", "Dimension"]]})").faults.at(0).path,
            "/widgets/0/properties/metrics/0");
  EXPECT_EQ(read_metric(R"({"region": "r", "metrics": [["...", "x"]]})").faults.size(), 1u);
  EXPECT_EQ(read_metric(R"({"region": "r", "metrics": [[1]]})").faults.size(), 1u);
}

TEST(Body, ViewsOfOthersAreReadAsWhatTheyAreDrawnAs) {
  EXPECT_EQ(read_metric(R"({"region": "r", "view": "pie", "metrics": []})").dashboard.widgets.at(0).view,
            View::Bars);
  EXPECT_EQ(read_metric(R"({"region": "r", "stacked": true, "metrics": []})").dashboard.widgets.at(0).view,
            View::Stacked);
  EXPECT_EQ(read_metric(R"({"region": "r", "view": "map", "metrics": []})").faults.at(0).path,
            "/widgets/0/properties/view");
}

}  // namespace
}  // namespace holm::dashboards
