// A region is built in the order in which its parts depend on each other. No logic of its own.

#include "region/region.h"

#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "aws/service/identity.h"
#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"
#include "net/listener.h"
#include "net/socket.h"
#include "region/account_file.h"
#include "region/addresses.h"
#include "region/credentials_file.h"
#include "region/empty_database.h"
#include "region/guest_programs.h"
#include "region/listeners.h"
#include "region/region_state.h"
#include "region/schemas.h"
#include "sandbox/probe.h"
#include "services/cloudformation/service.h"
#include "services/ec2/guest_programs.h"
#include "services/iam/service.h"
#include "services/s3/service.h"
#include "services/sns/service.h"
#include "sql/new_file.h"
#include "sql/quick_reads.h"

namespace holm::region {

namespace {

constexpr size_t kWorkerThreads = 8;
constexpr size_t kWorkerQueueMax = 4096;
constexpr int kJobThreads = 16;
constexpr async::Duration kStopGrace{2000};

}  // namespace

Region::State::~State() {
  if (api) api->stop(kStopGrace);
  if (edge) edge->stop(kStopGrace);
  if (jobs) jobs->stop();
  services.stop();
  if (metrics) metrics->settle();
  if (is_serving) return;
  // The start failed. An anchor that it brought up would otherwise stay behind, with its sockets.
  if (opening_anchor.valid()) anchor = opening_anchor.get().value_or(nullptr);
  if (!anchor || !anchor->is_new()) return;
  anchor->stop_watching();
  if (auto ended = anchor->quit(); !ended) log::warning(ended.error().message);
}

// Starting a process takes longest, so it is begun first and waited for where it is needed.
void Region::State::begin_opening_anchor() {
  opening_anchor = std::async(std::launch::async, [directory = options.data_directory] {
    return sandbox::Anchor::open(
        {.data_directory = directory, .command = {"/proc/self/exe", "anchor", "--data", directory}});
  });
}

// The disk takes its time for what is made there once.
void Region::State::begin_opening_metrics() {
  opening_metrics = std::async(std::launch::async, [this] {
    return metrics::Store::open({.folder = options.data_directory + "/metrics"}, clock);
  });
}

void Region::State::begin_opening_authority() {
  opening_authority = std::async(std::launch::async, [this] {
    return acm::load_or_make_authority(authority_path(options), clock.now(), random);
  });
}

void Region::State::begin_making_guest_layer() {
  making_guest_layer = std::async(std::launch::async, [this]() -> Result<std::string> {
    auto programs = guest_programs();
    if (!programs) return std::unexpected(programs.error());
    return ec2::make_guest_layer(options.data_directory, *programs);
  });
}

void Region::State::begin_finding_account() {
  finding_account = std::async(std::launch::async, [this] {
    return load_or_make_account(options.data_directory + "/account", random);
  });
}

Result<void> Region::State::open_metrics() {
  auto opened = opening_metrics.get();
  if (!opened) return std::unexpected(opened.error());
  metrics = std::move(*opened);
  meters = std::make_unique<metrics::Meters>(*metrics);
  return {};
}

Result<void> Region::State::open_storage() {
  // The key comes before the database, so that one without the other was lost and is not replaced.
  const std::string key_path = options.data_directory + "/key";
  std::error_code ignored;
  if (std::filesystem::exists(database_path(options), ignored) &&
      !std::filesystem::exists(key_path, ignored)) {
    return failure(fmt::format("{} is missing, and without it nobody can read the secrets in {}", key_path,
                               database_path(options)));
  }
  auto read = iam::load_or_make_key(key_path, random);
  if (!read) return std::unexpected(read.error());
  key = *read;
  database = sql::open_sqlite(database_path(options), schemas(), write_empty_database);
  jobs = jobs::make_jobs(*database, clock);
  auto store = objects::open_store(options.data_directory + "/objects");
  if (!store) return failure(store.error().message);
  objects = std::move(*store);
  // Objects that were stored before this version are files still.
  blobs = objects::open_blob_store(*objects, blobs::open_disk_store(options.data_directory + "/blobs"));
  return {};
}

Result<void> Region::State::open_sandboxes() {
  const sandbox::Capabilities capabilities = sandbox::probe();
  for (const std::string& sentence : capabilities.missing()) log::warning(sentence);
  auto opened = opening_anchor.get();
  if (!opened) return std::unexpected(opened.error());
  anchor = std::move(*opened);
  sockets = std::make_unique<sandbox::KeptSockets>(*anchor);
  network = std::make_unique<sandbox::Network>(
      sandbox::NetworkOptions{.data_directory = options.data_directory}, *anchor);
  auto made = sandbox::Runtime::open(
      {.data_directory = options.data_directory}, *anchor, network.get(),
      [this](const std::string& id, const sandbox::ExitStatus& status) { exits.deliver(id, status); });
  if (!made) return std::unexpected(made.error());
  runtime = std::move(*made);
  auto layer = making_guest_layer.get();
  if (!layer) return std::unexpected(layer.error());
  guest_layer = std::move(*layer);
  ec2::remove_old_guest_layers(options.data_directory, guest_layer,
                               anchor->is_new() ? ec2::OldLayers::AllGo : ec2::OldLayers::OfThisBootStay);
  return {};
}

Result<void> Region::State::build() {
  if (options.new_buckets != "current" && options.new_buckets != "classic") {
    return failure("--new-buckets is \"current\" or \"classic\"");
  }
  lifecycle_day = std::chrono::seconds(parse_integer(options.lifecycle_day).value_or(0));
  if (lifecycle_day <= std::chrono::seconds(0)) {
    return failure("--lifecycle-day is a number of seconds");
  }
  if (auto made = make_directories(options.data_directory); !made) return made;
  begin_opening_anchor();
  begin_opening_metrics();
  begin_opening_authority();
  begin_finding_account();
  begin_making_guest_layer();
  if (auto done = open_storage(); !done) return done;
  if (auto done = open_sandboxes(); !done) return done;
  if (auto done = open_metrics(); !done) return done;
  reactors = std::make_unique<async::ReactorPool>(std::max(2u, std::thread::hardware_concurrency()), clock);
  api_reactors =
      std::make_unique<async::ReactorPool>(std::max(2u, std::thread::hardware_concurrency()), clock);
  // They may wait for a page of the database; users' traffic has reactors of its own.
  if (sql::QuickReads* quick = sql::find_quick_reads(*database)) {
    for (size_t i = 0; i < api_reactors->size(); ++i) {
      api_reactors->at(i).call([quick] { quick->let_in(std::this_thread::get_id()); });
    }
  }
  workers = std::make_unique<async::Workers>(kWorkerThreads, kWorkerQueueMax);
  client = std::make_unique<gateway::LocalRegion>(*database, *reactors, *workers, clock, random, services);
  edge = std::make_unique<balancer::Edge>(*reactors, clock, &clients);
  if (auto done = open_edge(); !done) return done;
  if (auto done = add_identities(); !done) return done;
  add_ec2();
  add_rds();
  if (auto done = add_sns(); !done) return done;
  add_small_services();
  if (auto done = add_certificates(); !done) return done;
  add_storage_and_functions();
  add_traffic_and_scaling();

  auto known = finding_account.get();
  if (!known) return std::unexpected(known.error());
  account = *known;
  const auto administrator = iam->identities().bootstrap(account);
  if (administrator) {
    const AdministratorKey made = {account, administrator->access_key_id, administrator->secret_access_key};
    auto written = write_credentials(credentials_path(options), made);
    if (!written) return written;
  }
  return serve();
}

// Users' browsers come in here. The port of the web may be taken, or not ours to take.
Result<void> Region::State::open_edge() {
  auto socket = keep_listener(*sockets, options.edge_address);
  if (!socket && !options.edge_fallback_address.empty()) {
    log::warning(
        fmt::format("{}; sites are at {} instead", socket.error().message, options.edge_fallback_address));
    socket = keep_listener(*sockets, options.edge_fallback_address);
  }
  if (!socket) return std::unexpected(socket.error());
  edge_address = net::local_address(socket->get());
  auto written = write_file_volatile(edge_address_path(options), edge_address.to_string());
  if (!written) return written;
  doors.add(*edge, std::move(*socket));
  return open_secure_edge();
}

Result<void> Region::State::open_secure_edge() {
  secure_side = std::make_unique<balancer::SecureSide>(*edge);
  auto socket = keep_listener(*sockets, options.secure_edge_address);
  if (!socket && !options.secure_edge_fallback_address.empty()) {
    socket = keep_listener(*sockets, options.secure_edge_fallback_address);
  }
  if (!socket) {
    log::warning(fmt::format("{}; HTTPS sites cannot be reached from this machine", socket.error().message));
    auto inner = net::listen_on(net::Address::loopback(0));
    if (!inner) return std::unexpected(inner.error());
    inner_secure_address = net::local_address(inner->get());
    doors.add(*secure_side, std::move(*inner));
    return {};
  }
  inner_secure_address = secure_edge_address = net::local_address(socket->get());
  auto written = write_file_volatile(secure_edge_address_path(options), secure_edge_address.to_string());
  if (!written) return written;
  doors.add(*secure_side, std::move(*socket));
  return {};
}

Result<void> Region::State::serve() {
  gateway = std::make_unique<gateway::Gateway>(
      services, *client, iam->identities(), &s3->browser_rules(), *workers, clock, random,
      gateway::GatewayOptions{.default_region = options.default_region,
                              .default_account = account,
                              .request_log = &s3->request_log(),
                              .websites = &s3->sites()});
  edge->use_others({.owns = gateway::Gateway::is_website,
                    .handler = [this](http::Exchange& exchange) { return gateway->handle(exchange); }});
  api = std::make_unique<http::Server>(
      *api_reactors, http::Limits{.connections_max = shares.api},
      [this](http::Exchange& exchange) { return answer_api(exchange); }, clock);
  // Listening sockets first: whoever connects from now on waits instead of being refused.
  auto socket = keep_listener(*sockets, options.api_address);
  if (!socket) return std::unexpected(socket.error());
  const std::string address = net::local_address(socket->get()).to_string();
  if (auto written = write_file_volatile(api_address_path(options), address); !written) return written;
  doors.add(*api, std::move(*socket));
  services.start();
  jobs->start(kJobThreads);
  doors.open();
  runtime->prepare();
  is_serving = true;
  return {};
}

async::Task<void> Region::State::answer_api(http::Exchange& exchange) {
  if (sns->is_for_certificate(exchange)) return sns->answer_certificate(exchange);
  if (cloudformation->is_reply(exchange)) return cloudformation->answer_reply(exchange);
  return gateway->handle(exchange);
}

Region::Region(Private, std::unique_ptr<State> state) : state_(std::move(state)) {}
Region::~Region() = default;

Result<std::unique_ptr<Region>> Region::start(const Options& options) {
  auto state = std::make_unique<State>(options);
  if (auto built = state->build(); !built) return std::unexpected(built.error());
  return std::make_unique<Region>(Private{}, std::move(state));
}

std::string Region::endpoint() const {
  return "http://localhost:" + state_->options.api_address.substr(state_->options.api_address.rfind(':') + 1);
}

const std::string& Region::account() const { return state_->account; }

}  // namespace holm::region
