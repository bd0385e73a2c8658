// MariaDB servers in sandboxes.

#include "services/rds/mariadb.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "base/files.h"
#include "base/trees.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "crypto/hash.h"
#include "sandbox/runtime.h"

namespace holm::rds {

namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "/usr/sbin/mariadbd";
constexpr char kInstall[] = "/usr/bin/mariadb-install-db";
constexpr char kClient[] = "/usr/bin/mariadb";
constexpr char kDataInside[] = "/rdsdata";
// Made in memory and copied whole: the program waits for the disk a thousand times, which takes seconds.
constexpr char kMakeTemplate[] =
    "set -e\nmkdir -m 700 /dev/shm/new\n"
    "\"$@\" --datadir=/dev/shm/new\n"
    "cp -r --preserve=mode /dev/shm/new/. /rdsdata/\n";
constexpr char kConfigInside[] = "/etc/rds.cnf";
constexpr char kSocketInside[] = "/tmp/mysql.sock";
constexpr std::chrono::seconds kStopGrace{60};
constexpr char kStatusPatience[] = "5";  // Seconds.
constexpr size_t kOutputBytesMax = 1 << 20;
constexpr unsigned kPidsMax = 4096;
// Small redo logs make a new server quick to copy; the server grows with its buffer pool, not with these.
constexpr char kRedoLog[] = "48M";

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

// Data belongs on the disk to whom the distribution gave it to, so that nobody else can read it.
Result<Owner> owner_of_data() {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r("mysql", &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr ||
      ::access(kProgram, X_OK) != 0) {
    return failure("MariaDB is not installed on this machine");
  }
  return Owner{entry.pw_uid, entry.pw_gid};
}

Result<void> give_to(const std::string& path, Owner owner) {
  if (::lchown(path.c_str(), owner.user, owner.group) != 0) return failure("cannot give away " + path);
  return {};
}

// A copy of a folder of folders and plain files, owned by `owner`.
Result<void> copy_tree(const std::string& from, const std::string& to, Owner owner) {
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) return failure(fmt::format("cannot copy {}: {}", from, error.message()));
  if (auto given = give_to(to, owner); !given) return given;
  for (const fs::directory_entry& each : fs::recursive_directory_iterator(to, error)) {
    if (auto given = give_to(each.path(), owner); !given) return given;
  }
  if (error) return failure(fmt::format("cannot read {}: {}", to, error.message()));
  return {};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Reference.ParameterGroups.html
// The defaults of AWS's parameter groups: three quarters of the memory for the buffer pool, and a connection
// for each 12 MiB.
std::string config_of(const ServerSpec& spec) {
  const uint64_t mebibytes = std::max<uint64_t>(spec.memory_bytes >> 20, 512);
  const uint64_t connections = std::clamp<uint64_t>(spec.memory_bytes / 12'582'880, 60, 16'000);
  return fmt::format(
      "[mysqld]\ndatadir={}\nsocket={}\npid-file=/tmp/mysql.pid\nport={}\nbind-address=0.0.0.0\n"
      "skip-name-resolve\ncharacter-set-server=utf8mb4\ncollation-server=utf8mb4_general_ci\n"
      "innodb_buffer_pool_size={}M\ninnodb_log_file_size={}\nmax_connections={}\nperformance_schema=OFF\n"
      "default_time_zone=+00:00\n",
      kDataInside, kSocketInside, spec.port, mebibytes * 3 / 4, kRedoLog, connections);
}

// A file without a name that holds `content`, to be read from its start.
Result<UniqueFd> memory_file(const std::string& content) {
  UniqueFd file(::memfd_create("rds", MFD_CLOEXEC));
  if (!file) return failure("no memory for a file");
  if (::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return failure("no memory for a file");
  }
  return file;
}

std::string content_of(const UniqueFd& file) {
  std::string content(kOutputBytesMax, '\0');
  const ssize_t length = ::pread(file.get(), content.data(), content.size(), 0);
  content.resize(length > 0 ? static_cast<size_t>(length) : 0);
  return content;
}

std::string quoted_name(const std::string& name) { return "`" + replace_all(name, "`", "``") + "`"; }

}  // namespace

MariaDb::MariaDb(sandbox::Runtime& runtime, std::string directory)
    : runtime_(runtime), directory_(std::move(directory)) {}

Result<void> MariaDb::is_installed() {
  if (auto owner = owner_of_data(); !owner) return std::unexpected(owner.error());
  return {};
}

Result<std::string> MariaDb::version() const {
  if (auto owner = owner_of_data(); !owner) return std::unexpected(owner.error());
  // "mariadbd  Ver 10.11.6-MariaDB-…": the first word after Ver up to the dash.
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
      ::popen("/usr/sbin/mariadbd --no-defaults --version 2>/dev/null", "re"), ::pclose);
  std::array<char, 512> line{};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) {
    return failure("MariaDB does not say its version");
  }
  const std::string text = line.data();
  const size_t start = text.find("Ver ");
  if (start == std::string::npos) return failure("MariaDB does not say its version");
  return text.substr(start + 4, text.find_first_of("- \n", start + 4) - start - 4);
}

