// What is said of targets' health is stored in order, until the end.

#include "dataplane/balancer/health_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "async/workers.h"

namespace holm::balancer {
namespace {

HealthChange change_of(const std::string& target) { return {.group_arn = "group", .target_id = target}; }

TEST(HealthQueue, StoresInTheOrderThatThingsWereSaid) {
  async::Workers workers(1, 100);
  std::vector<std::string> stored;
  HealthQueue queue(workers, [&](const HealthChange& change) { stored.push_back(change.target_id); });
  for (const char* each : {"a", "b", "c"}) queue.add(change_of(each));
  queue.stop();
  EXPECT_EQ(stored, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(HealthQueue, StoresNothingThatIsSaidAfterItsEnd) {
  async::Workers workers(1, 100);
  int stored = 0;
  HealthQueue queue(workers, [&](const HealthChange&) { ++stored; });
  queue.stop();
  queue.add(change_of("late"));
  queue.stop();
  EXPECT_EQ(stored, 0);
}

TEST(HealthQueue, TakesAlongWhatThereWasNoRoomFor) {
  async::Workers workers(1, 1);
  std::promise<void> begun, freed;
  ASSERT_TRUE(workers.try_post([&] {
    begun.set_value();
    freed.get_future().wait();
  }));
  begun.get_future().wait();
  std::vector<std::string> stored;
  HealthQueue queue(workers, [&](const HealthChange& change) { stored.push_back(change.target_id); });
  queue.add(change_of("a"));  // Waits.
  queue.add(change_of("b"));  // The pool is full.
  freed.set_value();
  queue.stop();
  EXPECT_EQ(stored, (std::vector<std::string>{"a", "b"}));
}

// A store that fails is one run of a worker that failed: the end is not waited for in vain.
TEST(HealthQueue, EndsThoughStoringFails) {
  async::Workers workers(1, 100);
  HealthQueue queue(workers, [](const HealthChange&) { throw std::runtime_error("no disk"); });
  queue.add(change_of("a"));
  queue.stop();
}

TEST(HealthQueue, HasWordsForWhatItStores) {
  for (const Health each : {Health::Initial, Health::Healthy, Health::Unhealthy}) {
    EXPECT_EQ(health_of(name_of(each)), each);
  }
  EXPECT_EQ(health_of("draining"), Health::Initial);
}

}  // namespace
}  // namespace holm::balancer
