// When something recurs.

#include "services/autoscaling/recurrence.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace holm::autoscaling {

namespace {

std::string next(std::string_view text, std::string_view after) {
  const auto recurrence = Recurrence::parse(text);
  if (!recurrence) return "wrong";
  const auto time = recurrence->next_after(parse_iso8601(after).value());
  return time ? iso8601(*time) : "never";
}

TEST(Recurrence, FindsTheNextTime) {
  struct Row {
    const char *text, *after, *next;
  };
  for (const Row& row : {Row{"* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"},
                         Row{"30 0 1 1,6,12 *", "2026-01-01T00:30:00Z", "2026-06-01T00:30:00Z"},
                         Row{"0 10 * * MON-FRI", "2026-01-02T10:00:00Z", "2026-01-05T10:00:00Z"},
                         Row{"0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"},
                         Row{"*/20 8-9 * * *", "2026-01-01T09:40:00Z", "2026-01-02T08:00:00Z"},
                         Row{"0 0 29 feb *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
                         Row{"0 0 13 * 5", "2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z"},
                         Row{"0 0 30 2 *", "2026-01-01T00:00:00Z", "never"}}) {
    EXPECT_EQ(next(row.text, row.after), row.next) << row.text;
  }
}

TEST(Recurrence, RefusesWhatIsNone) {
  for (const char* text :
       {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
        "5-1 * * * *", "*/0 * * * *", "x * * * *", "1, * * * *", "-1 * * * *"}) {
    EXPECT_EQ(next(text, "2026-01-01T00:00:00Z"), "wrong") << text;
  }
}

}  // namespace

}  // namespace holm::autoscaling
