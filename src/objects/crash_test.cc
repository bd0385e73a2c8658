// The power goes at random moments. `objects_crashes` tells many more such stories than this test.

#include <gtest/gtest.h>

#include "support/store_crashes.h"

namespace holm::objects {

namespace {

constexpr uint64_t kStories = 4, kLives = 25;

TEST(Crash, LosesAndTearsNothingThatWasAcknowledged) {
  for (uint64_t seed = 1; seed <= kStories; ++seed) {
    SCOPED_TRACE(seed);
    test::StoreCrashes story(seed);
    for (uint64_t life = 0; life < kLives; ++life) {
      ASSERT_EQ(story.run_life(), "") << "life " << life;
    }
    ASSERT_EQ(story.finish(), "");
    ASSERT_GT(story.commits(), kLives);
  }
}

}  // namespace

}  // namespace holm::objects
