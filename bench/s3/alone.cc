// S3 and IAM behind the gateway and nothing else of a region: what profilers look at, linked in a fraction of the
// daemon's time. bench/s3.py measures it where HOLM_S3_ALONE names it.
// Usage: s3_alone FOLDER PORT. Prints the access key and its secret, then serves until SIGTERM.

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "async/workers.h"
#include "aws/service/events.h"
#include "aws/service/identity.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/system_clock.h"
#include "blobs/blobs.h"
#include "gateway/gateway.h"
#include "gateway/local_region.h"
#include "http/server.h"
#include "iam/handlers.h"
#include "iam/migrations.h"
#include "jobs/jobs.h"
#include "metrics/store.h"
#include "net/listener.h"
#include "net/socket.h"
#include "objects/blob_store.h"
#include "s3/handlers.h"
#include "s3/migrations.h"
#include "services/iam/service.h"
#include "services/s3/access_log.h"
#include "services/s3/service.h"
#include "sql/quick_reads.h"

namespace holm {

namespace {

constexpr char kAccount[] = "123456789012";
constexpr size_t kWorkerThreads = 8, kWorkerQueueMax = 4096;  // As region.cc has them.
constexpr int kJobThreads = 2;

void serve(const std::string& folder, uint16_t port) {
  // Threads that are begun after this leave it to this one, too.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  SystemClock clock;
  SystemRandom random;
  aws::Events events;
  std::filesystem::create_directories(folder);
  const crypto::Aead::Key key = iam::load_or_make_key(folder + "/key", random).value();
  const auto database = sql::open_sqlite(
      folder + "/database",
      {{"iam", iam::migrations(), iam::tables()}, jobs::schema(), {"s3", s3::migrations(), s3::tables()}});
  const auto jobs = jobs::make_jobs(*database, clock);
  const auto objects = std::move(objects::open_store(folder + "/objects").value());
  const auto blobs = objects::open_blob_store(*objects, blobs::open_disk_store(folder + "/blobs"));
  const auto metrics = std::move(metrics::Store::open({.folder = folder + "/metrics"}, clock).value());
  async::ReactorPool reactors(std::max(2u, std::thread::hardware_concurrency()), clock);
  for (size_t i = 0; i < reactors.size(); ++i) {
    reactors.at(i).call([&] { sql::find_quick_reads(*database)->let_in(std::this_thread::get_id()); });
  }
  async::Workers workers(kWorkerThreads, kWorkerQueueMax);
  gateway::Services services;
  gateway::LocalRegion client(*database, reactors, workers, clock, random, services);
  auto& identities =
      services
          .add<iam::Service>(
              iam::model(),
              iam::Dependencies{
                  .database = *database, .clock = clock, .random = random, .events = events, .key = key})
          .identities();
  client.use_identities(identities);
  auto& s3 = services.add<s3::Service>(s3::model(), s3::Dependencies{.database = *database,
                                                                     .objects = *objects,
                                                                     .store = *blobs,
                                                                     .jobs = *jobs,
                                                                     .region = client,
                                                                     .workers = workers,
                                                                     .clock = clock,
                                                                     .random = random,
                                                                     .metrics = *metrics,
                                                                     .identities = identities,
                                                                     .key = key});
  const auto administrator = identities.bootstrap(kAccount).value();
  gateway::Gateway gateway(services, client, identities, &s3.browser_rules(), workers, clock, random,
                           {.default_region = "us-east-1",
                            .default_account = kAccount,
                            .request_log = &s3.request_log(),
                            .websites = &s3.sites()});
  http::Server api(
      reactors, http::Limits(), [&](http::Exchange& exchange) { return gateway.handle(exchange); }, clock);
  services.start();
  jobs->start(kJobThreads);
  api.listen(std::move(net::listen_on(net::Address::loopback(port)).value()));
  fmt::print("{} {}\n", administrator.access_key_id, administrator.secret_access_key);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
}

}  // namespace

}  // namespace holm

int main(int count, char** arguments) {
  const auto port = count > 2 ? holm::parse_integer(arguments[2]) : std::nullopt;
  if (!port) {
    fmt::print("Usage: s3_alone FOLDER PORT\n");
    return 2;
  }
  holm::serve(arguments[1], static_cast<uint16_t>(*port));
}
