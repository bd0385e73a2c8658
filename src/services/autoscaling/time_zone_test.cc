// Summer and winter.

#include "services/autoscaling/time_zone.h"

#include <gtest/gtest.h>

#include "base/time_format.h"
#include "services/autoscaling/recurrence.h"

namespace holm::autoscaling {
namespace {

Time at(const char* text) { return *parse_iso8601(text); }

TEST(TimeZone, KnowsThoseOfTheMachine) {
  EXPECT_TRUE(is_time_zone("UTC"));
  EXPECT_TRUE(is_time_zone("Europe/Rome"));
  EXPECT_FALSE(is_time_zone("Europe/Atlantis"));
  EXPECT_FALSE(is_time_zone("../../etc/passwd"));
  EXPECT_FALSE(is_time_zone(""));
}

TEST(TimeZone, PutsClocksForwardAndBack) {
  EXPECT_EQ(iso8601(to_wall(at("2026-07-01T12:00:00Z"), "Europe/Rome")), "2026-07-01T14:00:00Z");
  EXPECT_EQ(iso8601(from_wall(at("2026-01-01T12:00:00Z"), "Europe/Rome")), "2026-01-01T11:00:00Z");
  EXPECT_EQ(iso8601(from_wall(at("2026-03-29T02:30:00Z"), "Europe/Rome")), "2026-03-29T01:00:00Z")
      << "no clock shows it";
  EXPECT_EQ(iso8601(from_wall(at("2026-10-25T02:30:00Z"), "Europe/Rome")), "2026-10-25T00:30:00Z")
      << "the clocks show it twice";
}

TEST(TimeZone, ARecurrenceFollowsTheClockOnTheWall) {
  const auto six = Recurrence::parse("0 18 * * *");
  ASSERT_TRUE(six);
  EXPECT_EQ(iso8601(*six->next_after(at("2026-03-28T12:00:00Z"), "Europe/Rome")), "2026-03-28T17:00:00Z");
  EXPECT_EQ(iso8601(*six->next_after(at("2026-03-28T17:00:00Z"), "Europe/Rome")), "2026-03-29T16:00:00Z");
  const auto night = Recurrence::parse("30 2 * * *");
  EXPECT_EQ(iso8601(*night->next_after(at("2026-10-24T12:00:00Z"), "Europe/Rome")), "2026-10-25T00:30:00Z");
  EXPECT_EQ(iso8601(*night->next_after(at("2026-10-25T00:30:00Z"), "Europe/Rome")), "2026-10-26T01:30:00Z")
      << "once a day, though the clocks show it twice";
}

}  // namespace
}  // namespace holm::autoscaling
