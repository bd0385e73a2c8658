// Namespaces of guests are made in a moment in which the daemon may be killed.

#include "sandbox/namespaces.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/unique_fd.h"

namespace holm::sandbox {

namespace {

constexpr uint32_t kFirstId = 0x40000000;

[[noreturn]] void make_for_ever() {
  while (true) static_cast<void>(make_guest_namespaces(kFirstId));
}

// What the daemon holds, as the lock on its folder, must be free for the next one.
TEST(GuestNamespaces, NothingIsHeldOpenWhenTheirMakerIsKilled) {
  ASSERT_TRUE(make_guest_namespaces(kFirstId).has_value());
  for (int round = 0; round < 40; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reads(ends[0]);
    UniqueFd writes(ends[1]);
    const pid_t maker = ::fork();
    ASSERT_GE(maker, 0);
    if (maker == 0) make_for_ever();
    writes.reset();
    ::usleep(5'000 + 331 * round);
    ::kill(maker, SIGKILL);
    ::waitpid(maker, nullptr, 0);
    pollfd end{.fd = reads.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&end, 1, 20'000), 1) << "somebody holds it, round " << round;
    EXPECT_NE(end.revents & POLLHUP, 0);
  }
}

}  // namespace

}  // namespace holm::sandbox
