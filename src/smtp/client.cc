// The conversation with a relay.

#include "smtp/client.h"

#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>

#include "base/strings.h"
#include "net/socket.h"
#include "net/stream.h"
#include "net/tls.h"
#include "smtp/replies.h"

namespace holm::smtp {

namespace {

constexpr async::Duration kConnectTimeout{10'000};
// RFC 5321 allows relays minutes; whoever needs that long is asked again later.
constexpr async::Duration kReplyTimeout{60'000};
// Of the whole conversation: a relay that sends a byte now and then holds nobody up for longer.
constexpr std::chrono::minutes kConversationMax{5};

std::unexpected<Refusal> temporary(std::string message) {
  return std::unexpected(Refusal{Refusal::Kind::Temporary, std::move(message)});
}

std::unexpected<Refusal> refused(const Reply& reply) {
  return std::unexpected(
      Refusal{reply.is_temporary() ? Refusal::Kind::Temporary : Refusal::Kind::Permanent, reply.text()});
}

// A line that begins with a dot gets a second one, and a dot alone ends the message.
std::string dotted(std::string_view mail) {
  std::string bytes = replace_all(mail, "\r\n.", "\r\n..");
  if (bytes.starts_with('.')) bytes.insert(0, 1, '.');
  if (!bytes.ends_with("\r\n")) bytes += "\r\n";
  return bytes + ".\r\n";
}

bool offers(const Reply& greeting, std::string_view extension) {
  return std::ranges::any_of(greeting.lines, [&](const std::string& line) {
    return equals_ignoring_case(std::string_view(line).substr(0, line.find(' ')), extension);
  });
}

bool offers_login(const Reply& greeting, std::string_view mechanism) {
  for (const std::string& line : greeting.lines) {
    const auto words = split(line, ' ');
    if (!equals_ignoring_case(words[0], "AUTH")) continue;
    return std::ranges::any_of(words,
                               [&](std::string_view word) { return equals_ignoring_case(word, mechanism); });
  }
  return false;
}

bool is_this_machine(const net::Address& address) {
  return address.ip().starts_with("127.") || address.ip() == "::1";
}

using Answer = Result<Reply, Refusal>;

// One connection. Lives on its reactor's thread, within send().
class Conversation {
 public:
  Conversation(async::Reactor& reactor, const Relay& relay, net::Address address)
      : reactor_(reactor),
        relay_(relay),
        address_(std::move(address)),
        ends_(reactor.clock().steady() + kConversationMax) {}

  async::Task<Answer> open();
  async::Task<Answer> log_in();
  async::Task<Answer> hand_over(Envelope envelope, std::string mail);
  async::Task<void> leave();

 private:
  async::Task<Answer> ask(std::string line);
  async::Task<Answer> read_reply();
  async::Task<bool> write(std::string bytes);
  async::Task<Answer> greet();
  Result<void, Refusal> begin_tls(UniqueFd socket);
  // How long the relay may take for its next bytes; zero once the conversation has lasted too long.
  async::Duration patience() const;

  async::Reactor& reactor_;
  const Relay& relay_;
  const net::Address address_;
  const SteadyTime ends_;
  std::shared_ptr<const net::TlsClientContext> context_;
  std::unique_ptr<net::Stream> stream_;
  ReplyReader replies_;
  Reply greeting_;  // What it offers.
  bool is_secret_ = false;
};

async::Duration Conversation::patience() const {
  const auto left = std::chrono::duration_cast<async::Duration>(ends_ - reactor_.clock().steady());
  return std::clamp(left, async::Duration{0}, kReplyTimeout);
}

async::Task<bool> Conversation::write(std::string bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const std::array<iovec, 1> pieces = {iovec{bytes.data() + at, bytes.size() - at}};
    const net::IoResult moved = stream_->write_some(pieces);
    at += moved.bytes;
    if (moved.status == net::Io::Done) continue;
    if (moved.status != net::Io::WouldBlock) co_return false;
    const async::Duration patience_left = patience();
    if (patience_left == async::Duration{0}) co_return false;
    const net::Wait waited = co_await stream_->writable(patience_left);
    if (waited == net::Wait::TimedOut) co_return false;
  }
  co_return true;
}

async::Task<Answer> Conversation::read_reply() {
  std::array<char, 4096> buffer;
  std::string_view bytes;
  while (true) {
    auto reply = replies_.feed(bytes);
    if (!reply) co_return temporary(reply.error().message);
    if (*reply) co_return std::move(**reply);
    const net::IoResult moved = stream_->read_some(buffer);
    bytes = std::string_view(buffer.data(), moved.bytes);
    if (moved.status == net::Io::Done) continue;
    if (moved.status != net::Io::WouldBlock) co_return temporary("the mail relay has ended the connection");
    const async::Duration patience_left = patience();
    if (patience_left == async::Duration{0}) co_return temporary("the mail relay takes too long");
    const net::Wait waited = co_await stream_->readable(patience_left);
    if (waited == net::Wait::TimedOut) co_return temporary("the mail relay does not answer");
  }
}

async::Task<Answer> Conversation::ask(std::string line) {
  line += "\r\n";
  if (!co_await write(std::move(line))) co_return temporary("the mail relay has ended the connection");
  co_return co_await read_reply();
}

Result<void, Refusal> Conversation::begin_tls(UniqueFd socket) {
  auto context = net::TlsClientContext::make(net::TlsClientOptions{.protocols = {}});
  if (!context) return temporary(context.error().message);
  context_ = std::move(*context);
  auto session = context_->connect(socket.get(), relay_.host);
  if (!session) return temporary("no memory for TLS");
  stream_ = std::make_unique<net::Stream>(reactor_, std::move(socket), std::move(session));
  replies_ = ReplyReader();  // What came before TLS came from anybody.
  is_secret_ = true;
  return {};
}

async::Task<Answer> Conversation::greet() {
  Answer answer = co_await ask("EHLO holm.localhost");
  if (answer && answer->is_good()) greeting_ = *answer;
  if (answer && !answer->is_good()) co_return refused(*answer);
  co_return answer;
}

async::Task<Answer> Conversation::open() {
  const net::ConnectOptions options{.where = {}, .timeout = kConnectTimeout};
  Result<UniqueFd> socket = co_await net::connect_to(reactor_, address_, options);
  if (!socket)
    co_return temporary(fmt::format("the mail relay cannot be reached: {}", socket.error().message));
  if (relay_.security == Security::Tls) {
    if (auto begun = begin_tls(std::move(*socket)); !begun) co_return std::unexpected(begun.error());
  } else {
    stream_ = std::make_unique<net::Stream>(reactor_, std::move(*socket));
  }
  Answer welcome = co_await read_reply();
  if (!welcome) co_return welcome;
  if (!welcome->is_good()) co_return refused(*welcome);
  Answer greeted = co_await greet();
  if (!greeted || is_secret_ || !offers(greeting_, "STARTTLS")) co_return greeted;
  Answer ready = co_await ask("STARTTLS");
  if (!ready) co_return ready;
  if (!ready->is_good()) co_return refused(*ready);
  // The stream ends with its own descriptor; the connection goes on with this one.
  UniqueFd kept(::dup(stream_->fd()));
  if (!kept) co_return temporary("too many files are open");
  stream_.reset();
  if (auto begun = begin_tls(std::move(kept)); !begun) co_return std::unexpected(begun.error());
  co_return co_await greet();
}

async::Task<Answer> Conversation::log_in() {
  if (relay_.user.empty()) co_return greeting_;
  if (!is_secret_ && !is_this_machine(address_)) {
    co_return temporary("the mail relay offers no TLS, and the password is not sent without it");
  }
  Answer answer = temporary("");
  if (offers_login(greeting_, "PLAIN")) {
    const std::string words = std::string(1, '\0') + relay_.user + std::string(1, '\0') + relay_.password;
    answer = co_await ask("AUTH PLAIN " + base64_encode(words));
  } else {
    answer = co_await ask("AUTH LOGIN");
    if (answer && answer->code == 334) answer = co_await ask(base64_encode(relay_.user));
    if (answer && answer->code == 334) answer = co_await ask(base64_encode(relay_.password));
  }
  // A wrong password is mended in the region's flags; the message may wait for that.
  if (answer && !answer->is_good())
    co_return temporary("the mail relay refuses the login: " + answer->text());
  co_return answer;
}

async::Task<Answer> Conversation::hand_over(Envelope envelope, std::string mail) {
  const std::string from = "MAIL FROM:<" + envelope.sender + ">", to = "RCPT TO:<" + envelope.recipient + ">";
  Answer answer = co_await ask(from);
  if (!answer) co_return answer;
  if (!answer->is_good()) co_return refused(*answer);
  answer = co_await ask(to);
  if (!answer) co_return answer;
  if (!answer->is_good()) co_return refused(*answer);
  answer = co_await ask("DATA");
  if (!answer) co_return answer;
  if (answer->code != 354) co_return refused(*answer);
  if (!co_await write(dotted(mail))) co_return temporary("the mail relay has ended the connection");
  answer = co_await read_reply();
  if (answer && !answer->is_good()) co_return refused(*answer);
  co_return answer;
}

async::Task<void> Conversation::leave() {
  if (stream_) (void)co_await write("QUIT\r\n");
}

}  // namespace

async::Task<Result<std::string, Refusal>> send(async::Reactor& reactor, Relay relay, net::Address address,
                                               Envelope envelope, std::string mail) {
  Conversation conversation(reactor, relay, std::move(address));
  Answer answer = co_await conversation.open();
  if (answer) answer = co_await conversation.log_in();
  if (answer) answer = co_await conversation.hand_over(std::move(envelope), std::move(mail));
  co_await conversation.leave();
  if (!answer) co_return std::unexpected(answer.error());
  co_return answer->text();
}

}  // namespace holm::smtp
