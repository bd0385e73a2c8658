// Units from files: settings, drop-ins, templates, aliases, links of [Install].

#include "init/unit.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/strings.h"
#include "init/accounts.h"
#include "init/conditions.h"
#include "init/files.h"
#include "init/install.h"
#include "init/presets.h"
#include "init/unit_store.h"

namespace holm::init {
namespace {

// An empty root with a few unit files.
class UnitsTest : public testing::Test {
 protected:
  UnitsTest() {
    char name[] = "/tmp/holm-units-XXXXXX";
    root_ = mkdtemp(name);
  }
  ~UnitsTest() override { remove_tree(root_); }

  void put(const std::string& path, const std::string& text) {
    ASSERT_TRUE(make_folders(root_ + std::string(folder_of(path))));
    ASSERT_TRUE(write_text(root_ + path, text));
  }
  void link(const std::string& path, const std::string& target) {
    ASSERT_TRUE(make_folders(root_ + std::string(folder_of(path))));
    ASSERT_EQ(symlink(target.c_str(), (root_ + path).c_str()), 0);
  }
  Unit load(const std::string& name) { return UnitStore(root_).load(name); }
  // A unit with this [Service] section.
  Unit service(const std::string& settings) {
    put("/etc/systemd/system/x.service", "[Service]\n" + settings);
    return load("x.service");
  }

