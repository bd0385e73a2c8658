// Names of images that many templates look for.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html

#include "services/ec2/host_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/time_format.h"

namespace holm::ec2 {

namespace {

constexpr std::string_view kAmazon = "137112412989";
constexpr std::string_view kCanonical = "099720109477";
constexpr std::string_view kDebian = "136693071363";

struct Known {
  std::string_view id, owner;
  std::string_view name;  // Of its date's year, month and day one behind the other: {0}; of its year: {1}.
};

constexpr auto kKnown = std::to_array<Known>({
    {kHostImage, kAmazon, "holm-host-x86_64"},
    {"ami-0de8b1a12a0002023", kAmazon, "al2023-ami-2023.0.{0}.0-kernel-6.1-x86_64"},
    {"ami-0de8b1a12a0000002", kAmazon, "amzn2-ami-hvm-2.0.{0}.0-x86_64-gp2"},
    {"ami-0de8b1a12a0000510", kAmazon, "amzn2-ami-kernel-5.10-hvm-2.0.{0}.0-x86_64-gp2"},
    {"ami-0de8b1a12a0000001", kAmazon, "amzn-ami-hvm-{1}.03.0.{0}-x86_64-gp2"},
    {"ami-0de8b1a12a0002004", kCanonical, "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-{0}"},
    {"ami-0de8b1a12a0002204", kCanonical, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-{0}"},
    {"ami-0de8b1a12a0002404", kCanonical, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-{0}"},
    {"ami-0de8b1a12a0000011", kDebian, "debian-11-amd64-{0}-0"},
    {"ami-0de8b1a12a0001200", kDebian, "debian-12-amd64-{0}-0"},
});

}  // namespace

bool is_host_image(std::string_view id) { return std::ranges::find(kKnown, id, &Known::id) != kKnown.end(); }

std::vector<HostImage> host_images(Time programs) {
  const std::string day = compact_date_time(programs).substr(0, 8);
  const std::string year = day.substr(0, 4);
  std::vector<HostImage> images;
  for (const Known& each : kKnown) {
    images.push_back({.id = std::string(each.id),
                      .name = fmt::format(fmt::runtime(each.name), day, year),
                      .owner = std::string(each.owner),
                      .is_of_amazon = each.owner == kAmazon});
  }
  return images;
}

}  // namespace holm::ec2
