// Real sandboxes: isolation, limits, exits, adoption. Needs root.

#include "sandbox/runtime.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/files.h"
#include "sandbox/disks.h"
#include "sandbox/program/region_fixture.h"

namespace holm::sandbox {
namespace {

class RuntimeTest : public RegionFixture {
 protected:
  // Runs to the end and returns what was printed.
  std::string output_of(const SandboxSpec& spec) {
    auto started = region_->runtime->start(spec);
    if (!started) return "not started: " + started.error().message;
    last_exit_ = region_->wait_for_exit(spec.id);
    return region_->log_of(spec.id);
  }
  Runtime& runtime() { return *region_->runtime; }

  ExitStatus last_exit_;
};

TEST_F(RuntimeTest, PrintsAndExits) {
  EXPECT_EQ(output_of(shell("hello", "echo hello; exit 7")), "hello\n");
  EXPECT_EQ(last_exit_.code, 7);
  EXPECT_EQ(last_exit_.signal, 0);
}

TEST_F(RuntimeTest, SaysWhyItCouldNotStart) {
  SandboxSpec spec = shell("bad", "");
  spec.args = {"/no/such/program"};
  auto started = runtime().start(spec);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("/no/such/program"), std::string::npos)
      << started.error().message;
}

TEST_F(RuntimeTest, HidesTheHost) {
  struct Case {
    const char* what;
    const char* script;
    const char* output;
  };
  const Case cases[] = {
      {"the host root's home is empty", "ls -A /root", ""},
      {"no home of the host's people", "ls -A /home", ""},
      {"passwords are locked", "cut -d: -f2 /etc/shadow | sort -u", "*\n"},
      {"no host keys", "ls /etc/ssh 2>/dev/null | grep ssh_host", ""},
      {"no sign of other processes", "ls /proc | grep -c '^[0-9]'", "3\n"},
      {"root inside is somebody else outside",
       "cut -c1-22 /proc/self/uid_map | tr -s ' ' | cut -d' ' -f2", "0\n"},
      {"kernel settings are read-only", "(echo 1 > /proc/sys/kernel/panic) 2>/dev/null || echo no",
       "no\n"},
      {"no new namespaces", "unshare -Ur true 2>/dev/null || echo no", "no\n"},
      {"no mounts", "mount -t tmpfs t /mnt 2>/dev/null || echo no", "no\n"},
      {"system calls are filtered", "grep Seccomp: /proc/self/status | cut -f2", "2\n"},
      {"no new privileges", "grep NoNewPrivs /proc/self/status | cut -f2", "1\n"},
      {"/sys is read-only", "touch /sys/class/x 2>/dev/null || echo no", "no\n"},
      {"no interface but loopback", "ls /sys/class/net", "lo\n"},
      {"files can be changed", "echo x > /usr/bin/new && rm /usr/bin/awk && echo yes", "yes\n"},
      {"owners can be changed", "touch /a && chown 33:33 /a && stat -c %u:%g /a", "33:33\n"},
      {"its name", "hostname; cat /etc/hostname", "case\ncase\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(output_of(shell("case", c.script)), c.output);
    ASSERT_TRUE(runtime().remove("case"));
    ::unlink(region_->log_path("case").c_str());
  }
}

TEST_F(RuntimeTest, KeepsItsLayerOverARestart) {
  output_of(shell("disk", "echo kept > /var/data"));
  EXPECT_EQ(output_of(shell("disk", "cat /var/data")), "kept\n");
  struct stat status{};
  ASSERT_EQ(::stat((runtime().layer_path("disk") + "/root/var/data").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0u);
}

TEST_F(RuntimeTest, TakesALayerOfAnotherForAnImage) {
  output_of(shell("first", "echo image > /opt/file; echo usr > /usr/bin/tool"));
  SandboxSpec second = shell("second", "cat /opt/file /usr/bin/tool");
  second.image.layers = {runtime().layer_path("first")};
  EXPECT_EQ(output_of(second), "image\nusr\n");
}

TEST_F(RuntimeTest, WritesFilesAndMounts) {
  std::string volume = region_->directory() + "/volume";
  ASSERT_TRUE(make_directories(volume));
  SandboxSpec spec = shell("files",
                           "cat /etc/app/conf; stat -c %u:%a /etc/app/conf; id -u > /data/id;"
                           " touch /fixed/x 2>/dev/null || echo read-only");
  spec.user = 33;
  spec.group = 33;
  spec.files = {
      {.path = "/etc/app/conf", .content = "setting\n", .mode = 0640, .user = 33, .group = 33}};
  spec.mounts = {{.source = volume, .destination = "/data"},
                 {.source = volume, .destination = "/fixed", .access = Mount::Access::ReadOnly}};
  ASSERT_EQ(::chown(volume.c_str(), 33, 33), 0);
  EXPECT_EQ(output_of(spec), "setting\n33:640\nread-only\n");
  EXPECT_EQ(read_file(volume + "/id").value_or(""), "33\n");
  struct stat status{};
  ASSERT_EQ(::stat((volume + "/id").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 33u);
}

TEST_F(RuntimeTest, ScratchIsBoundedAndGoneWithTheSandbox) {
  SandboxSpec spec = shell(
      "scratch",
      "ls -A /tmp; stat -c %a /tmp; head -c 16M /dev/zero > /tmp/fits && echo fits;"
      " head -c 8M /dev/zero > /tmp/more 2>/dev/null || echo full; rm /tmp/*;"
      " head -c 16M /dev/zero > /tmp/again && stat -c %u:%g /tmp/again;"
      " touch /var/tmp/x 2>/dev/null || echo read-only");
  spec.user = spec.group = 33;
  spec.scratch = {{.destination = "/tmp", .bytes_max = 16 << 20}};
  spec.root = SandboxSpec::Root::ReadOnly;
  EXPECT_EQ(output_of(spec), "1777\nfits\nfull\n33:33\nread-only\n");
  for (const auto& each : std::filesystem::directory_iterator(region_->directory() + "/sandboxes/scratch")) {
    EXPECT_EQ(each.path().filename().string().find("scratch-"), std::string::npos);
  }
  // Of what an earlier run wrote nothing is left.
  ::unlink(spec.log_path.c_str());
  EXPECT_EQ(output_of(spec), "1777\nfits\nfull\n33:33\nread-only\n");
}

TEST_F(RuntimeTest, ADiskBoundsTheWritableLayerAndKeepsIt) {
  const std::string disk = region_->directory() + "/root.disk";
  ASSERT_TRUE(make_disk(disk, 64 << 20));
  ASSERT_TRUE(make_disk(disk, 1 << 20));  // It is there already.
  SandboxSpec spec = shell("rooted",
                           "echo kept > /usr/bin/tool; chown 33 /usr/bin/tool;"
                           " head -c 80M /dev/zero > /var/more 2>/dev/null || echo full; rm /var/more");
  spec.root_disk = disk;
  EXPECT_EQ(output_of(spec), "full\n");
  spec.args.back() = "cat /usr/bin/tool; stat -c %u:%g /usr/bin/tool";
  ::unlink(spec.log_path.c_str());
  EXPECT_EQ(output_of(spec), "kept\n33:0\n");
  const std::string copy = region_->directory() + "/copy.disk";
  ASSERT_TRUE(copy_disk(disk, copy));
  spec.root_disk = copy;
  spec.args.back() = "cat /usr/bin/tool";
  ::unlink(spec.log_path.c_str());
  EXPECT_EQ(output_of(spec), "kept\n");
}

TEST_F(RuntimeTest, DisksComeAndGoWhileItRuns) {
  const std::string disk = region_->directory() + "/data.disk";
  ASSERT_TRUE(make_disk(disk, 64 << 20));
  const std::string seen = "until test -e /mnt/sdf/go; do sleep 0.02; done; ";
  SandboxSpec spec = shell("first", seen + "echo data > /mnt/sdf/file; cd /mnt/sdf; ls; sleep 1000");
  ASSERT_TRUE(runtime().start(spec));
  ASSERT_TRUE(runtime().attach_disk("first", {.path = disk, .destination = "/mnt/sdf"}));
  ASSERT_TRUE(runtime().attach_disk("first", {.path = disk, .destination = "/mnt/sdf"}));
  EXPECT_TRUE(is_disk_in_use(disk));
  ASSERT_TRUE(runtime().exec("first", {.args = {"/usr/bin/touch", "/mnt/sdf/go"}}));
  ASSERT_TRUE(region_->wait_for_log("first", "file\ngo\n"));
  // Its working directory is there.
  ASSERT_TRUE(region_->wait_for([&] {
    return runtime().detach_disk("first", "/mnt/sdf", Runtime::Detach::Gently) == Runtime::Detached::Busy;
  }));
  EXPECT_EQ(runtime().detach_disk("first", "/mnt/sdf", Runtime::Detach::ByForce), Runtime::Detached::Done);
  EXPECT_EQ(runtime().detach_disk("first", "/mnt/sdf", Runtime::Detach::Gently), Runtime::Detached::Done);
  ASSERT_TRUE(runtime().stop("first", std::chrono::milliseconds(0)));
  // What another sandbox has from its start goes as well.
  SandboxSpec second = shell("second", seen + "cat /mnt/sdf/file; sleep 1000");
  second.disks = {{.path = disk, .destination = "/mnt/sdf"}};
  ASSERT_TRUE(runtime().start(second));
  ASSERT_TRUE(region_->wait_for_log("second", "data\n"));
  EXPECT_EQ(runtime().detach_disk("second", "/mnt/sdf", Runtime::Detach::Gently), Runtime::Detached::Done);
  EXPECT_TRUE(region_->wait_for([&] { return !is_disk_in_use(disk); }));
  ASSERT_TRUE(runtime().remove("second"));
}

// As long as the words, and as a name of a file as well.
bool holds(const std::string& path, const std::string& words) {
  return read_file(path).value().find(words) != std::string::npos;
}

TEST_F(RuntimeTest, AnEncryptedDiskTellsNothingWithoutItsKey) {
  const std::string root = region_->directory() + "/root.disk", data = region_->directory() + "/data.disk";
  const std::string key(kDiskKeyBytes, 'k');
  ASSERT_TRUE(make_disk(root, 64 << 20, DiskKind::Encrypted));
  ASSERT_TRUE(make_disk(data, 64 << 20, DiskKind::Encrypted));
  SandboxSpec spec = shell("sealed",
                           "echo words-on-the-root > /var/name-on-the-root; chown 33 /var/name-on-the-root\n"
                           "until mountpoint -q /mnt/sdf; do sleep 0.02; done\n"
                           "echo words-on-the-data > /mnt/sdf/name-on-the-data; ls /mnt/sdf; sync");
  spec.root_disk = root;
  spec.root_disk_key = key;
  spec.disks = {{.path = data, .destination = "/mnt/sdf", .key = key}};
  EXPECT_EQ(output_of(spec), "name-on-the-data\n");
  ASSERT_TRUE(region_->wait_for([&] { return !is_disk_in_use(root) && !is_disk_in_use(data); }));
  for (const char* words : {"words-on-the", "name-on-the"}) {
    EXPECT_FALSE(holds(root, words)) << words;
    EXPECT_FALSE(holds(data, words)) << words;
  }
  ::unlink(spec.log_path.c_str());
  spec.args.back() = "cat /var/name-on-the-root; stat -c %u /var/name-on-the-root\n"
                     "until mountpoint -q /mnt/sdf; do sleep 0.02; done; cat /mnt/sdf/name-on-the-data";
  EXPECT_EQ(output_of(spec), "words-on-the-root\n33\nwords-on-the-data\n");
  auto other = mount_disk({.path = data, .key = std::string(kDiskKeyBytes, 'o')});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "the disk was encrypted with another key");
}

TEST_F(RuntimeTest, DoesNotFollowAGuestsLinkOutOfTheSandbox) {
  std::string outside = region_->directory() + "/outside";
  ASSERT_TRUE(make_directories(outside));
  output_of(shell("link", "rm -rf /etc/app; ln -s " + outside + " /etc/app"));
  SandboxSpec spec = shell("link", "true");
  spec.files = {{.path = "/etc/app/conf", .content = "x"}};
  output_of(spec);
  EXPECT_FALSE(std::filesystem::exists(outside + "/conf"));
}

TEST_F(RuntimeTest, EndsWhatExceedsItsMemory) {
  SandboxSpec spec = shell("memory", "");
  spec.args = {"/usr/bin/python3", "-c", "x = bytearray(200 << 20)"};
  spec.limits.memory_bytes = 64 << 20;
  output_of(spec);
  EXPECT_EQ(last_exit_.signal, SIGKILL);
  EXPECT_TRUE(last_exit_.out_of_memory);
}

TEST_F(RuntimeTest, BoundsTheNumberOfProcesses) {
  SandboxSpec spec = shell("pids", "for i in 1 2 3 4 5 6 7 8 9; do sleep 100 & done; echo all");
  spec.limits.pids = 5;
  EXPECT_EQ(output_of(spec).find("all"), std::string::npos);
}

TEST_F(RuntimeTest, MeasuresUse) {
  ASSERT_TRUE(runtime().start(shell("use", "while :; do :; done")));
  std::optional<Usage> usage;
  do {
    usage = runtime().usage("use");
    ASSERT_TRUE(usage);
  } while (usage->cpu < std::chrono::milliseconds(20));
  EXPECT_EQ(usage->pids, 1u);
  EXPECT_GT(usage->memory_bytes, 0u);
  ASSERT_TRUE(runtime().remove("use"));
  EXPECT_FALSE(runtime().usage("use"));
}

TEST_F(RuntimeTest, StopsPolitelyAndThenNot) {
  ASSERT_TRUE(runtime().start(
      shell("polite", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done")));
  while (region_->log_of("polite") != "up\n") std::this_thread::yield();
  ASSERT_TRUE(runtime().stop("polite", std::chrono::seconds(20)));
  EXPECT_EQ(region_->wait_for_exit("polite").code, 0);
  EXPECT_EQ(region_->log_of("polite"), "up\nbye\n");
  ASSERT_TRUE(runtime().start(shell("stubborn", "exec sleep 1000")));
  ASSERT_TRUE(runtime().stop("stubborn", std::chrono::milliseconds(10)));
  EXPECT_EQ(region_->wait_for_exit("stubborn").signal, SIGKILL);
}

TEST_F(RuntimeTest, RunsProgramsInside) {
  ASSERT_TRUE(runtime().start(shell("host", "exec sleep 1000")));
  std::string path = region_->directory() + "/out";
  UniqueFd out(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ExecSpec spec;
  spec.args = {"/bin/sh", "-c",
               "echo $NAME; pwd; id -u; hostname; grep -E 'Seccomp:|NoNewPrivs|CapEff' "
               "/proc/self/status | cut -f2; exit 5"};
  spec.env = {"NAME=value"};
  spec.working_directory = "/var";
  spec.output = out.get();
  auto exit = runtime().exec("host", spec);
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(exit->code, 5);
  EXPECT_EQ(read_file(path).value_or(""), "value\n/var\n0\nhost\n00000000a00425fb\n1\n2\n");
  EXPECT_FALSE(runtime().exec("nobody", spec));
}

TEST_F(RuntimeTest, RefusesASecondOfTheSameName) {
  ASSERT_TRUE(runtime().start(shell("one", "exec sleep 1000")));
  EXPECT_FALSE(runtime().start(shell("one", "true")));
  EXPECT_EQ(runtime().list().size(), 1u);
}

TEST_F(RuntimeTest, StartsInParallel) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      std::string id = "p" + std::to_string(i);
      auto started = runtime().start(shell(id, "echo " + id));
      EXPECT_TRUE(started) << started.error().message;
    });
  }
  for (std::thread& each : threads) each.join();
  for (int i = 0; i < 8; ++i) {
    std::string id = "p" + std::to_string(i);
    EXPECT_EQ(region_->wait_for_exit(id).code, 0);
    EXPECT_EQ(region_->log_of(id), id + "\n");
  }
}

TEST_F(RuntimeTest, AnotherDaemonAdopts) {
  std::string folder = region_->directory() + "/volume";
  ASSERT_TRUE(make_directories(folder));
  SandboxSpec ends = shell("ends", "while [ ! -e /volume/go ]; do sleep 0.01; done; exit 3");
  ends.mounts = {{.source = folder, .destination = "/volume"}};
  auto started = runtime().start(ends);
  ASSERT_TRUE(started) << started.error().message;
  ASSERT_TRUE(runtime().start(shell("lives", "exec sleep 1000")));
  region_->close();
  // It ends while nobody looks, and is gone from /proc when the anchor has seen it.
  ASSERT_TRUE(write_file_durably(folder + "/go", ""));
  std::string process = "/proc/" + std::to_string(started->pid);
  while (::access(process.c_str(), F_OK) == 0) std::this_thread::yield();
  region_->open();
  ASSERT_EQ(region_->error, "");
  EXPECT_EQ(region_->wait_for_exit("ends").code, 3);
  EXPECT_TRUE(runtime().usage("lives"));
  ASSERT_TRUE(runtime().kill("lives", SIGKILL));
  EXPECT_EQ(region_->wait_for_exit("lives").signal, SIGKILL);
}

TEST_F(RuntimeTest, ADeadAnchorsSandboxesAreReportedAndCleanedUp) {
  auto started = runtime().start(shell("victim", "exec sleep 1000"));
  ASSERT_TRUE(started);
  pid_t anchor = region_->anchor->pid();
  region_->close();
  ASSERT_EQ(::kill(anchor, SIGKILL), 0);
  region_->open();
  ASSERT_EQ(region_->error, "");
  EXPECT_TRUE(region_->wait_for_exit("victim").lost);
  EXPECT_TRUE(runtime().list().empty());
  // A dead process that nobody has waited for yet has no program.
  std::string program = "/proc/" + std::to_string(started->pid) + "/exe";
  EXPECT_NE(::access(program.c_str(), F_OK), 0);
}

TEST_F(RuntimeTest, RemovingIsIdempotent) {
  ASSERT_TRUE(runtime().start(shell("gone", "exec sleep 1000")));
  EXPECT_TRUE(runtime().remove("gone"));
  EXPECT_TRUE(runtime().remove("gone"));
  EXPECT_TRUE(runtime().remove("never-was"));
  EXPECT_FALSE(std::filesystem::exists(region_->directory() + "/sandboxes/gone"));
}

}  // namespace
}  // namespace holm::sandbox
