// The HTTP server: a thread a connection, started when needed, bounded.
#pragma once

#include <cstddef>
#include <memory>

#include "kit/web.h"

namespace kit {

struct ServerOptions {
  int port = 0;  // 0 takes a free one.
  std::size_t threads_max = 512;
  std::size_t body_bytes_max = 1024 * 1024;
};

class WebServer {
 public:
  // `handler` runs on many threads and must not throw.
  WebServer(const ServerOptions& options, Handler handler);
  ~WebServer();

  // The port listened on, 0 when it could not be had.
  int port() const;
  // Blocks until stop(); requests under way are finished.
  void run();
  // Any thread.
  void stop();

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace kit
