// Thousands of lives of an object store whose power goes at a random moment (tests/support/store_crashes.h).
// Usage: objects_crashes [LIVES] [FIRST SEED]. Exits with 1 and the seed at the first thing that is lost or
// torn.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/store_crashes.h"

int main(int count, char** arguments) {
  constexpr uint64_t kLivesOfAStory = 25;
  const uint64_t lives_wanted = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 10'000;
  uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
  uint64_t lives = 0, commits = 0;
  // The store says each time that it stops writing, which is meant here.
  if (std::freopen("/dev/null", "w", stderr) == nullptr) return 2;
  for (; lives < lives_wanted; ++seed) {
    holm::test::StoreCrashes story(seed);
    std::string problem;
    uint64_t life = 0;
    for (; life < kLivesOfAStory && problem.empty(); ++life) problem = story.run_life();
    if (problem.empty()) problem = story.finish();
    if (!problem.empty()) {
      std::printf("seed %lu, life %lu: %s\n", seed, life, problem.c_str());
      return 1;
    }
    lives += life;
    commits += story.commits();
  }
  std::printf("%lu crashes, %lu commits kept, nothing acknowledged was lost or torn\n", lives, commits);
  return 0;
}