  std::string root_;
};

std::string remarks_of(const Unit& unit) {
  std::string text;
  for (const Remark& each : unit.remarks)
    text += each.file + ":" + std::to_string(each.line) + ": " + each.text + "\n";
  return text;
}

TEST_F(UnitsTest, SayWhatTheyAre) {
  put("/etc/systemd/system/school.service", R"([Unit]
Description=School
After=network-online.target mariadb.service
Requires=mariadb.service
ConditionPathExists=!/etc/no-school
StartLimitIntervalSec=1min
[Service]
Type=notify
User=school
EnvironmentFile=-/etc/default/%p
Environment="A=b c" D=%i
ExecStartPre=-/bin/mkdir /run/%N
ExecStart=/opt/school/school --port ${PORT}
Restart=always
RestartSec=500ms
LimitNOFILE=1000:2000
RuntimeDirectory=school
AmbientCapabilities=CAP_NET_BIND_SERVICE
StandardOutput=append:/var/log/%p.log
SuccessExitStatus=3 SIGUSR1
[Install]
WantedBy=multi-user.target
)");
  const Unit unit = load("school.service");
  EXPECT_EQ(unit.load_state, LoadState::Loaded) << unit.load_error;
  EXPECT_EQ(remarks_of(unit), "");
  EXPECT_EQ(unit.description, "School");
  EXPECT_EQ(join(unit.after, " "), "network-online.target mariadb.service");
  EXPECT_TRUE(unit.conditions.at(0).negated);
  EXPECT_EQ(unit.start_limit_interval, Duration(60'000'000));
  const Service& service = unit.service;
  EXPECT_EQ(service.type, ServiceType::Notify);
  EXPECT_EQ(service.notify_access, NotifyAccess::Main);
  EXPECT_TRUE(service.environment_files.at(0).may_miss);
  EXPECT_EQ(service.environment_files.at(0).path, "/etc/default/school");
  EXPECT_EQ(join(service.environment, "|"), "A=b c|D=");
  EXPECT_EQ(join(service.start_pre.at(0).words, " "), "/bin/mkdir /run/school");
  EXPECT_EQ(service.restart_delay, Duration(500'000));
  EXPECT_EQ(service.limits.at(0).soft, 1000u);
  EXPECT_EQ(service.limits.at(0).hard, 2000u);
  EXPECT_EQ(service.ambient_capabilities, std::vector<int>{10});
  EXPECT_EQ(service.output.path, "/var/log/school.log");
  EXPECT_EQ(service.error.kind, StreamTarget::Kind::Inherit);
  EXPECT_TRUE(service.success.holds(false, 3));
  EXPECT_TRUE(service.success.holds(true, SIGUSR1));
  EXPECT_FALSE(service.success.holds(true, 3));
  EXPECT_EQ(*service.start_timeout, Duration(90'000'000));
}

TEST_F(UnitsTest, TellWhatTheyDoNotUnderstandByNameAndLine) {
  const Unit unit = service(
      "ExecStart=/bin/"
      "a\nRestart=sometimes\nFrobnicate=yes\nProtectSystem=full\nPrivateTmp=yes\nProtectSystem=no\n"
      "NoNewPrivileges=yes\nUMask=9\nX-Own=1\n");
  EXPECT_EQ(unit.load_state, LoadState::Loaded);
  const std::string path = "/etc/systemd/system/x.service";
  EXPECT_EQ(remarks_of(unit),
            path + ":3: Restart= is ignored: not one of those there are: sometimes\n" + path +
                ":4: Frobnicate= in section [Service] is not understood and ignored\n" + path +
                ":9: UMask= is ignored: not an octal mode: 9\n" + path +
                ":0: not applied, since an instance is one sandbox: ProtectSystem, PrivateTmp\n");
}

TEST_F(UnitsTest, ThatCannotBeServedSayWhy) {
  struct Case {
    const char* settings;
    const char* reason;
  };
  const Case cases[] = {
      {"Restart=no\n", "it has neither ExecStart= nor ExecStop="},
      {"ExecStop=/bin/a\n", "it has no ExecStart=, which RemainAfterExit=yes alone allows"},
      {"ExecStart=/bin/a\nExecStart=/bin/b\n",
       "it has more than one ExecStart=, which Type=oneshot alone allows"},
      {"Type=oneshot\nRestart=always\nExecStart=/bin/a\n",
       "Type=oneshot goes neither with Restart=always nor with Restart=on-success"},
      {"Type=dbus\nExecStart=/bin/a\n", "Type=dbus is not built in holm's init"},
      {"DynamicUser=yes\nExecStart=/bin/a\n",
       "DynamicUser= is not built, and without it the program would have more rights"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.settings);
    const Unit unit = service(c.settings);
    EXPECT_EQ(unit.load_state, LoadState::BadSetting);
    EXPECT_EQ(unit.load_error, c.reason);
  }
  EXPECT_EQ(service("DynamicUser=no\nExecStart=/bin/a\n").load_state, LoadState::Loaded);
  EXPECT_EQ(service("Type=oneshot\nExecStart=/bin/a\nExecStart=/bin/b\n").service.start.size(), 2u);
  EXPECT_EQ(*service("Type=oneshot\nExecStart=/bin/a\n").service.start_timeout, kForever);
  put("/etc/systemd/system/a.socket", "[Socket]\nListenStream=80\n");
  EXPECT_EQ(load("a.socket").load_error, "units of the kind .socket are not built");
  EXPECT_EQ(load("none.service").load_state, LoadState::NotFound);
}

TEST_F(UnitsTest, AreChangedByDropInsInOrder) {
  put("/usr/lib/systemd/system/a-b.service", "[Service]\nExecStart=/bin/a\nEnvironment=A=1\nUser=x\n");
  put("/usr/lib/systemd/system/a-b.service.d/10-x.conf", "[Service]\nUser=hidden\n");
  put("/etc/systemd/system/a-b.service.d/10-x.conf", "[Service]\nExecStart=\nExecStart=/bin/b\n");
  put("/etc/systemd/system/a-.service.d/20-y.conf", "[Service]\nEnvironment=B=2\n");
  put("/etc/systemd/system/service.d/30-z.conf", "[Unit]\nAfter=z.service\n");
  put("/etc/systemd/system/a-b.service.d/readme", "not a drop-in");
  const Unit unit = load("a-b.service");
  EXPECT_EQ(join(unit.service.start.at(0).words, " "), "/bin/b");
  EXPECT_EQ(unit.service.start.size(), 1u);
  EXPECT_EQ(unit.service.user, "x");
  EXPECT_EQ(join(unit.service.environment, " "), "A=1 B=2");
  EXPECT_EQ(join(unit.after, " "), "z.service");
  EXPECT_EQ(unit.drop_in_paths.size(), 3u);
}

TEST_F(UnitsTest, ComeFromTemplatesAliasesAndMasks) {
  put("/usr/lib/systemd/system/web@.service", "[Service]\nExecStart=/bin/web %i %I %n\n");
  EXPECT_EQ(join(load("web@a-b.service").service.start.at(0).words, "|"), "/bin/web|a-b|a/b|web@a-b.service");
  EXPECT_EQ(load("web@.service").load_state, LoadState::BadSetting);
  put("/usr/lib/systemd/system/mariadb.service", "[Service]\nExecStart=/bin/a\n");
  link("/etc/systemd/system/mysql.service", "/usr/lib/systemd/system/mariadb.service");
  EXPECT_EQ(load("mysql.service").name, "mariadb.service");
  EXPECT_EQ(join(load("mysql.service").names, " "), "mariadb.service mysql.service");
  link("/etc/systemd/system/off.service", "/dev/null");
  EXPECT_EQ(load("off.service").load_state, LoadState::Masked);
  put("/etc/systemd/system/empty.service", "");
  EXPECT_EQ(load("empty.service").load_state, LoadState::Masked);
  link("/etc/systemd/system/a.service", "/etc/systemd/system/b.service");
  link("/etc/systemd/system/b.service", "/etc/systemd/system/a.service");
  EXPECT_EQ(load("a.service").load_state, LoadState::NotFound);
}

TEST_F(UnitsTest, OfTheHostsPackagesAreWantedOnlyWhenSomebodyEnabledThem) {
  put("/usr/lib/systemd/system/multi-user.target", "[Unit]\nRequires=devices.target\n");
  link("/usr/lib/systemd/system/multi-user.target.wants/getty.target", "../getty.target");
  link("/etc/systemd/system/multi-user.target.wants/nginx.service", "/usr/lib/systemd/system/nginx.service");
  const Unit unit = load("multi-user.target");
  EXPECT_EQ(join(unit.requires_units, " "), "basic.target");
  EXPECT_EQ(join(unit.wants, " "), "network.target ssh.service nginx.service");
  EXPECT_EQ(load("default.target").load_state, LoadState::Loaded);
}

TEST_F(UnitsTest, PresetsAreReadInTheOrderOfTheirNamesAndTheFirstMatchCounts) {
  EXPECT_EQ(preset_of(root_, "a.service"), Preset::Enable) << "where nobody says anything";
  put("/usr/lib/systemd/system-preset/90-all.preset", "# comment\ndisable *\n");
  put("/usr/lib/systemd/system-preset/50-some.preset",
      "enable a.*\nignore b.service\ndisable a.service\nnonsense\n");
  EXPECT_EQ(preset_of(root_, "a.service"), Preset::Enable);
  EXPECT_EQ(preset_of(root_, "b.service"), Preset::Ignore);
  EXPECT_EQ(preset_of(root_, "c.service"), Preset::Disable);
  put("/etc/systemd/system-preset/50-some.preset", "");
  EXPECT_EQ(preset_of(root_, "a.service"), Preset::Disable)
      << "the administrator's file hides that of its name";
}

TEST_F(UnitsTest, AreEnabledAndDisabledByLinks) {
  put("/etc/systemd/system/a.service",
      "[Service]\nExecStart=/bin/a\n[Install]\nWantedBy=multi-user.target\nAlias=b.service\n");
  const UnitStore store(root_);
  EXPECT_EQ(enabled_state(store, "a.service"), "disabled");
  auto enabled = enable_unit(store, "a.service", {});
  ASSERT_TRUE(enabled) << enabled.error().message;
  EXPECT_EQ(enabled->changes.size(), 2u);
  EXPECT_EQ(link_target(root_ + "/etc/systemd/system/multi-user.target.wants/a.service"),
            "/etc/systemd/system/a.service");
  EXPECT_EQ(enabled_state(store, "a.service"), "enabled");
  EXPECT_EQ(enabled_state(store, "b.service"), "alias");
  EXPECT_TRUE(enable_unit(store, "a.service", {})->changes.empty()) << "twice changes nothing";
  EXPECT_EQ(disable_unit(store, "a.service", {})->changes.size(), 2u);
  EXPECT_EQ(enabled_state(store, "a.service"), "disabled");
  EXPECT_TRUE(mask_unit(store, "c.service", {}));
  EXPECT_EQ(enabled_state(store, "c.service"), "masked");
  EXPECT_FALSE(enable_unit(store, "c.service", {}));
  EXPECT_EQ(unmask_unit(store, "c.service", {})->changes.size(), 1u);
  EXPECT_EQ(enabled_state(store, "c.service"), "");
  EXPECT_FALSE(enable_unit(store, "none.service", {}));
  EXPECT_FALSE(mask_unit(store, "a.service", {})) << "a file that is there stays";
}

TEST_F(UnitsTest, WithoutInstallSectionAreStaticAndTemplatesNeedAnInstance) {
  put("/usr/lib/systemd/system/s.service", "[Service]\nExecStart=/bin/a\n");
  put("/usr/lib/systemd/system/t@.service",
      "[Service]\nExecStart=/bin/a\n[Install]\nWantedBy=multi-user.target\n");
  put("/opt/x/o.service", "[Service]\nExecStart=/bin/a\n[Install]\nWantedBy=multi-user.target\n");
  const UnitStore store(root_);
  EXPECT_EQ(enabled_state(store, "s.service"), "static");
  EXPECT_TRUE(enable_unit(store, "s.service", {})->has_nothing_to_install);
  EXPECT_FALSE(enable_unit(store, "t@.service", {}));
  EXPECT_TRUE(enable_unit(store, "t@1.service", {}));
  EXPECT_EQ(enabled_state(store, "t@1.service"), "enabled");
  EXPECT_EQ(load("multi-user.target").wants.back(), "t@1.service");
  EXPECT_TRUE(disable_unit(store, "t@.service", {}));
  EXPECT_EQ(enabled_state(store, "t@1.service"), "disabled");
  EXPECT_EQ(enable_unit(store, "/opt/x/o.service", {})->changes.size(), 2u);
  EXPECT_EQ(enabled_state(store, "o.service"), "enabled");
}

TEST_F(UnitsTest, AreStartedOnlyUnderTheirConditions) {
  put("/etc/here", "x");
  put("/etc/empty", "");
  struct Case {
    const char* settings;
    const char* unmet;
    bool failed_assertion = false;
  };
  const Case cases[] = {
      {"", ""},
      {"ConditionPathExists=/etc/here\nConditionPathExists=!/etc/none\n", ""},
      {"ConditionPathExists=/etc/none\n", "ConditionPathExists=/etc/none"},
      {"ConditionCapability=CAP_MADE_UP\n", "ConditionCapability=CAP_MADE_UP"},
      {"ConditionCapability=!CAP_MADE_UP\nConditionVirtualization=container\n", ""},
      {"ConditionVirtualization=!container\n", "ConditionVirtualization=!container"},
      {"ConditionVirtualization=no\n", "ConditionVirtualization=no"},
      {"ConditionPathExists=|/etc/none\nConditionPathExists=|/etc/here\n", ""},
      {"ConditionPathExists=|/etc/none\nConditionFileNotEmpty=|/etc/empty\n",
       "ConditionPathExists=|/etc/none"},
      {"ConditionPathExistsGlob=/etc/he*\n", ""},
      {"ConditionPathExistsGlob=/etc/x*\n", "ConditionPathExistsGlob=/etc/x*"},
      {"ConditionPathIsDirectory=/etc\nConditionDirectoryNotEmpty=/etc\n", ""},
      {"AssertPathExists=/etc/none\n", "AssertPathExists=/etc/none", true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.settings);
    put("/etc/systemd/system/c.target", std::string("[Unit]\n") + c.settings);
    const ConditionsResult result = check_conditions(load("c.target").conditions, root_);
    EXPECT_EQ(result.unmet, c.unmet);
    EXPECT_EQ(result.hold, result.unmet.empty());
    EXPECT_EQ(result.failed_assertion, c.failed_assertion);
  }
}

TEST(Accounts, AreFoundByNameAndNumber) {
  const AccountFiles files{.passwd = "root:x:0:0:root:/root:/bin/bash\nweb:x:33:34::/srv/web:/bin/sh\n",
                           .group = "root:x:0:\nweb:x:34:\nlogs:x:4:web,other\nextra:x:50:\n"};
  auto web = find_identity(files, "web", "", {"extra"});
  ASSERT_TRUE(web);
  EXPECT_EQ(web->user, 33u);
  EXPECT_EQ(web->group, 34u);
  EXPECT_EQ(web->additional_groups, (std::vector<gid_t>{4, 50}));
  EXPECT_EQ(web->home, "/srv/web");
  EXPECT_EQ(find_identity(files, "33", "logs", {})->group, 4u);
  EXPECT_EQ(find_identity(files, "1234", "", {})->group, 1234u);
  EXPECT_EQ(find_identity(files, "", "", {})->user, 0u);
  EXPECT_FALSE(find_identity(files, "nobody-here", "", {}));
  EXPECT_FALSE(find_identity(files, "web", "none", {}));
  EXPECT_FALSE(find_identity(files, "99999999", "", {}));
}

}  // namespace
}  // namespace holm::init
