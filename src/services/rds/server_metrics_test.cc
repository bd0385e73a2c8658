// What two readings of a server's counters say.

#include "services/rds/server_metrics.h"

#include <gtest/gtest.h>

namespace holm::rds {
namespace {

using namespace std::chrono_literals;

constexpr InstanceClass kSize{.vcpus = 2, .memory_bytes = 1000};

ServerReading reading_at(std::chrono::seconds at, double queries) {
  return {.at = SteadyTime{at},
          .cpu = 0s,
          .memory_bytes = 400,
          .traffic = {},
          .status = {{"Threads_connected", 3},
                     {"Uptime", std::chrono::duration<double>(at).count()},
                     {"Queries", queries},
                     {"Innodb_buffer_pool_read_requests", queries * 10},
                     {"Innodb_buffer_pool_reads", queries}}};
}
// -1: it was not measured.
double value_of(const std::vector<Measure>& measures, std::string_view name) {
  for (const Measure& each : measures) {
    if (each.name == name) return each.value;
  }
  return -1;
}

TEST(ServerMetrics, AreDifferencesByTheSecond) {
  const ServerReading before = reading_at(100s, 50);
  ServerReading after = reading_at(160s, 650);
  after.cpu = 30s;
  after.traffic.bytes_received = 6000;
  after.traffic.bytes_sent = 600;
  const auto measures = measures_of(&before, after, kSize, true);
  EXPECT_DOUBLE_EQ(value_of(measures, "CPUUtilization"), 25);
  EXPECT_DOUBLE_EQ(value_of(measures, "Queries"), 10);
  EXPECT_DOUBLE_EQ(value_of(measures, "NetworkReceiveThroughput"), 100);
  EXPECT_DOUBLE_EQ(value_of(measures, "NetworkThroughput"), 110);
  EXPECT_DOUBLE_EQ(value_of(measures, "BufferCacheHitRatio"), 90);
  EXPECT_DOUBLE_EQ(value_of(measures, "EngineUptime"), 160);
  EXPECT_DOUBLE_EQ(value_of(measures, "FreeableMemory"), 600);
}

TEST(ServerMetrics, WhoAsksIsNotCounted) {
  EXPECT_DOUBLE_EQ(value_of(measures_of(nullptr, reading_at(60s, 1), kSize, false), "DatabaseConnections"),
                   2);
}

TEST(ServerMetrics, OfAServerThatBeganAnewOnlyTheMomentIsKnown) {
  const ServerReading before = reading_at(100s, 50);
  ServerReading after = reading_at(160s, 10);
  after.status["Uptime"] = 20;
  for (const ServerReading* last : {&before, static_cast<const ServerReading*>(nullptr)}) {
    const auto measures = measures_of(last, after, kSize, true);
    EXPECT_EQ(value_of(measures, "Queries"), -1);
    EXPECT_EQ(value_of(measures, "CPUUtilization"), -1);
    EXPECT_EQ(value_of(measures, "DatabaseConnections"), 2);
  }
}

TEST(ServerMetrics, RatiosOfNothingAreNotKnown) {
  const ServerReading before = reading_at(100s, 50);
  EXPECT_EQ(value_of(measures_of(&before, reading_at(160s, 50), kSize, true), "BufferCacheHitRatio"), -1);
}

TEST(ServerMetrics, WhatIsAurorasIsNotOfOthers) {
  const ServerReading before = reading_at(100s, 50);
  const auto measures = measures_of(&before, reading_at(160s, 650), kSize, false);
  EXPECT_EQ(value_of(measures, "Queries"), -1);
  EXPECT_EQ(value_of(measures, "EngineUptime"), -1);
  EXPECT_NE(value_of(measures, "WriteIOPS"), -1);
}

}  // namespace
}  // namespace holm::rds
