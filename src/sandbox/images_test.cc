// What of the host's /etc a guest sees.

#include "sandbox/images.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"

namespace holm::sandbox {
namespace {

TEST(Images, ShowWhatEverybodyMayReadAndNoSecret) {
  struct Case {
    const char* what;
    const char* path;
    unsigned mode;
    bool is_shown;
  };
  const Case cases[] = {
      {"an ordinary file", "services", S_IFREG | 0644, true},
      {"an ordinary folder", "ssl", S_IFDIR | 0755, true},
      {"a link", "localtime", S_IFLNK | 0777, true},
      {"a file only root reads", "security/opasswd", S_IFREG | 0600, false},
      {"a folder only root enters", "ssl/private", S_IFDIR | 0710, false},
      {"passwords, even when readable", "shadow", S_IFREG | 0644, false},
      {"a host key's public half", "ssh/ssh_host_rsa_key.pub", S_IFREG | 0644, false},
      {"the server's configuration", "ssh/sshd_config", S_IFREG | 0644, true},
      {"below a hidden folder", "sudoers.d/admin", S_IFREG | 0644, false},
      {"a name that only begins like a hidden one", "hosts.allow", S_IFREG | 0644, true},
      {"a registry's credentials", "pip.conf", S_IFREG | 0644, false},
      {"what the host starts at its boot", "systemd/system/multi-user.target.wants/cron.service",
       S_IFLNK | 0777, false},
      {"settings of the service manager", "systemd/logind.conf", S_IFREG | 0644, true},
      {"a socket", "socket", S_IFSOCK | 0777, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(is_shown_to_guests(c.path, c.mode), c.is_shown);
  }
}

TEST(Images, CopiesOfAnEarlierBootAreNotUsedAndGo) {
  if (::geteuid() != 0) GTEST_SKIP() << "images are made by root";
  std::string folder = "/tmp/holm-images-test-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ASSERT_TRUE(make_directories(folder + "/images/host/etc-0123456789abcdef"));
  auto etc_of = [](const Images& images) { return images.parts({})[1].lower.at(0); };

  const std::string first = etc_of(Images::open(folder).value());
  const std::string second = etc_of(Images::open(folder).value());

  EXPECT_EQ(first, second);
  EXPECT_FALSE(std::filesystem::exists(folder + "/images/host/etc-0123456789abcdef"));
  EXPECT_TRUE(read_file(first + "/passwd")->starts_with("root:"));
  EXPECT_TRUE(read_file(first + "/shadow")->starts_with("root:*:"));
  EXPECT_EQ(std::filesystem::status(first + "/shadow").permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(std::filesystem::status(first + "/passwd").permissions(), std::filesystem::perms(0644));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace holm::sandbox
