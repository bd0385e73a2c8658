// Everything there is, built and connected, in the order in which it depends on each other. No logic of its
// own.

#include "region/region.h"

#include <fmt/format.h>

#include <filesystem>
#include <future>
#include <thread>

#include "acm/handlers.h"
#include "async/reactor.h"
#include "async/workers.h"
#include "autoscaling/handlers.h"
#include "aws/service/events.h"
#include "aws/service/identity.h"
#include "base/files.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/system_clock.h"
#include "blobs/blobs.h"
#include "cloudformation/handlers.h"
#include "cloudwatch/handlers.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/edge.h"
#include "dataplane/dns/directory.h"
#include "ec2/handlers.h"
#include "elbv2/handlers.h"
#include "gateway/gateway.h"
#include "gateway/local_region.h"
#include "gateway/services.h"
#include "http/server.h"
#include "iam/handlers.h"
#include "jobs/jobs.h"
#include "kms/handlers.h"
#include "lambda/handlers.h"
#include "logs/handlers.h"
#include "metrics/meters.h"
#include "metrics/store.h"
#include "net/certificate_directory.h"
#include "net/listener.h"
#include "net/socket.h"
#include "objects/blob_store.h"
#include "organizations/handlers.h"
#include "rds/handlers.h"
#include "region/account_file.h"
#include "region/addresses.h"
#include "region/credentials_file.h"
#include "region/doors.h"
#include "region/guest_programs.h"
#include "region/listeners.h"
#include "region/own_name.h"
#include "region/schemas.h"
#include "s3/handlers.h"
#include "sandbox/anchor.h"
#include "sandbox/exits.h"
#include "sandbox/kept_sockets.h"
#include "sandbox/network.h"
#include "sandbox/probe.h"
#include "sandbox/runtime.h"
#include "services/acm/resources.h"
#include "services/acm/service.h"
#include "services/autoscaling/service.h"
#include "services/cloudformation/resources.h"
#include "services/cloudformation/service.h"
#include "services/cloudwatch/resources.h"
#include "services/cloudwatch/service.h"
#include "services/ec2/guest_programs.h"
#include "services/ec2/resources.h"
#include "services/ec2/service.h"
#include "services/elbv2/resources.h"
#include "services/elbv2/service.h"
#include "services/iam/resources.h"
#include "services/iam/service.h"
#include "services/kms/resources.h"
#include "services/kms/service.h"
#include "services/lambda/resources.h"
#include "services/lambda/service.h"
#include "services/logs/resources.h"
#include "services/logs/service.h"
#include "services/organizations/service.h"
#include "services/rds/resources.h"
#include "services/rds/service.h"
#include "services/s3/access_log.h"
#include "services/s3/resources.h"
#include "services/s3/service.h"
#include "services/sns/resources.h"
#include "services/sns/service.h"
#include "services/ssm/resources.h"
#include "services/ssm/service.h"
#include "services/sts/service.h"
#include "smtp/mail.h"
#include "smtp/relay.h"
#include "sns/handlers.h"
#include "sql/database.h"
#include "ssm/handlers.h"
#include "stacks/resource_type.h"
#include "sts/handlers.h"

namespace holm::region {

namespace {

constexpr size_t kWorkerThreads = 8;
constexpr size_t kWorkerQueueMax = 4096;
constexpr int kJobThreads = 16;
constexpr async::Duration kStopGrace{2000};

// A load balancer's own name has no port in it, wherever the edge listens.
std::vector<lambda::Site> sites_for_functions(const net::Address& edge, const net::Address& secure) {
  std::vector<lambda::Site> sites = {{.port = 80, .target = edge}};
  if (edge.port() != 80) sites.push_back({.port = edge.port(), .target = edge});
  if (secure.port() != 0) sites.push_back({.port = 443, .target = secure});
  return sites;
}

std::chrono::seconds lifecycle_day_of(const Options& options) {
  return std::chrono::seconds(parse_integer(options.lifecycle_day).value_or(0));
}

s3::NewBuckets new_buckets_of(const Options& options) {
  return options.new_buckets == "classic" ? s3::NewBuckets::Classic : s3::NewBuckets::Current;
}

// One key for each purpose, so that what one seals is no use to another.
crypto::Aead::Key derive_key(const crypto::Aead::Key& key, std::string_view purpose) {
  return crypto::hmac_sha256({reinterpret_cast<const char*>(key.data()), key.size()}, purpose);
}

}  // namespace

class Region::State {
 public:
  explicit State(Options given) : options(std::move(given)) {}
  ~State();