Result<void> MariaDb::make_template(const std::string& path) {
  auto owner = owner_of_data();
  if (!owner) return std::unexpected(owner.error());
  const std::string unfinished = path + ".unfinished";
  constexpr char kId[] = "rds-template";
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);
  if (auto made = make_directories(unfinished); !made) return made;
  if (auto given = give_to(unfinished, *owner); !given) return given;
  (void)runtime_.remove(kId);
  sandbox::SandboxSpec spec{.id = kId,
                            .args = {"/bin/sleep", "600"},
                            .hostname = "template",
                            .mounts = {{.source = unfinished, .destination = kDataInside}},
                            .privileges = sandbox::SandboxSpec::Privileges::Engine};
  if (auto started = runtime_.start(spec); !started) return std::unexpected(started.error());
  auto output = memory_file("");
  if (!output) return std::unexpected(output.error());
  auto exit = runtime_.exec(
      kId, {.args = {"/bin/sh", "-c", kMakeTemplate, "make", kInstall, "--no-defaults", "--skip-test-db",
                     "--skip-name-resolve", "--auth-root-authentication-method=socket",
                     "--auth-root-socket-user=root", std::string("--innodb-log-file-size=") + kRedoLog},
            .user = owner->user,
            .group = owner->group,
            .output = output->get(),
            .error = output->get()});
  if (auto removed = runtime_.remove(kId); !removed) return removed;
  if (!exit) return std::unexpected(exit.error());
  if (!exit->succeeded()) return failure("mariadb-install-db: " + content_of(*output));
  return rename_tree_durably(unfinished, path);
}

Result<void> MariaDb::make_data(const std::string& path) {
  if (fs::exists(path)) return {};
  auto number = version();
  if (!number) return std::unexpected(number.error());
  const std::string source = directory_ + "/mariadb-" + *number;
  {
    std::lock_guard lock(making_template_);
    if (!fs::exists(source)) {
      if (auto made = make_template(source); !made) return made;
    }
  }
  return copy_data(source, path);
}

Result<void> MariaDb::copy_data(const std::string& source, const std::string& path) {
  // A cluster and its first member may both be about to make the same volume.
  std::lock_guard lock(copying_);
  if (fs::exists(path)) return {};
  auto owner = owner_of_data();
  if (!owner) return std::unexpected(owner.error());
  if (auto made = make_directories(fs::path(path).parent_path()); !made) return made;
  const std::string unfinished = path + ".unfinished";
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);
  if (auto copied = copy_tree(source, unfinished, *owner); !copied) return copied;
  return rename_tree_durably(unfinished, path);
}

