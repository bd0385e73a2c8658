// Copies of what sandboxes are writing to. Needs root.

#include "sandbox/snapshots.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include "base/files.h"
#include "base/strings.h"
#include "sandbox/disks.h"
#include "sandbox/program/region_fixture.h"

namespace holm::sandbox {
namespace {

class SnapshotsTest : public RegionFixture {
 protected:
  Runtime& runtime() { return *region_->runtime; }
  std::string in(const std::string& name) { return region_->directory() + "/" + name; }
};

// Writes each number to one file and then to another, so that no moment has the second ahead of the first.
constexpr char kCounter[] =
    "n=0; while true; do n=$((n + 1)); echo $n >> {}/first; echo $n >> {}/second;"
    " test $n = 200 && echo counting; done";

std::string counter_in(const std::string& folder) {
  std::string script = kCounter;
  for (size_t at = script.find("{}"); at != std::string::npos; at = script.find("{}")) {
    script.replace(at, 2, folder);
  }
  return script;
}

constexpr char kCompare[] =
    "f=$(tail -1 {}/first); s=$(tail -1 {}/second); test $((f - s)) -le 1 -a $s -ge 200 && echo ok";

std::string comparison_in(const std::string& folder) {
  std::string script = kCompare;
  for (size_t at = script.find("{}"); at != std::string::npos; at = script.find("{}")) {
    script.replace(at, 2, folder);
  }
  return script;
}

TEST_F(SnapshotsTest, ADiskIsCopiedAsItIsAtOneMomentWhileItIsWrittenTo) {
  const std::string disk = in("root.disk"), copy = in("copy.disk"), larger = in("larger.disk");
  ASSERT_TRUE(make_disk(disk, 64 << 20));
  SandboxSpec spec = shell("writer", counter_in("/var"));
  spec.root_disk = disk;
  ASSERT_TRUE(runtime().start(spec));
  ASSERT_TRUE(region_->wait_for_log("writer", "counting\n"));
  auto taken = snapshot_disk(disk, copy);
  ASSERT_TRUE(taken) << taken.error().message;
  // Its user goes on.
  const auto before = runtime().usage("writer");
  ASSERT_TRUE(region_->wait_for([&] { return runtime().usage("writer")->cpu > before->cpu; }));
  ASSERT_TRUE(runtime().remove("writer"));

  SandboxSpec reader = shell("reader", comparison_in("/var"));
  reader.root_disk = copy;
  ASSERT_TRUE(runtime().start(reader));
  region_->wait_for_exit("reader");
  EXPECT_EQ(region_->log_of("reader"), "ok\n");
  ASSERT_TRUE(runtime().remove("reader"));

  auto grown = copy_disk_larger(copy, larger, 200 << 20);
  ASSERT_TRUE(grown) << grown.error().message;
  const std::string fill = "; head -c 120M /dev/zero > /var/more && echo fits";
  SandboxSpec wide = shell("wide", comparison_in("/var") + fill);
  wide.root_disk = larger;
  ASSERT_TRUE(runtime().start(wide));
  region_->wait_for_exit("wide");
  EXPECT_EQ(region_->log_of("wide"), "ok\nfits\n");
  ASSERT_TRUE(runtime().remove("wide"));
}

TEST_F(SnapshotsTest, ADiskThatNobodyUsesIsCopiedAsItIs) {
  const std::string disk = in("data.disk");
  ASSERT_TRUE(make_disk(disk, 64 << 20));
  ASSERT_TRUE(snapshot_disk(disk, in("copy.disk")));
  EXPECT_EQ(read_file(disk).value(), read_file(in("copy.disk")).value());
  EXPECT_FALSE(is_disk_in_use(disk));
}

TEST_F(SnapshotsTest, APausedSandboxDoesNothingAndIsALayerOfOthers) {
  const std::string changes = "rm /usr/bin/env; rm -r /usr/share/misc; mkdir /usr/share/misc;";
  ASSERT_TRUE(runtime().start(shell("writer", changes + counter_in("/var"))));
  ASSERT_TRUE(region_->wait_for_log("writer", "counting\n"));
  auto taken = runtime().while_paused(
      "writer", [&] { return copy_folder(runtime().layer_path("writer"), in("layer")); });
  ASSERT_TRUE(taken) << taken.error().message;
  const auto before = runtime().usage("writer");
  ASSERT_TRUE(region_->wait_for([&] { return runtime().usage("writer")->cpu > before->cpu; }));
  ASSERT_TRUE(runtime().remove("writer"));

  const std::string look = "; test -e /usr/bin/env || echo removed; ls /usr/share/misc | wc -l";
  SandboxSpec reader = shell("reader", comparison_in("/var") + look);
  reader.image.layers = {in("layer")};
  ASSERT_TRUE(runtime().start(reader));
  region_->wait_for_exit("reader");
  EXPECT_EQ(region_->log_of("reader"), "ok\nremoved\n0\n");
  ASSERT_TRUE(runtime().remove("reader"));
}

TEST_F(SnapshotsTest, APlainDiskBecomesAnEncryptedOne) {
  const std::string plain = in("plain.disk"), sealed = in("sealed.disk");
  const std::string key(kDiskKeyBytes, 'k');
  ASSERT_TRUE(make_disk(plain, 64 << 20));
  SandboxSpec writer = shell(
      "writer", "echo words-of-the-file > /etc/note; chown 33:44 /etc/note; chmod 640 /etc/note");
  writer.root_disk = plain;
  ASSERT_TRUE(runtime().start(writer));
  region_->wait_for_exit("writer");
  ASSERT_TRUE(encrypt_disk(plain, sealed, 96 << 20, key));
  EXPECT_EQ(std::filesystem::file_size(sealed), 96U << 20);
  EXPECT_EQ(read_file(sealed).value().find("words-of-the-file"), std::string::npos);
  SandboxSpec reader = shell("reader", "cat /etc/note; stat -c %u:%g:%a /etc/note");
  reader.root_disk = sealed;
  reader.root_disk_key = key;
  ASSERT_TRUE(runtime().start(reader));
  region_->wait_for_exit("reader");
  EXPECT_EQ(region_->log_of("reader"), "words-of-the-file\n33:44:640\n");
}

TEST_F(SnapshotsTest, ADiskGrowsAndKeepsWhatIsOnIt) {
  const std::string disk = in("data.disk");
  ASSERT_TRUE(make_disk(disk, 64 << 20));
  SandboxSpec first = shell("first",
                            "until mountpoint -q /mnt/sdf; do sleep 0.02; done; echo kept > /mnt/sdf/file;"
                            " echo written; sleep 1000");
  first.disks = {{.path = disk, .destination = "/mnt/sdf"}};
  ASSERT_TRUE(runtime().start(first));
  ASSERT_TRUE(region_->wait_for_log("first", "written\n"));
  // While it is mounted that is the right of a few.
  ASSERT_TRUE(grow_disk(disk, 160 << 20));
  EXPECT_EQ(std::filesystem::file_size(disk), 160U << 20);
  ASSERT_TRUE(runtime().remove("first"));
  ASSERT_TRUE(region_->wait_for([&] { return !is_disk_in_use(disk); }));
  EXPECT_EQ(grow_disk(disk, 160 << 20), Growth::Done);
  EXPECT_EQ(grow_disk(disk, 16 << 20), Growth::Done);  // Never smaller.
  SandboxSpec second = shell("second", "until mountpoint -q /mnt/sdf; do sleep 0.02; done; cat /mnt/sdf/file;"
                                       " head -c 100M /dev/zero > /mnt/sdf/more && echo fits; sleep 1000");
  second.disks = {{.path = disk, .destination = "/mnt/sdf"}};
  ASSERT_TRUE(runtime().start(second));
  EXPECT_TRUE(region_->wait_for_log("second", "kept\nfits\n")) << region_->log_of("second");
  ASSERT_TRUE(runtime().remove("second"));
}

}  // namespace
}  // namespace holm::sandbox