  Result<void> build();
  void begin_opening_anchor();
  void begin_opening_metrics();
  void begin_opening_authority();
  Result<void> open_storage();
  Result<void> open_metrics();
  Result<void> open_sandboxes();
  Result<void> open_edge();
  Result<void> open_secure_edge();
  Result<void> add_certificates();
  Result<void> add_identities();
  void add_ec2();
  void add_rds();
  Result<void> add_sns();
  void add_small_services();
  void add_storage_and_functions();
  void add_traffic_and_scaling();
  void add_types(std::vector<std::unique_ptr<stacks::ResourceType>> made);
  Result<void> serve();
  async::Task<void> answer_api(http::Exchange& exchange);

  Options options;
  SystemClock clock;
  SystemRandom random;
  std::string account;
  std::string guest_layer;
  crypto::Aead::Key key{};  // Seals what is secret in the database.
  sandbox::Exits exits;
  aws::Events events;
  dns::Directory names;
  Doors doors;
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<jobs::Jobs> jobs;
  std::unique_ptr<objects::Store> objects;
  std::unique_ptr<blobs::Store> blobs;
  std::unique_ptr<metrics::Store> metrics;
  std::unique_ptr<metrics::Meters> meters;
  std::future<Result<std::unique_ptr<metrics::Store>>> opening_metrics;
  std::future<Result<acm::Authority>> opening_authority;
  std::future<Result<std::unique_ptr<sandbox::Anchor>>> opening_anchor;
  std::unique_ptr<sandbox::Anchor> anchor;
  std::unique_ptr<sandbox::KeptSockets> sockets;
  std::unique_ptr<sandbox::Network> network;
  std::unique_ptr<sandbox::Runtime> runtime;
  std::unique_ptr<async::ReactorPool> reactors;
  std::unique_ptr<async::Workers> workers;
  net::Address edge_address;
  net::Address secure_edge_address;  // None: no port could be had.
  net::Address inner_secure_address;  // The same for functions, who always have one.
  std::unique_ptr<balancer::Edge> edge;
  std::unique_ptr<balancer::SecureSide> secure_side;
  net::CertificateDirectory certificates;
  stacks::TypeRegistry types;
  gateway::Services services;
  bool is_serving = false;
  std::unique_ptr<gateway::LocalRegion> client;
  iam::Service* iam = nullptr;
  s3::Service* s3 = nullptr;
  sns::Service* sns = nullptr;
  cloudformation::Service* cloudformation = nullptr;
  std::unique_ptr<gateway::Gateway> gateway;
  std::unique_ptr<http::Server> api;
  std::unique_ptr<balancer::Balancer> balancer;  // Last, so that its connections end first.
};

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

Result<void> Region::State::open_metrics() {
  auto opened = opening_metrics.get();
  if (!opened) return std::unexpected(opened.error());
  metrics = std::move(*opened);
  meters = std::make_unique<metrics::Meters>(*metrics);
  return {};
}

Result<void> Region::State::open_storage() {
  auto known = load_or_make_account(options.data_directory + "/account", random);
  if (!known) return std::unexpected(known.error());
  account = *known;
  // The key comes before the database, so that one without the other was lost and is not replaced.
  const std::string key_path = options.data_directory + "/key";
  std::error_code ignored;
  if (std::filesystem::exists(database_path(options), ignored) && !std::filesystem::exists(key_path, ignored)) {
    return failure(fmt::format("{} is missing, and without it nobody can read the secrets in {}", key_path,
                               database_path(options)));
  }
  auto read = iam::load_or_make_key(key_path, random);
  if (!read) return std::unexpected(read.error());
  key = *read;
  database = sql::open_sqlite(database_path(options), schemas());
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
  auto programs = guest_programs();
  if (!programs) return std::unexpected(programs.error());
  auto layer = ec2::make_guest_layer(options.data_directory, *programs,
                                     anchor->is_new() ? ec2::OldLayers::Remove : ec2::OldLayers::Keep);
  if (!layer) return std::unexpected(layer.error());
  guest_layer = std::move(*layer);
  return {};
}

Result<void> Region::State::add_identities() {
  iam = &services.add<iam::Service>(
      iam::model(),
      iam::Dependencies{
          .database = *database, .clock = clock, .random = random, .events = events, .key = key});
  services.add<sts::Service>(sts::model(), iam->identities());
  client->use_identities(iam->identities());
  services.add<organizations::Service>(organizations::model(), iam->identities(), random);
  services.add<kms::Service>(
      kms::model(),
      kms::Dependencies{.jobs = *jobs, .region = *client, .clock = clock, .random = random, .key = key});
  add_types(iam::resource_types());
  add_types(kms::resource_types());
  return {};
}

void Region::State::add_ec2() {
  services.add<ec2::Service>(
      ec2::model(),
      ec2::Dependencies{.jobs = *jobs,
                        .region = *client,
                        .events = events,
                        .identities = iam->identities(),
                        .network = *network,
                        .runtime = *runtime,
                        .exits = exits,
                        .names = names,
                        .sockets = *sockets,
                        .reactors = *reactors,
                        .meters = *meters,
                        .clock = clock,
                        .random = random,
                        .data_directory = options.data_directory,
                        .guest_layer = guest_layer,
                        .machine = anchor->is_new() ? ec2::Machine::Rebooted : ec2::Machine::Kept,
                        .when_open = [this](auto listen) { return doors.when_open(std::move(listen)); },
                        .serve_api = [this](UniqueFd socket) { return doors.add(*api, std::move(socket)); },
                        .serve_edge = [this](UniqueFd socket) { return doors.add(*edge, std::move(socket)); }});
  add_types(ec2::resource_types());
}

void Region::State::add_rds() {
  services.add<rds::Service>(rds::model(), rds::Dependencies{.jobs = *jobs,
                                                             .region = *client,
                                                             .runtime = *runtime,
                                                             .exits = exits,
                                                             .names = names,
                                                             .clock = clock,
                                                             .random = random,
                                                             .data_directory = options.data_directory});
  add_types(rds::resource_types());
}

Result<void> Region::State::add_sns() {
  std::optional<sns::MailSettings> mail;
  if (!options.mail_relay.empty()) {
    auto relay = smtp::parse_relay(options.mail_relay);
    if (!relay) return std::unexpected(relay.error());
    if (!smtp::is_address(options.mail_sender)) return failure(options.mail_sender + " is no address of mail");
    mail = sns::MailSettings{std::move(*relay), options.mail_sender};
  }
  const std::string port = options.api_address.substr(options.api_address.rfind(':') + 1);
  sns = &services.add<sns::Service>(
      sns::model(), sns::Dependencies{.jobs = *jobs,
                                      .region = *client,
                                      .metrics = *metrics,
                                      .workers = *workers,
                                      .clock = clock,
                                      .random = random,
                                      .key = key,
                                      .mail = std::move(mail),
                                      .api_url = "http://localhost:" + port,
                                      .inner_api_url = "http://holm.internal:4566",
                                      .sites = edge_address});
  add_types(sns::resource_types());
  return {};
}

void Region::State::add_small_services() {
  services.add<logs::Service>(logs::model(), *jobs, *client, *metrics, clock);
  add_types(logs::resource_types());
  services.add<cloudwatch::Service>(cloudwatch::model(), cloudwatch::Dependencies{.region = *client,
                                                                                  .events = events,
                                                                                  .store = *metrics,
                                                                                  .meters = *meters,
                                                                                  .jobs = *jobs,
                                                                                  .clock = clock,
                                                                                  .random = random});
  add_types(cloudwatch::resource_types());
  services.add<ssm::Service>(ssm::model());
  add_types(ssm::resource_types());
  cloudformation = &services.add<cloudformation::Service>(
      cloudformation::model(), cloudformation::Dependencies{.jobs = *jobs,
                                                            .region = *client,
                                                            .identities = iam->identities(),
                                                            .types = types,
                                                            .clock = clock,
                                                            .random = random,
                                                            .reply_origin = "https://holm.internal"});
  add_types(cloudformation::resource_types(*cloudformation));
}

void Region::State::add_storage_and_functions() {
  s3 = &services.add<s3::Service>(s3::model(), s3::Dependencies{.database = *database,
                                                                .store = *blobs,
                                                                .jobs = *jobs,
                                                                .region = *client,
                                                                .workers = *workers,
                                                                .clock = clock,
                                                                .random = random,
                                                                .identities = iam->identities(),
                                                                .key = key,
                                                                .new_buckets = new_buckets_of(options),
                                                                .day = lifecycle_day_of(options)});
  add_types(s3::resource_types());
  services.add<lambda::Service>(
      lambda::model(),
      lambda::Dependencies{.jobs = *jobs,
                           .region = *client,
                           .identities = iam->identities(),
                           .runtime = *runtime,
                           .exits = exits,
                           .metrics = *metrics,
                           .clock = clock,
                           .random = random,
                           .data_directory = options.data_directory,
                           .api = [this](http::Exchange& exchange) { return answer_api(exchange); },
                           .sites = sites_for_functions(edge_address, inner_secure_address),
                           .authority = authority_certificate(options).value_or("")});
  add_types(lambda::resource_types());
}

Result<void> Region::State::add_certificates() {
  auto authority = opening_authority.get();
  if (!authority) return std::unexpected(authority.error());
  auto served = serve_own_name(*edge, *authority, clock, random,
                               [this](http::Exchange& exchange) { return answer_api(exchange); });
  if (!served) return served;
  services.add<acm::Service>(acm::model(), acm::Dependencies{.jobs = *jobs,
                                                             .region = *client,
                                                             .certificates = certificates,
                                                             .clock = clock,
                                                             .random = random,
                                                             .key = key,
                                                             .authority = std::move(*authority)});
  add_types(acm::resource_types());
  return {};
}

void Region::State::add_traffic_and_scaling() {
  const bool has_secure = secure_edge_address.port() != 0;
  balancer = std::make_unique<balancer::Balancer>(
      *reactors, *edge,
      balancer::Surroundings{.sockets = *sockets,
                             .certificates = certificates,
                             .cookie_key = derive_key(key, "holm balancer cookies 1"),
                             .secure_edge_port = has_secure ? secure_edge_address.port() : uint16_t{443},
                             .access_log_folder = options.data_directory + "/access-logs"},
      clock, random);
  services.add<elbv2::Service>(elbv2::model(), elbv2::Dependencies{.jobs = *jobs,
                                                                   .region = *client,
                                                                   .events = events,
                                                                   .network = *network,
                                                                   .balancer = *balancer,
                                                                   .meters = *meters,
                                                                   .names = names,
                                                                   .certificates = certificates,
                                                                   .workers = *workers,
                                                                   .clock = clock,
                                                                   .random = random});
  add_types(elbv2::resource_types());
  auto& groups =
      services.add<autoscaling::Service>(autoscaling::model(), *jobs, *client, events, *meters, clock, random);
  add_types(autoscaling::resource_types(groups));
}

void Region::State::add_types(std::vector<std::unique_ptr<stacks::ResourceType>> made) {
  for (std::unique_ptr<stacks::ResourceType>& type : made) types.add(std::move(type));
}

Result<void> Region::State::build() {
  if (options.new_buckets != "current" && options.new_buckets != "classic") {
    return failure("--new-buckets is \"current\" or \"classic\"");
  }
  if (lifecycle_day_of(options) <= std::chrono::seconds(0)) {
    return failure("--lifecycle-day is a number of seconds");
  }
  if (auto made = make_directories(options.data_directory); !made) return made;
  begin_opening_anchor();
  begin_opening_metrics();
  begin_opening_authority();
  if (auto done = open_storage(); !done) return done;
  if (auto done = open_sandboxes(); !done) return done;
  if (auto done = open_metrics(); !done) return done;
  reactors = std::make_unique<async::ReactorPool>(std::max(2u, std::thread::hardware_concurrency()), clock);
  workers = std::make_unique<async::Workers>(kWorkerThreads, kWorkerQueueMax);
  client = std::make_unique<gateway::LocalRegion>(*database, *reactors, *workers, clock, random, services);
  edge = std::make_unique<balancer::Edge>(*reactors, clock);
  if (auto done = open_edge(); !done) return done;
  if (auto done = add_identities(); !done) return done;
  add_ec2();
  add_rds();
  if (auto done = add_sns(); !done) return done;
  add_small_services();
  if (auto done = add_certificates(); !done) return done;
  add_storage_and_functions();
  add_traffic_and_scaling();

  const auto administrator = iam->identities().bootstrap(account);
  if (administrator) {
    const AdministratorKey known = {account, administrator->access_key_id, administrator->secret_access_key};
    auto written = write_credentials(credentials_path(options), known);
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
                              .request_log = &s3->access_log(),
                              .websites = &s3->sites()});
  edge->use_others({.owns = gateway::Gateway::is_website,
                    .handler = [this](http::Exchange& exchange) { return gateway->handle(exchange); }});
  api = std::make_unique<http::Server>(
      *reactors, http::Limits{},
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
