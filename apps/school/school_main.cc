// The school's web program.

#include <csignal>
#include <cstdio>
#include <thread>

#include "kit/log.h"
#include "kit/metadata.h"
#include "kit/web_server.h"
#include "web/demo.h"
#include "web/migrations.h"
#include "web/school.h"
#include "web/site.h"

namespace {

constexpr std::chrono::seconds kBetweenTries{1};

// The database may come up after the instances; the program serves its health check meanwhile.
void prepare_database(school::School& school, std::stop_token stop) {
  while (!stop.stop_requested()) {
    try {
      school::migrate(school.config.writer);
      if (school.config.is_demo) {
        school::seed_demonstration(school.config.writer, school.config.demo_password);
      }
      school.is_ready = true;
      kit::log_line("database: ready");
      return;
    } catch (const kit::DatabaseError& error) {
      kit::log_line(std::string("database: not ready: ") + error.what());
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
}

int serve(school::Config config) {
  // Taken by the thread below; every thread started from here on inherits the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  int port = config.port;
  kit::Metadata metadata(kit::environment("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
  kit::CredentialSource credentials(metadata);
  school::School school(std::move(config), credentials);
  school.instance = kit::identify_instance(metadata);
  school::Site site(school);
  kit::WebServer server({.port = port},
                        [&site](const kit::Request& request) { return site.handle(request); });
  if (server.port() <= 0) {
    kit::log_line("cannot listen on port " + std::to_string(port));
    return 1;
  }
  kit::log_line("listening on port " + std::to_string(server.port()));
  std::jthread database([&school](std::stop_token stop) { prepare_database(school, stop); });
  std::jthread stopper([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    kit::log_line("stopping");
    school.events.stop();
    server.stop();
  });
  server.run();
  return 0;
}

}  // namespace

int main() {
  auto config = school::read_config();
  if (!config) {
    std::fprintf(stderr, "school: %s\n", config.error().c_str());
    return 2;
  }
  return serve(*std::move(config));
}
