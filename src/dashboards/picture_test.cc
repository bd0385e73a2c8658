// Pictures of dashboards: well-formed, and what they are about is in them.

#include "dashboards/picture.h"

#include <gtest/gtest.h>

#include "dashboards/scale.h"
#include "formats/xml.h"

namespace holm::dashboards {
namespace {

constexpr int64_t kNoon = 1'795'262'400;  // 21 November 2026, 12:00 UTC.

size_t count_of(const formats::XmlElement& element, std::string_view name) {
  size_t count = element.name == name;
  for (const formats::XmlElement& each : element.children) count += count_of(each, name);
  return count;
}
std::string texts_of(const formats::XmlElement& element) {
  std::string all = element.name == "text" ? element.text + "\n" : "";
  for (const formats::XmlElement& each : element.children) all += texts_of(each);
  return all;
}

Widget widget_of(View view) {
  Widget widget{
      .kind = Widget::Kind::Metric, .type = "metric", .width = 12, .title = "Requests <b>", .view = view};
  widget.lines = {{.name = "a", .period = 60}, {.name = "b", .period = 60}};
  return widget;
}
Values values_of() {
  Values values{.start = kNoon, .end = kNoon + 3600};
  values.of[0] = {
      {.line = 0, .label = "all & more", .points = {{kNoon, 1}, {kNoon + 60, 2}, {kNoon + 120, 12'000}}},
      {.line = 1, .label = "failed", .points = {{kNoon, 1}, {kNoon + 1800, 3}}}};
  return values;
}

class Views : public testing::TestWithParam<View> {};

TEST_P(Views, AreWellFormedAndTellTheirLabels) {
  const auto document = formats::parse_xml(draw({.widgets = {widget_of(GetParam())}}, values_of()));
  ASSERT_TRUE(document) << document.error().describe();
  const std::string texts = texts_of(*document);
  for (const char* text : {"Requests <b>", "all & more", "failed"}) {
    EXPECT_NE(texts.find(text), std::string::npos) << texts;
  }
}

INSTANTIATE_TEST_SUITE_P(Picture, Views,
                         testing::Values(View::Lines, View::Stacked, View::Numbers, View::Bars, View::Table));

TEST(Picture, CurvesAreNotDrawnAcrossGaps) {
  const auto document = formats::parse_xml(draw({.widgets = {widget_of(View::Lines)}}, values_of()));
  ASSERT_TRUE(document);
  // One curve of three points; two points that stand alone.
  EXPECT_EQ(count_of(*document, "path"), 1u);
  EXPECT_EQ(count_of(*document, "circle"), 2u);
}

TEST(Picture, SaysThatNothingWasMeasured) {
  Values values = values_of();
  values.of.clear();
  const auto document = formats::parse_xml(draw({.widgets = {widget_of(View::Lines)}}, values));
  ASSERT_TRUE(document);
  EXPECT_NE(texts_of(*document).find("No data was measured"), std::string::npos);
}

TEST(Picture, ShowsAlarmsTextsAndNamesTheRest) {
  const std::string arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:busy";
  const auto document = formats::parse_xml(
      draw({.widgets = {{.kind = Widget::Kind::Alarm, .type = "alarm", .alarms = {arn, "gone"}},
                        {.kind = Widget::Kind::Text, .type = "text", .y = 6, .markdown = "# Site\nA line"},
                        {.kind = Widget::Kind::Other, .type = "log", .y = 12}}},
           {.alarms = {{arn, "ALARM"}}}));
  ASSERT_TRUE(document);
  EXPECT_EQ(texts_of(*document),
            "busy\nALARM\ngone\nnot found\nSite\nA line\nWidgets of type log are not drawn.\n");
}

TEST(Scale, NumbersAreRound) {
  EXPECT_EQ(ticks_between(0, 100, 5), (std::vector<double>{0, 20, 40, 60, 80, 100}));
  EXPECT_EQ(ticks_between(3, 3, 5), (std::vector<double>{3}));
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(0.25), "0.25");
  EXPECT_EQ(short_number(1234), "1.23k");
  EXPECT_EQ(short_number(5e9), "5G");
  EXPECT_EQ(short_number(-2e6), "-2M");
}

TEST(Scale, TimesAreWhole) {
  EXPECT_EQ(times_between(kNoon + 1, kNoon + 3600, 4),
            (std::vector<int64_t>{kNoon + 900, kNoon + 1800, kNoon + 2700, kNoon + 3600}));
  EXPECT_EQ(short_time(kNoon + 300, 3600), "12:05");
  EXPECT_EQ(short_time(kNoon, 7 * 86'400), "21 Nov");
}

}  // namespace
}  // namespace holm::dashboards
