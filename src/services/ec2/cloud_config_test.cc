// What a #cloud-config becomes, and what is refused.

#include "services/ec2/cloud_config.h"

#include <gtest/gtest.h>

namespace holm::ec2 {
namespace {

std::string script(const std::string& body) {
  auto made = script_of("#cloud-config\n" + body);
  return made ? *made : made.error().message;
}

TEST(CloudConfig, IsKnownByItsFirstLine) {
  EXPECT_TRUE(is_cloud_config("#cloud-config"));
  EXPECT_TRUE(is_cloud_config("#cloud-config  \r\npackages: [nginx]\n"));
  EXPECT_FALSE(is_cloud_config("#!/bin/sh\n#cloud-config\n"));
  EXPECT_FALSE(is_cloud_config("#cloud-config-archive\n"));
  EXPECT_FALSE(is_cloud_config(""));
}

TEST(CloudConfig, DoesWhatCloudInitDoesInItsOrder) {
  EXPECT_EQ(
      script("runcmd:\n"
             "  - systemctl restart nginx\n"
             "  - [ touch, /tmp/it's, 1, true ]\n"
             "packages: [ nginx, [ jq, 1.6-2 ] ]\n"
             "write_files:\n"
             "  - path: /etc/late\n"
             "    defer: true\n"
             "  - { path: /etc/app/x y, content: \"hello\\n\", owner: 'www-data:www-data', permissions: 0600 "
             "}\n"),
      "#!/bin/sh\n"
      "mkdir -p -- '/etc/app/' && printf %s 'aGVsbG8K' | base64 -d > '/etc/app/x y' && chmod 0600 -- "
      "'/etc/app/x y' && chown 'www-data:www-data' -- '/etc/app/x y'\n"
      "export DEBIAN_FRONTEND=noninteractive\n"
      "apt-get -q update\n"
      "apt-get -q -y install -- 'nginx' 'jq=1.6-2'\n"
      "mkdir -p -- '/etc/' && printf %s '' | base64 -d > '/etc/late' && chmod 0644 -- '/etc/late' && chown "
      "'root:root' -- '/etc/late'\n"
      "systemctl restart nginx\n"
      "'touch' '/tmp/it'\\''s' '1' 'true'\n");
  EXPECT_EQ(
      script("package_upgrade: true\n"),
      "#!/bin/sh\nexport DEBIAN_FRONTEND=noninteractive\napt-get -q update\napt-get -q -y dist-upgrade\n");
  EXPECT_EQ(script(""), "#!/bin/sh\n");
}

TEST(CloudConfig, WritesWhatIsGivenInBase64AndAppends) {
  EXPECT_EQ(
      script("write_files:\n- path: /x\n  encoding: b64\n  content: aGVs\n  append: true\n"),
      "#!/bin/sh\nmkdir -p -- '/' && printf %s 'aGVs' | base64 -d >> '/x' && chmod 0644 -- '/x' && chown "
      "'root:root' -- '/x'\n");
}

TEST(CloudConfig, RefusesTheRestByName) {
  struct Case {
    const char* body;
    CloudConfigProblem::Kind kind;
    const char* message;
  };
  using Kind = CloudConfigProblem::Kind;
  const Case cases[] = {
      {"users: [default]\n", Kind::NotBuilt, "users"},
      {"write_files:\n- { path: /x, encoding: gzip }\n", Kind::NotBuilt, "write_files: encoding gzip"},
      {"write_files:\n- { path: /x, source: {} }\n", Kind::NotBuilt, "write_files: source"},
      {"write_files:\n- { path: x }\n", Kind::Wrong, "write_files: path is absolute"},
      {"write_files:\n- { path: /x, permissions: rw }\n", Kind::Wrong,
       "write_files: permissions are octal digits"},
      {"write_files:\n- { path: /x, encoding: b64, content: '?' }\n", Kind::Wrong,
       "write_files: content is no base64"},
      {"packages: nginx\n", Kind::Wrong, "packages is a list"},
      {"packages: [ --allow-unauthenticated ]\n", Kind::Wrong,
       "packages is a list of names, or of names with versions"},
      {"runcmd: [ {} ]\n", Kind::Wrong, "runcmd is a list of lines, or of lists of words"},
      {"- a\n", Kind::Wrong, "a cloud-config is a map of keys"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.body);
    auto made = script_of(std::string("#cloud-config\n") + c.body);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, c.kind);
    EXPECT_EQ(made.error().message, c.message);
  }
  EXPECT_FALSE(script_of("#cloud-config\na: [\n"));
}

}  // namespace
}  // namespace holm::ec2
