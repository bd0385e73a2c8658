// Sockets over the life of a daemon. The anchor is the real one; needs root.

#include "sandbox/kept_sockets.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "net/socket.h"
#include "sandbox/program/region_fixture.h"

namespace holm::sandbox {
namespace {

class KeptSocketsTest : public RegionFixture {
 protected:
  void SetUp() override {
    RegionFixture::SetUp();
    if (!region_) return;
    sockets_ = std::make_unique<KeptSockets>(*region_->anchor);
  }
  void TearDown() override {
    sockets_.reset();
    RegionFixture::TearDown();
  }
  void start_another_daemon() {
    sockets_.reset();
    region_->close();
    region_->open();
    ASSERT_EQ(region_->error, "");
    sockets_ = std::make_unique<KeptSockets>(*region_->anchor);
  }
  // The port it listens on; the descriptor is closed again, as by a daemon that ends.
  uint16_t port_of(const std::string& name) {
    auto socket = sockets_->open(name, [] { return net::listen_on(net::Address::loopback(0)); });
    EXPECT_TRUE(socket) << socket.error().message;
    return socket ? net::local_address(socket->get()).port() : 0;
  }

  std::unique_ptr<KeptSockets> sockets_;
};

TEST_F(KeptSocketsTest, TheNextDaemonHasTheSameSockets) {
  const uint16_t first = port_of("a|1");
  EXPECT_EQ(port_of("a|1"), first);
  EXPECT_NE(port_of("a|2"), first);
  start_another_daemon();
  EXPECT_EQ(port_of("a|1"), first);
}

TEST_F(KeptSocketsTest, OnlyThoseNamedAreRetainedAndOthersPrefixesAreLeftAlone) {
  const uint16_t gone = port_of("a|1");
  const uint16_t named = port_of("a|2");
  const uint16_t other = port_of("b|1");
  start_another_daemon();
  sockets_->retain("a|", {"a|2", "a|3"});
  EXPECT_EQ(port_of("a|2"), named);
  EXPECT_EQ(port_of("b|1"), other);
  EXPECT_TRUE(net::listen_on(net::Address::loopback(gone)).has_value());
}

TEST_F(KeptSocketsTest, WhatCannotBeMadeIsNotKept) {
  auto failed = sockets_->open("a|1", [] { return Result<UniqueFd>(failure("no")); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "no");
  EXPECT_NE(port_of("a|1"), 0);
}

}  // namespace
}  // namespace holm::sandbox
