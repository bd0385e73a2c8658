// What of the host's /etc a guest sees.

#include "sandbox/images.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

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
      {"a socket", "socket", S_IFSOCK | 0777, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(is_shown_to_guests(c.path, c.mode), c.is_shown);
  }
}

}  // namespace
}  // namespace holm::sandbox
