// The services of a region, each given what it is built on. No logic of its own.

#include <optional>

#include "acm/handlers.h"
#include "autoscaling/handlers.h"
#include "aws/service/identity.h"
#include "cloudformation/handlers.h"
#include "cloudwatch/handlers.h"
#include "crypto/hash.h"
#include "ec2/handlers.h"
#include "elb/handlers.h"
#include "elbv2/handlers.h"
#include "iam/handlers.h"
#include "kms/handlers.h"
#include "lambda/handlers.h"
#include "logs/handlers.h"
#include "net/socket.h"
#include "organizations/handlers.h"
#include "rds/handlers.h"
#include "region/addresses.h"
#include "region/own_name.h"
#include "region/region_state.h"
#include "s3/handlers.h"
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
#include "services/elb/resources.h"
#include "services/elb/service.h"
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
#include "ssm/handlers.h"
#include "sts/handlers.h"

namespace holm::region {

namespace {

// A load balancer's own name has no port in it, wherever the edge listens.
std::vector<lambda::Site> sites_for_functions(const net::Address& edge, const net::Address& secure) {
  std::vector<lambda::Site> sites = {{.port = 80, .target = edge}};
  if (edge.port() != 80) sites.push_back({.port = edge.port(), .target = edge});
  if (secure.port() != 0) sites.push_back({.port = 443, .target = secure});
  return sites;
}

s3::NewBuckets new_buckets_of(const Options& options) {
  return options.new_buckets == "classic" ? s3::NewBuckets::Classic : s3::NewBuckets::Current;
}

// One key for each purpose, so that what one seals is no use to another.
crypto::Aead::Key derive_key(const crypto::Aead::Key& key, std::string_view purpose) {
  return crypto::hmac_sha256({reinterpret_cast<const char*>(key.data()), key.size()}, purpose);
}

}  // namespace

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
      ec2::Dependencies{
          .jobs = *jobs,
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
                                                             .meters = *meters,
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
    if (!smtp::is_address(options.mail_sender))
      return failure(options.mail_sender + " is no address of mail");
    mail = sns::MailSettings{std::move(*relay), options.mail_sender};
  }
  const std::string port = options.api_address.substr(options.api_address.rfind(':') + 1);
  sns = &services.add<sns::Service>(sns::model(),
                                    sns::Dependencies{.jobs = *jobs,
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
                                                                .objects = *objects,
                                                                .store = *blobs,
                                                                .jobs = *jobs,
                                                                .region = *client,
                                                                .workers = *workers,
                                                                .clock = clock,
                                                                .random = random,
                                                                .metrics = *metrics,
                                                                .identities = iam->identities(),
                                                                .key = key,
                                                                .new_buckets = new_buckets_of(options),
                                                                .day = lifecycle_day});
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
  balancer::Surroundings surroundings{.owner = "elbv2",
                                      .sockets = *sockets,
                                      .certificates = certificates,
                                      .cookie_key = derive_key(key, "holm balancer cookies 1"),
                                      .secure_edge_port = has_secure ? secure_edge_address.port() : uint16_t{443},
                                      .access_log_folder = options.data_directory + "/access-logs",
                                      .clients = &clients,
                                      .targets = &targets};
  balancer = std::make_unique<balancer::Balancer>(*reactors, *edge, surroundings, clock, random);
  surroundings.owner = "elb";
  surroundings.access_log_folder = options.data_directory + "/access-logs-classic";
  classic_balancer =
      std::make_unique<balancer::Balancer>(*reactors, *edge, std::move(surroundings), clock, random);
  auto built_on = [this](balancer::Balancer& own) {
    return balancing::Dependencies{.jobs = *jobs,
                                   .region = *client,
                                   .events = events,
                                   .network = *network,
                                   .balancer = own,
                                   .meters = *meters,
                                   .names = names,
                                   .certificates = certificates,
                                   .workers = *workers,
                                   .clock = clock,
                                   .random = random};
  };
  auto& load_balancing = services.add<elbv2::Service>(elbv2::model(), built_on(*balancer));
  add_types(elbv2::resource_types(load_balancing));
  services.add<elb::Service>(elb::model(), built_on(*classic_balancer));
  add_types(elb::resource_types());
  auto& groups = services.add<autoscaling::Service>(autoscaling::model(), *jobs, *client, events, *meters,
                                                    clock, random);
  add_types(autoscaling::resource_types(groups));
}

void Region::State::add_types(std::vector<std::unique_ptr<stacks::ResourceType>> made) {
  for (std::unique_ptr<stacks::ResourceType>& type : made) types.add(std::move(type));
}

}  // namespace holm::region
