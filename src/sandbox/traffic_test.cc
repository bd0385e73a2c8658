// Counters of interfaces.

#include "sandbox/traffic.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace holm::sandbox {
namespace {

constexpr char kText[] = R"(Inter-|  Receive  |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier
    lo: 1000000 9000 0 0 0 0 0 0 1000000 9000 0 0 0 0 0 0
  eth0: 1500 10 0 0 0 0 0 0 700 7 0 0 0 0 0 0
  eth1:1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0
)";

TEST(Traffic, IsThatOfAllInterfacesButTheLoopbackDevice) {
  EXPECT_EQ(parse_traffic(kText),
            (Traffic{.bytes_received = 1501, .packets_received = 12, .bytes_sent = 703, .packets_sent = 11}));
  EXPECT_EQ(parse_traffic(""), Traffic());
  EXPECT_FALSE(parse_traffic("eth0: 1 2 3\n"));
  EXPECT_FALSE(parse_traffic("eth0: x 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"));
}

TEST(Traffic, OfThisProcessCanBeRead) {
  EXPECT_TRUE(traffic_of(::getpid()));
  EXPECT_FALSE(traffic_of(0));
}

}  // namespace
}  // namespace holm::sandbox
