// Times of sandboxes: start to the first byte from inside with network, a hundred at once,
// interfaces, security groups. The peer is fork and exec of the same program without any isolation.
// Run as root.

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "base/system_clock.h"
#include "sandbox/program/test_region.h"

namespace {

using namespace holm;
using namespace holm::sandbox;

constexpr int kStarts = 30;
constexpr int kMany = 100;
constexpr int kInterfaces = 50;
constexpr int kThreads = 4;

void require(const Result<void>& result) {
  if (result) return;
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(1);
}

double milliseconds(const std::function<void()>& work) {
  SystemClock clock;
  SteadyTime start = clock.steady();
  work();
  return std::chrono::duration<double, std::milli>(clock.steady() - start).count();
}

void print(const char* what, std::vector<double> times) {
  std::ranges::sort(times);
  fmt::print("{:52} median {:7.2f} ms   p95 {:7.2f} ms   n={}\n", what, times[times.size() / 2],
             times[times.size() * 95 / 100], times.size());
  std::fflush(stdout);
}

// Returns when the file has a byte.
void wait_for_byte(const std::string& path) {
  struct stat status{};
  UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  ::inotify_add_watch(watch.get(), path.c_str(), IN_MODIFY);
  while (::stat(path.c_str(), &status) != 0 || status.st_size == 0) {
    pollfd polled{watch.get(), POLLIN, 0};
    ::poll(&polled, 1, 1);
  }
}

SandboxSpec echo(const TestRegion& region, const std::string& id) {
  SandboxSpec spec;
  spec.id = id;
  spec.args = {"/bin/sh", "-c", "echo up; exec sleep 1000"};
  spec.log_path = region.log_path(id);
  spec.limits = {.memory_bytes = 256 << 20, .cpu_percent = 100, .pids = 100};
  return spec;
}

std::string interface_of(int number) { return fmt::format("eni-{}", number); }

void make_network(TestRegion& region) {
  require(region.network->ensure_vpc({.id = "vpc-1", .cidrs = {"10.0.0.0/16"}}));
  require(
      region.network->ensure_subnet({.id = "subnet-1", .vpc_id = "vpc-1", .cidr = "10.0.0.0/16"}));
  for (int i = 0; i < kMany + kStarts + kInterfaces; ++i) {
    require(region.network->ensure_interface({.id = interface_of(i),
                                              .subnet_id = "subnet-1",
                                              .mac = fmt::format("02:00:00:00:{:02x}:01", i),
                                              .addresses = {fmt::format("10.0.{}.10", i + 1)}}));
  }
}

void measure_peer() {
  std::vector<double> times;
  for (int i = 0; i < kStarts; ++i) {
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) return;
    times.push_back(milliseconds([&] {
      posix_spawn_file_actions_t actions;
      ::posix_spawn_file_actions_init(&actions);
      ::posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
      char program[] = "/bin/echo";
      char word[] = "up";
      char* arguments[] = {program, word, nullptr};
      pid_t pid = 0;
      ::posix_spawn(&pid, program, &actions, nullptr, arguments, environ);
      char byte = 0;
      (void)!::read(pipe[0], &byte, 1);
      ::waitpid(pid, nullptr, 0);
      ::posix_spawn_file_actions_destroy(&actions);
    }));
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
  print("peer: posix_spawn of echo, no isolation", times);
}

void measure_starts(TestRegion& region) {
  std::vector<double> first_byte;
  std::vector<double> removed;
  for (int i = 0; i < kStarts; ++i) {
    SandboxSpec spec = echo(region, fmt::format("s{}", i));
    spec.interface_ids = {interface_of(kMany + i)};
    first_byte.push_back(milliseconds([&] {
      auto started = region.runtime->start(spec);
      if (!started) require(std::unexpected(started.error()));
      wait_for_byte(spec.log_path);
    }));
  }
  for (int i = 0; i < kStarts; ++i) {
    removed.push_back(
        milliseconds([&] { require(region.runtime->remove(fmt::format("s{}", i))); }));
  }
  print("start to first byte, with network and limits", first_byte);
  print("remove a running one", removed);
}

void measure_many(TestRegion& region) {
  double all = milliseconds([&] {
    std::atomic<int> next = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = next++; i < kMany; i = next++) {
          SandboxSpec spec = echo(region, fmt::format("m{}", i));
          spec.interface_ids = {interface_of(i)};
          auto started = region.runtime->start(spec);
          if (!started) require(std::unexpected(started.error()));
        }
      });
    }
    for (std::thread& each : threads) each.join();
    for (int i = 0; i < kMany; ++i) wait_for_byte(region.log_path(fmt::format("m{}", i)));
  });
  fmt::print("{:52} {:.2f} s\n", fmt::format("{} sandboxes, {} threads", kMany, kThreads),
             all / 1000);
  double gone = milliseconds([&] {
    for (int i = 0; i < kMany; ++i) require(region.runtime->remove(fmt::format("m{}", i)));
  });
  fmt::print("{:52} {:.2f} s\n", fmt::format("removing {}", kMany), gone / 1000);
}

void measure_interfaces(TestRegion& region) {
  std::vector<double> times;
  UniqueFd home(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  std::vector<UniqueFd> guests;
  for (int i = 0; i < kInterfaces; ++i) {
    times.push_back(milliseconds([&] {
      if (::unshare(CLONE_NEWNET) != 0) std::exit(1);
      guests.emplace_back(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
      if (::setns(home.get(), CLONE_NEWNET) != 0) std::exit(1);
      require(region.network->attach(interface_of(kMany + kStarts + i), guests.back().get(), 0));
    }));
  }
  print("interface: namespace, pair, address, route", times);
}

void measure_security(TestRegion& region) {
  std::vector<SecurityGroup> groups{{.id = "sg-1", .ingress = {{.group_id = "sg-1"}}}};
  std::vector<InterfaceSecurity> members;
  std::vector<double> times;
  for (int i = 0; i < kMany; ++i) {
    members.push_back({interface_of(i), {fmt::format("10.0.{}.10", i + 1)}, {"sg-1"}});
    times.push_back(
        milliseconds([&] { require(region.network->publish_security("vpc-1", groups, members)); }));
  }
  print("another member of a security group", times);
}

}  // namespace

int main() {
  TestRegion region;
  if (!region.error.empty()) {
    fmt::print(stderr, "{}\n", region.error);
    return 1;
  }
  make_network(region);
  measure_peer();
  measure_interfaces(region);
  measure_security(region);
  measure_starts(region);
  measure_many(region);
  return 0;
}
