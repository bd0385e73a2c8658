// What a person reads while a stack is made.

#include "cli/up/progress.h"

#include <gtest/gtest.h>

namespace holm::cli {
namespace {

constexpr Time kStart = from_milliseconds(1'000'000);

Time after(int milliseconds) { return kStart + std::chrono::milliseconds(milliseconds); }

StackEvent of_resource(std::string name, std::string status, int milliseconds, std::string reason = "") {
  return {.id = name + status,
          .logical_id = std::move(name),
          .physical_id = "",
          .type = "AWS::EC2::VPC",
          .status = std::move(status),
          .reason = std::move(reason),
          .time = after(milliseconds)};
}

StackEvent of_stack(std::string status, std::string reason = "") {
  return {.id = status,
          .logical_id = "shop",
          .physical_id = "arn:aws:cloudformation:us-east-1:1:stack/shop/0001",
          .type = "AWS::CloudFormation::Stack",
          .status = std::move(status),
          .reason = std::move(reason),
          .time = kStart};
}

std::string row(std::string_view verb, std::string_view name, std::string_view seconds) {
  std::string text = "  " + std::string(verb);
  text.append(14 - text.size(), ' ').append(name);
  text.append(43 - text.size(), ' ').append("AWS::EC2::VPC");
  text.append(92 - text.size() - seconds.size(), ' ');
  return text.append(seconds).append(" s\n");
}

TEST(Progress, InALogEachResourceIsOneLineOnceItIsDone) {
  Progress progress({});
  EXPECT_EQ(progress.update({of_stack("CREATE_IN_PROGRESS"), of_resource("A", "CREATE_IN_PROGRESS", 0),
                             of_resource("A", "CREATE_IN_PROGRESS", 900, "Resource creation Initiated")},
                            after(950)),
            "");
  EXPECT_EQ(progress.update({}, after(990)), "");
  EXPECT_EQ(
      progress.update({of_resource("A", "CREATE_COMPLETE", 1250), of_stack("CREATE_COMPLETE")}, after(1300)),
      row("created", "A", "1.2"));
  EXPECT_EQ(progress.finish(), "");
}

TEST(Progress, OnATerminalRunningWorkIsDrawnAnewInPlace) {
  Progress progress({.is_terminal = true, .columns = 200});
  EXPECT_EQ(
      progress.update({of_resource("A", "CREATE_IN_PROGRESS", 0), of_resource("B", "CREATE_IN_PROGRESS", 0)},
                      after(100)),
      row("creating", "A", "0.1") + row("creating", "B", "0.1"));
  // Nothing would look different: nothing is written.
  EXPECT_EQ(progress.update({}, after(101)), "");
  EXPECT_EQ(progress.update({}, after(200)),
            "\x1b[2A\x1b[J" + row("creating", "A", "0.2") + row("creating", "B", "0.2"));
  EXPECT_EQ(progress.update({of_resource("A", "CREATE_COMPLETE", 300)}, after(300)),
            "\x1b[2A\x1b[J" + row("created", "A", "0.3") + row("creating", "B", "0.3"));
  EXPECT_EQ(progress.finish(), "\x1b[1A\x1b[J");
  EXPECT_EQ(progress.finish(), "");
}

TEST(Progress, LinesFitTheScreenSoThatTheCursorFindsBack) {
  Progress progress({.is_terminal = true, .columns = 30, .rows = 5});
  const std::string text =
      progress.update({of_resource("A", "CREATE_IN_PROGRESS", 0), of_resource("B", "CREATE_IN_PROGRESS", 0),
                       of_resource("C", "CREATE_IN_PROGRESS", 0), of_resource("D", "CREATE_IN_PROGRESS", 0)},
                      after(0));
  EXPECT_EQ(text, "  creating    A              \n  creating    B              \n  and 2 more\n");
  EXPECT_EQ(progress.finish(), "\x1b[3A\x1b[J");
}

TEST(Progress, AFailureIsToldWithItsReasonAndTheWayBackIsShown) {
  Progress progress({});
  EXPECT_EQ(
      progress.update({of_resource("A", "CREATE_IN_PROGRESS", 0),
                       of_resource("A", "CREATE_FAILED", 100, "The CIDR is wrong"),
                       of_stack("ROLLBACK_IN_PROGRESS", "A failed"),
                       of_resource("A", "DELETE_IN_PROGRESS", 200), of_resource("A", "DELETE_COMPLETE", 400)},
                      after(500)),
      row("failed", "A", "0.1") + "      The CIDR is wrong\n  rolling back: A failed\n" +
          row("removed", "A", "0.2"));
}

TEST(Progress, AStatusWithoutAWordIsShownAsItCame) {
  Progress progress({});
  EXPECT_EQ(progress.update({of_resource("A", "MOVED", 0)}, after(0)), row("MOVED", "A", "0.0"));
}

TEST(FailureReason, IsTheFirstResourcesThatFailedByItself) {
  EXPECT_EQ(failure_reason({of_resource("B", "CREATE_FAILED", 0, "Resource creation cancelled"),
                            of_resource("A", "CREATE_FAILED", 0, "The CIDR is wrong"),
                            of_resource("C", "DELETE_FAILED", 0, "in use"),
                            of_stack("ROLLBACK_IN_PROGRESS", "several failed")}),
            "A (AWS::EC2::VPC): The CIDR is wrong");
  EXPECT_EQ(failure_reason({of_stack("ROLLBACK_IN_PROGRESS", "a limit was met")}), "a limit was met");
  EXPECT_EQ(failure_reason({}), "no reason is told");
}

}  // namespace
}  // namespace holm::cli
