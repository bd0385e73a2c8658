// The sandbox of an execution environment: what is mounted, listening and set in it.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html

#include "services/lambda/sandboxes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "aws/service/identity.h"
#include "base/files.h"
#include "base/log.h"
#include "net/socket.h"
#include "sandbox/runtime.h"
#include "services/lambda/python_bootstrap.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

constexpr char kIdPrefix[] = "lambda-";
constexpr char kTaskRoot[] = "/var/task";
constexpr char kRuntimeFolder[] = "/var/runtime";
constexpr unsigned kUser = 993;
constexpr unsigned kGroup = 990;
constexpr unsigned kProcessesMax = 1024;
constexpr double kMemoryOfOneProcessor = 1769;
// Starting a runtime is not given more than its share, as AWS does; so there is a least share.
constexpr double kLeastProcessorPercent = 50;
// Environments are ended before their credentials are.
constexpr std::chrono::hours kCredentialsLife{12};

// The runtime waits for a line, so that all it talks to is there when it begins.
constexpr char kWait[] = R"(read -r go < /var/runtime/ready; exec "$0" "$@")";

Result<UniqueFd> make_pipe(const std::string& path, mode_t mode) {
  if (::mkfifo(path.c_str(), mode) != 0 || ::chmod(path.c_str(), mode) != 0) {
    return failure(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  // Both directions, so that nobody meets its end as long as this is open.
  UniqueFd pipe(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!pipe) return failure(fmt::format("{}: {}", path, std::strerror(errno)));
  return pipe;
}

Result<UniqueFd> datagrams(const net::Namespace& where, const net::Address& address) {
  auto socket = net::socket_in(where.fd, AF_INET, SOCK_DGRAM);
  if (!socket) return socket;
  sockaddr_storage storage{};
  const auto bytes = static_cast<socklen_t>(address.to_sockaddr(storage));
  if (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&storage), bytes) != 0) {
    return failure(fmt::format("cannot bind {}: {}", address.to_string(), std::strerror(errno)));
  }
  return socket;
}

Result<Sockets> open_sockets(pid_t pid, const std::vector<Site>& sites) {
  UniqueFd space(::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return failure("The runtime ended at once.");
  const net::Namespace where{space.get()};
  Sockets sockets;
  auto runtime = net::listen_on(net::Address::loopback(kRuntimeApiPort), {.where = where});
  if (!runtime) return std::unexpected(runtime.error());
  sockets.runtime = std::move(*runtime);
  auto api = net::listen_on(net::Address::loopback(kRegionApiPort), {.where = where});
  if (!api) return std::unexpected(api.error());
  sockets.api = std::move(*api);
  for (const Site& site : sites) {
    auto listening = net::listen_on(net::Address::loopback(site.port), {.where = where});
    if (!listening) return std::unexpected(listening.error());
    sockets.sites.push_back(std::move(*listening));
  }
  auto names = datagrams(where, net::Address::loopback(53));
  if (!names) return std::unexpected(names.error());
  sockets.names = std::move(*names);
  return sockets;
}

bool is_python(const Target& target) { return target.runtime == "python3.11"; }

}  // namespace

std::string Sandboxes::folder(const std::string& id) const {
  return use_.data_directory + "/lambda/environments/" + id;
}

Result<UniqueFd> Sandboxes::prepare(const std::string& id, const Target& target) const {
  if (auto made = make_directories(folder(id) + "/runtime", 0755); !made) {
    return std::unexpected(made.error());
  }
  if (is_python(target)) {
    auto written = write_file_durably(folder(id) + "/runtime/bootstrap.py", python_bootstrap(), 0644);
    if (!written) return std::unexpected(written.error());
  }
  auto written = write_file_volatile(folder(id) + "/runtime/authority.pem", use_.authority, 0644);
  if (!written) return std::unexpected(written.error());
  return make_pipe(folder(id) + "/output", 0666);
}

