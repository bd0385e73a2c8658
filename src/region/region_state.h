// Everything there is in a region, in the order in which it depends on each other.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "async/reactor.h"
#include "async/workers.h"
#include "aws/service/events.h"
#include "base/random.h"
#include "base/system_clock.h"
#include "blobs/blobs.h"
#include "crypto/aead.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/edge.h"
#include "dataplane/dns/directory.h"
#include "gateway/gateway.h"
#include "gateway/local_region.h"
#include "gateway/services.h"
#include "http/server.h"
#include "jobs/jobs.h"
#include "metrics/meters.h"
#include "metrics/store.h"
#include "net/certificate_directory.h"
#include "net/connection_room.h"
#include "objects/blob_store.h"
#include "region/doors.h"
#include "region/machine.h"
#include "region/region.h"
#include "sandbox/anchor.h"
#include "sandbox/exits.h"
#include "sandbox/kept_sockets.h"
#include "sandbox/network.h"
#include "sandbox/runtime.h"
#include "services/acm/authority.h"
#include "sql/database.h"
#include "stacks/resource_type.h"

namespace holm::cloudformation {
class Service;
}
namespace holm::iam {
class Service;
}
namespace holm::s3 {
class Service;
}
namespace holm::sns {
class Service;
}

namespace holm::region {

class Region::State {
 public:
  explicit State(Options given) : options(std::move(given)), shares(share_open_files(raise_open_files_max())) {}
  ~State();

  Result<void> build();
  void begin_opening_anchor();
  void begin_opening_metrics();
  void begin_opening_authority();
  void begin_finding_account();
  void begin_making_guest_layer();
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
  const ConnectionShares shares;
  std::chrono::seconds lifecycle_day{};
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
  std::future<Result<std::string>> finding_account;
  std::future<Result<std::string>> making_guest_layer;
  std::future<Result<std::unique_ptr<sandbox::Anchor>>> opening_anchor;
  std::unique_ptr<sandbox::Anchor> anchor;
  std::unique_ptr<sandbox::KeptSockets> sockets;
  std::unique_ptr<sandbox::Network> network;
  std::unique_ptr<sandbox::Runtime> runtime;
  std::unique_ptr<async::ReactorPool> reactors;
  std::unique_ptr<async::ReactorPool> api_reactors;
  std::unique_ptr<async::Workers> workers;
  net::Address edge_address;
  net::Address secure_edge_address;   // None: no port could be had.
  net::Address inner_secure_address;  // The same for functions, who always have one.
  net::ConnectionRoom clients{shares.clients};
  net::ConnectionRoom targets{shares.targets};
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
  // Last, so that their connections end first.
  std::unique_ptr<balancer::Balancer> balancer;
  std::unique_ptr<balancer::Balancer> classic_balancer;
};

}  // namespace holm::region
