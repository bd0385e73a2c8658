// Archives that are what they say, and those that are not. Needs root.

#include "sandbox/unpack.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "base/files.h"
#include "sandbox/program/region_fixture.h"

namespace holm::sandbox {
namespace {

constexpr uint64_t kBytesMax = uint64_t{1} << 20;

class UnpackTest : public RegionFixture {
 protected:
  void SetUp() override {
    RegionFixture::SetUp();
    if (!region_) return;
    source_ = region_->directory() + "/source";
    target_ = region_->directory() + "/target";
    ASSERT_TRUE(make_directories(source_) && make_directories(target_));
  }

  // What a shell makes in an empty folder, as `tar` is told to pack it.
  std::string pack(const std::string& script, const std::string& tar) {
    const std::string archive = region_->directory() + "/archive";
    const std::string command = "cd " + source_ + " && " + script + " && " + tar + " -f " + archive;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return read_file(archive).value_or("");
  }

  Result<void> unpack(const std::string& archive, size_t piece_bytes = 1000) {
    size_t at = 0;
    const ReadPiece read = [&] {
      const std::string_view piece = std::string_view(archive).substr(at, piece_bytes);
      at += piece.size();
      return piece;
    };
    return unpack_archive(*region_->runtime, "unpacked", read, target_, kBytesMax);
  }

  std::string problem(const std::string& archive) {
    auto done = unpack(archive);
    return done ? "" : done.error().message;
  }

  std::string content(const std::string& path) { return read_file(target_ + path).value_or("nothing"); }

  std::string source_, target_;
};

TEST_F(UnpackTest, KeepsOwnersAndRights) {
  const std::string archive = pack(
      "mkdir -m 750 a && echo text > a/file && chown 33:44 a/file && chmod 4711 a/file && ln -s file a/link",
      "tar -c .");
  ASSERT_EQ(problem(archive), "");
  EXPECT_EQ(content("/a/link"), "text\n");
  struct stat status{};
  ASSERT_EQ(::stat((target_ + "/a/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 33u);
  EXPECT_EQ(status.st_gid, 44u);
  EXPECT_EQ(status.st_mode & 07777, 04711u);
  ASSERT_EQ(::stat((target_ + "/a").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0u);
  EXPECT_EQ(status.st_mode & 07777, 0750u);
}

TEST_F(UnpackTest, KnowsWhatItIsCompressedBy) {
  for (const char* option : {"", "--gzip", "--bzip2", "--xz"}) {
    SCOPED_TRACE(option);
    const std::string archive =
        pack(std::string("echo '") + option + "' > how", std::string("tar -c how ") + option);
    EXPECT_EQ(problem(archive), "");
    EXPECT_EQ(content("/how"), std::string(option) + "\n");
  }
}

TEST_F(UnpackTest, NothingLeavesItsFolder) {
  const std::string outside = region_->directory() + "/outside";
  const std::string archive = pack("ln -s " + region_->directory() + " way && mkdir sub && echo x > outside",
                                   "tar -c way outside --transform 's,^outside,way/outside,;'");
  EXPECT_NE(problem(archive), "");
  EXPECT_FALSE(std::filesystem::exists(outside));
  (void)unpack(pack("echo x > up", "tar -c up --absolute-names --transform 's,^up,../outside,'"));
  (void)unpack(pack("echo x > up", "tar -c up --absolute-names --transform 's,^up," + outside + ",'"));
  EXPECT_FALSE(std::filesystem::exists(outside));
}

TEST_F(UnpackTest, DevicesStayOut) {
  const std::string archive =
      pack("mkdir dev && mknod dev/null c 1 3 && mknod null c 1 3 && echo x > file", "tar -c dev file");
  ASSERT_EQ(problem(archive), "");
  EXPECT_FALSE(std::filesystem::exists(target_ + "/dev/null"));
  EXPECT_EQ(content("/file"), "x\n");
  EXPECT_NE(problem(pack("true", "tar -c null")), "");
  EXPECT_FALSE(std::filesystem::exists(target_ + "/null"));
}

TEST_F(UnpackTest, SaysWhatIsWrong) {
  EXPECT_NE(problem("").find("tar"), std::string::npos);
  EXPECT_NE(problem("no archive at all").find("does not look like a tar archive"), std::string::npos);
  const std::string archive = pack("head -c 200000 /dev/urandom > noise", "tar -c noise --gzip");
  EXPECT_NE(problem(archive.substr(0, archive.size() / 2)).find("unexpected end of file"), std::string::npos);
  // Two megabytes, of which nearly nothing is left when they are compressed.
  EXPECT_NE(problem(pack("head -c 2097152 /dev/zero > noise", "tar -c noise --gzip")).find("Unexpected EOF"),
            std::string::npos);
  int pieces = 0;
  const ReadPiece fails = [&]() -> std::string_view {
    if (++pieces == 3) throw std::runtime_error("the object is gone");
    return archive;
  };
  EXPECT_THROW((void)unpack_archive(*region_->runtime, "unpacked", fails, target_, kBytesMax),
               std::runtime_error);
}

}  // namespace
}  // namespace holm::sandbox