Result<void> MariaDb::start(const ServerSpec& spec) {
  auto owner = owner_of_data();
  if (!owner) return std::unexpected(owner.error());
  if (auto removed = runtime_.remove(spec.id); !removed) return removed;
  sandbox::SandboxSpec server{
      .id = spec.id,
      .args = {kProgram, std::string("--defaults-file=") + kConfigInside},
      .user = owner->user,
      .group = owner->group,
      .hostname = spec.hostname,
      .address = spec.address,
      .limits = {.memory_bytes = spec.memory_bytes, .cpu_percent = spec.vcpus * 100, .pids = kPidsMax},
      .mounts = {{.source = spec.data_directory, .destination = kDataInside}},
      .files = {{.path = kConfigInside, .content = config_of(spec)}},
      .log_path = spec.log_path,
      .privileges = sandbox::SandboxSpec::Privileges::Engine};
  if (!spec.interface_id.empty()) server.interface_ids = {spec.interface_id};
  if (auto started = runtime_.start(server); !started) return std::unexpected(started.error());
  return {};
}

bool MariaDb::is_running(const std::string& id) const {
  return std::ranges::any_of(
      runtime_.list(), [&](const sandbox::SandboxState& each) { return each.id == id && each.running; });
}

Result<std::string> MariaDb::run_client(const std::string& id, const std::string& statements,
                                        std::vector<std::string> args) {
  auto input = memory_file(statements);
  auto output = memory_file("");
  if (!input || !output) return failure("no memory for a file");
  args.insert(args.end(), {kClient, "--no-defaults", std::string("--socket=") + kSocketInside, "--user=root",
                           "--batch", "--skip-column-names"});
  auto exit = runtime_.exec(id, {.args = std::move(args),
                                 .input = input->get(),
                                 .output = output->get(),
                                 .error = output->get()});
  if (!exit) return std::unexpected(exit.error());
  if (!exit->succeeded()) return failure(std::string(trim(content_of(*output))));
  return content_of(*output);
}

Result<std::string> MariaDb::run(const std::string& id, const std::string& statements) {
  return run_client(id, statements, {});
}

Result<std::map<std::string, double>> MariaDb::status(const std::string& id) {
  const auto told = run_client(id, "SHOW GLOBAL STATUS", {"/usr/bin/timeout", kStatusPatience});
  if (!told) return std::unexpected(told.error());
  std::map<std::string, double> status;
  for (const std::string_view line : split(*told, '\n')) {
    const auto parts = split(line, '\t');
    double value = 0;
    if (parts.size() != 2) continue;
    const char* end = parts[1].data() + parts[1].size();
    if (std::from_chars(parts[1].data(), end, value).ptr == end) status[std::string(parts[0])] = value;
  }
  return status;
}

Result<void> MariaDb::stop(const std::string& id) {
  if (auto stopped = runtime_.stop(id, kStopGrace); !stopped) return stopped;
  return runtime_.remove(id);
}

std::string password_hash(const std::string& password) {
  const crypto::Sha1Digest once = crypto::sha1(password);
  const crypto::Sha1Digest twice = crypto::sha1(crypto::bytes_of(once));
  return "*" + to_upper(hex_encode(crypto::bytes_of(twice)));
}

std::string master_user_statements(const std::string& user, const std::string& hash) {
  const std::string name = quoted_name(user) + "@'%'";
  return fmt::format(
      "CREATE USER IF NOT EXISTS {0} IDENTIFIED BY PASSWORD '{1}';\n"
      "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER,"
      " SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT,"
      " CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"
      " ON *.* TO {0} WITH GRANT OPTION;\n",
      name, hash);
}

std::string password_statements(const std::string& user, const std::string& hash) {
  return fmt::format("ALTER USER {}@'%' IDENTIFIED BY PASSWORD '{}';\n", quoted_name(user), hash);
}

std::string database_statements(const std::string& name) {
  return fmt::format("CREATE DATABASE IF NOT EXISTS {};\n", quoted_name(name));
}

}  // namespace holm::rds
