// The HTTP server, over cpp-httplib. The only file that includes it: it is slow to compile.

#include "kit/web_server.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>

#include <cctype>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

namespace kit {

namespace {

// Longer than the load balancer keeps idle connections (60 s), so that it is the one that closes:
// a request never meets a connection that is just going away.
constexpr int kKeepAliveSeconds = 75;
constexpr int kBacklog = 1024;

// A connection holds a thread while it is kept alive, so threads are made as connections come.
class GrowingPool final : public httplib::TaskQueue {
 public:
  explicit GrowingPool(std::size_t threads_max) : threads_max_(threads_max) {}

  void enqueue(std::function<void()> task) override {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() > waiting_ && threads_.size() < threads_max_) {
      threads_.emplace_back([this] { work(); });
    }
    ready_.notify_one();
  }

  void shutdown() override {
    {
      std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      ++waiting_;
      ready_.wait(lock, [this] { return is_stopping_ || !tasks_.empty(); });
      --waiting_;
      if (tasks_.empty()) return;
      std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t waiting_ = 0;
  bool is_stopping_ = false;
};

Request convert(const httplib::Request& from) {
  Request request{.method = from.method, .path = from.path};
  std::size_t question = from.target.find('?');
  if (question != std::string::npos) request.query = parse_form(from.target.substr(question + 1));
  for (const auto& [name, value] : from.headers) {
    std::string key = name;
    for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    request.headers.emplace_back(std::move(key), value);
  }
  request.body = from.body;
  request.peer = from.remote_addr;
  return request;
}

void send(Response from, httplib::Response& response) {
  response.status = from.status;
  for (const auto& [name, value] : from.headers) response.set_header(name, value);
  if (!from.stream) {
    response.set_content(std::move(from.body), from.content_type);
    return;
  }
  auto stream = std::move(from.stream);
  response.set_chunked_content_provider(
      from.content_type, [stream](std::size_t, httplib::DataSink& sink) {
        stream([&sink](std::string_view bytes) {
          return sink.is_writable() && sink.write(bytes.data(), bytes.size());
        });
        sink.done();
        return true;
      });
}

// The library waits for the next request of a connection until its time is up, whether it shall stop or not. A
// connection nothing more comes from ends at once; what has come already is still read and answered.
void stop_reading_from_clients(int port) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const int fd = std::atoi(entry.path().filename().c_str());
    sockaddr_in own{};
    sockaddr_in peer{};
    socklen_t own_size = sizeof own;
    socklen_t peer_size = sizeof peer;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0) continue;
    if (own.sin_family != AF_INET || ntohs(own.sin_port) != port) continue;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) shutdown(fd, SHUT_RD);
  }
}

}  // namespace

struct WebServer::Engine {
  httplib::Server server;
  int listener = -1;
  int port = 0;
};

WebServer::WebServer(const ServerOptions& options, Handler handler)
    : engine_(std::make_unique<Engine>()) {
  httplib::Server& server = engine_->server;
  std::size_t threads_max = options.threads_max;
  // The library owns and deletes its queue.
  server.new_task_queue = [threads_max] {
    return std::make_unique<GrowingPool>(threads_max).release();
  };
  server.set_keep_alive_timeout(kKeepAliveSeconds);
  server.set_keep_alive_max_count(1'000'000);
  server.set_read_timeout(20);
  server.set_write_timeout(20);
  server.set_payload_max_length(options.body_bytes_max);
  server.set_tcp_nodelay(true);
  Engine* engine = engine_.get();
  server.set_socket_options([engine](int socket) {
    int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    engine->listener = socket;
  });
  auto serve = [handler](const httplib::Request& request, httplib::Response& response) {
    send(handler(convert(request)), response);
  };
  server.Get("[^]*", serve);
  server.Post("[^]*", serve);
  server.Put("[^]*", serve);
  server.Patch("[^]*", serve);
  server.Delete("[^]*", serve);
  if (options.port == 0) {
    engine_->port = server.bind_to_any_port("0.0.0.0");
  } else if (server.bind_to_port("0.0.0.0", options.port)) {
    engine_->port = options.port;
  }
  // The library asks for a backlog of five; a second listen() on the socket raises it.
  if (engine_->port > 0) ::listen(engine_->listener, kBacklog);
}

WebServer::~WebServer() = default;

int WebServer::port() const { return engine_->port; }
void WebServer::run() { engine_->server.listen_after_bind(); }

void WebServer::stop() {
  engine_->server.stop();
  stop_reading_from_clients(engine_->port);
}

}  // namespace kit
