// The ground that tests of running sandboxes stand on: a region of their own, of which nothing may be left.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "sandbox/program/test_region.h"

namespace holm::sandbox {

class RegionFixture : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "sandboxes are made by root";
    region_ = std::make_unique<TestRegion>();
    ASSERT_EQ(region_->error, "");
  }
  void TearDown() override {
    if (!region_) return;
    std::string directory = region_->directory();
    region_.reset();
    for (const std::string& each : leftovers(directory)) ADD_FAILURE() << each;
  }

  SandboxSpec shell(const std::string& id, const std::string& script) {
    SandboxSpec spec;
    spec.id = id;
    spec.args = {"/bin/sh", "-c", script};
    spec.log_path = region_->log_path(id);
    return spec;
  }

  std::unique_ptr<TestRegion> region_;
};

}  // namespace holm::sandbox