Result<std::vector<std::string>> Sandboxes::environment_of(const Target& target,
                                                           const std::string& log_stream) const {
  auto credentials = use_.identities.issue_role_credentials(target.role, "lambda.amazonaws.com", target.name,
                                                            kCredentialsLife);
  if (!credentials) return std::unexpected(credentials.error());
  std::map<std::string, std::string> variables = {
      {"AWS_ENDPOINT_URL", fmt::format("http://127.0.0.1:{}", kRegionApiPort)},
      {"HOME", "/tmp"},
      {"LANG", "en_US.UTF-8"},
      {"PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"},
      {"LD_LIBRARY_PATH", "/var/task:/var/task/lib:/opt/lib"},
      {"TZ", ":UTC"}};
  // A function talks to nobody but the region. One variable each: OpenSSL, requests, curl, Node.js.
  for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}) {
    if (!use_.authority.empty()) variables[name] = std::string(kRuntimeFolder) + "/authority.pem";
  }
  for (const auto& [name, value] : target.environment) variables[name] = value;
  variables["_HANDLER"] = target.handler;
  variables["AWS_REGION"] = variables["AWS_DEFAULT_REGION"] = target.region;
  variables["AWS_ACCESS_KEY_ID"] = variables["AWS_ACCESS_KEY"] = credentials->key.access_key_id;
  variables["AWS_SECRET_ACCESS_KEY"] = variables["AWS_SECRET_KEY"] = credentials->key.secret_access_key;
  variables["AWS_SESSION_TOKEN"] = variables["AWS_SECURITY_TOKEN"] = credentials->session_token;
  variables["AWS_LAMBDA_FUNCTION_NAME"] = target.name;
  variables["AWS_LAMBDA_FUNCTION_VERSION"] = target.version;
  variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = std::to_string(target.memory_mib);
  variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand";
  variables["AWS_LAMBDA_LOG_GROUP_NAME"] = target.log_group;
  variables["AWS_LAMBDA_LOG_STREAM_NAME"] = log_stream;
  variables["AWS_LAMBDA_RUNTIME_API"] = fmt::format("127.0.0.1:{}", kRuntimeApiPort);
  variables["LAMBDA_TASK_ROOT"] = kTaskRoot;
  variables["LAMBDA_RUNTIME_DIR"] = kRuntimeFolder;
  if (is_python(target)) variables["AWS_EXECUTION_ENV"] = "AWS_Lambda_python3.11";
  std::vector<std::string> result;
  for (const auto& [name, value] : variables) result.push_back(name + "=" + value);
  return result;
}

Result<Sandboxes::Made> Sandboxes::make(const std::string& id, const std::string& log_stream,
                                        const Target& target) const {
  std::vector<std::string> program = {std::string(kTaskRoot) + "/bootstrap"};
  if (is_python(target)) program = {"/usr/bin/python3", std::string(kRuntimeFolder) + "/bootstrap.py"};
  if (!is_python(target) && ::access((target.code_path + "/bootstrap").c_str(), X_OK) != 0) {
    return failure(
        R"({"errorType":"Runtime.InvalidEntrypoint","errorMessage":"Couldn't find valid bootstrap(s): )"
        R"([/var/task/bootstrap /opt/bootstrap]"})");
  }
  auto variables = environment_of(target, log_stream);
  if (!variables) return std::unexpected(variables.error());
  auto ready = make_pipe(folder(id) + "/runtime/ready", 0644);
  if (!ready) return std::unexpected(ready.error());
  const double processor = std::max(kLeastProcessorPercent, 100 * target.memory_mib / kMemoryOfOneProcessor);
  sandbox::SandboxSpec spec{
      .id = id,
      .args = {"/bin/sh", "-c", kWait},
      .env = std::move(*variables),
      .working_directory = kTaskRoot,
      .user = kUser,
      .group = kGroup,
      .hostname = "localhost",
      .name_servers = {"127.0.0.1"},
      .limits = {.memory_bytes = uint64_t{target.memory_mib} << 20,
                 .cpu_percent = static_cast<unsigned>(processor),
                 .pids = kProcessesMax},
      .root = sandbox::SandboxSpec::Root::ReadOnly,
      .mounts = {{target.code_path, kTaskRoot, sandbox::Mount::Access::ReadOnly},
                 {folder(id) + "/runtime", kRuntimeFolder, sandbox::Mount::Access::ReadOnly}},
      .scratch = {{"/tmp", uint64_t{target.ephemeral_mib} << 20}},
      .log_path = folder(id) + "/output",
      .privileges = sandbox::SandboxSpec::Privileges::Function};
  spec.args.insert(spec.args.end(), program.begin(), program.end());
  auto started = use_.runtime.start(spec);
  if (!started) return std::unexpected(started.error());
  auto sockets = open_sockets(started->pid, use_.sites);
  if (!sockets) return std::unexpected(sockets.error());
  return Made{std::move(*sockets), std::move(*ready)};
}

void Sandboxes::remove(const std::string& id) const {
  if (auto removed = use_.runtime.remove(id); !removed) {
    log::warning(fmt::format("{}: {}", id, removed.error().message));
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder(id), ignored);
}

void Sandboxes::remove_all() const {
  for (const sandbox::SandboxState& each : use_.runtime.list()) {
    if (each.id.starts_with(kIdPrefix)) remove(each.id);
  }
  std::error_code ignored;
  std::filesystem::remove_all(use_.data_directory + "/lambda/environments", ignored);
}

}  // namespace holm::lambda
