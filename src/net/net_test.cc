// Addresses, listening, connecting and TLS, over loopback and sockets in the file system.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <random>
#include <vector>

#include "async/byte_source.h"
#include "async/sync_wait.h"
#include "async/task_set.h"
#include "base/system_clock.h"
#include "net/address.h"
#include "net/connection_room.h"
#include "net/listener.h"
#include "net/pipe.h"
#include "net/socket.h"
#include "net/stream.h"
#include "net/certificate_directory.h"
#include "net/tls.h"

namespace holm::net {
namespace {

constexpr async::Duration kPatience{5000};

TEST(Address, ReadsAndWritesAllForms) {
  for (const char* text : {"127.0.0.1:80", "[::1]:8080", "[2001:db8::1]:0", "unix:/run/x.sock"}) {
    Result<Address> address = Address::parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->to_string(), text);
    sockaddr_storage storage;
    size_t bytes = address->to_sockaddr(storage);
    auto* raw = reinterpret_cast<sockaddr*>(&storage);
    EXPECT_EQ(Address::from_sockaddr(raw, bytes), *address) << text;
  }
}

TEST(Address, RefusesEverythingElse) {
  for (const char* text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "1.2.3:80",
        "::1:80", "[127.0.0.1]:80", "[::1]", "localhost:80", "unix:", "127.0.0.1:000080"}) {
    EXPECT_FALSE(Address::parse(text).has_value()) << text;
  }
}

// Connects to `address`, on which somebody listens, and returns both ends.
struct Ends {
  UniqueFd near;
  UniqueFd far;
};

class Sockets : public ::testing::Test {
 protected:
  Ends connect(const Address& address, int listening) {
    UniqueFd far;
    std::optional<Listener> listener;
    reactor().call([&] {
      auto accepted = [&far](UniqueFd connection, const Address&) { far = std::move(connection); };
      listener.emplace(reactor(), listening, accepted);
    });
    Result<UniqueFd> near = async::sync_wait(reactor(), connect_to(reactor(), address, {}));
    EXPECT_TRUE(near.has_value());
    bool arrived = false;
    while (!arrived) reactor().call([&] { arrived = static_cast<bool>(far); });
    reactor().call([&] { listener.reset(); });
    return {std::move(*near), std::move(far)};
  }
  async::Reactor& reactor() { return pool_.at(0); }

  SystemClock clock_;
  async::ReactorPool pool_{1, clock_};
};

async::Task<std::string> talk(Stream& near, Stream& far, std::string_view text) {
  co_await near.write(text, kPatience);
  near.end_writing();
  std::string all;
  char buffer[1000];
  while (true) {
    size_t bytes = co_await far.read(buffer, kPatience);
    if (bytes == 0) co_return all;
    all.append(buffer, bytes);
  }
}

TEST_F(Sockets, CarryBytesOverIpv4AndUnixSockets) {
  std::string path = "/tmp/holm_net_test_" + std::to_string(::getpid()) + ".sock";
  for (const Address& wanted : {Address::loopback(0), Address::unix_path(path)}) {
    Result<UniqueFd> socket = listen_on(wanted);
    ASSERT_TRUE(socket.has_value()) << socket.error().message;
    Address address = local_address(socket->get());
    Ends ends = connect(address, socket->get());
    std::optional<Stream> near;
    std::optional<Stream> far;
    reactor().call([&] {
      near.emplace(reactor(), std::move(ends.near));
      far.emplace(reactor(), std::move(ends.far));
    });
    EXPECT_EQ(async::sync_wait(reactor(), talk(*near, *far, "hello")), "hello");
    reactor().call([&] {
      near.reset();
      far.reset();
    });
  }
  ::unlink(path.c_str());
}

TEST_F(Sockets, AreTurnedAwayWhenThereIsNoRoomForLong) {
  Result<UniqueFd> socket = listen_on(Address::loopback(0));
  ConnectionRoom room(1);
  std::optional<ConnectionRoom::Place> taken(room);
  std::atomic<int> accepted = 0;
  std::atomic<int> turned_away = 0;
  std::optional<Listener> listener;
  reactor().call([&] {
    Listener::Bounds bounds{.room = &room, .turned_away = [&] { ++turned_away; }};
    bounds.patience = async::Duration(30);
    listener.emplace(reactor(), socket->get(), [&](UniqueFd, const Address&) { ++accepted; }, bounds);
  });
  const Address address = local_address(socket->get());
  auto arrive = [&] { return async::sync_wait(reactor(), connect_to(reactor(), address, {})); };
  Result<UniqueFd> first = arrive();
  while (turned_away == 0) std::this_thread::yield();
  EXPECT_EQ(accepted, 0);
  taken.reset();
  Result<UniqueFd> second = arrive();
  while (accepted == 0) std::this_thread::yield();
  EXPECT_EQ(turned_away, 1);
  reactor().call([&] { listener.reset(); });
}

struct Waiting final : Idler {
  explicit Waiting(std::vector<int>& own_closed, int own_name) : closed(own_closed), name(own_name) {}
  ~Waiting() = default;
  void close_if_idle() override { closed.push_back(name); }
  std::vector<int>& closed;
  int name;
};

TEST(IdleList, ClosesThoseThatHaveWaitedLongest) {
  IdleList list;
  std::vector<int> closed;
  Waiting first(closed, 1), second(closed, 2), third(closed, 3);
  {
    Waiting gone(closed, 0);
    list.add(gone);
    for (Waiting* each : {&first, &second, &third}) list.add(*each);
  }
  list.add(first);
  IdleList::remove(third);
  EXPECT_EQ(list.close_oldest(1), 1u);
  EXPECT_EQ(closed, std::vector{2});
  EXPECT_EQ(list.close_oldest(5), 1u);
  EXPECT_EQ(closed, (std::vector{2, 1}));
  EXPECT_EQ(list.close_oldest(1), 0u);
}

TEST_F(Sockets, BytesGoFromOneToTheOtherThroughAPipe) {
  std::array<int, 2> again{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, again.data()), 0);
  const UniqueFd other(again[0]);
  ASSERT_EQ(::send(other.get(), "hello, world", 12, 0), 12);
  reactor().call([&] {
    Stream in(reactor(), UniqueFd(again[1]));
    std::array<int, 2> last{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, last.data()), 0);
    const UniqueFd reader(last[0]);
    Stream out(reactor(), UniqueFd(last[1]));
    std::optional<Pipe> pipe = Pipe::take();
    ASSERT_TRUE(pipe.has_value());
    EXPECT_EQ(in.read_some(*pipe, 5).bytes, 5u);
    EXPECT_EQ(pipe->bytes(), 5u);
    EXPECT_EQ(out.write_some(*pipe).status, Io::Done);
    EXPECT_EQ(pipe->bytes(), 0u);
    EXPECT_EQ(in.read_some(*pipe, 100).bytes, 7u);
    EXPECT_EQ(out.write_some(*pipe).bytes, 7u);
    std::array<char, 32> got{};
    EXPECT_EQ(::recv(reader.get(), got.data(), got.size(), 0), 12);
    EXPECT_EQ(std::string_view(got.data()), "hello, world");
    // One that is given up with bytes in it is nobody else's.
    ASSERT_EQ(::send(other.get(), "left", 4, 0), 4);
    EXPECT_EQ(in.read_some(*pipe, 100).bytes, 4u);
    pipe.reset();
    std::optional<Pipe> next = Pipe::take();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->bytes(), 0u);
    EXPECT_EQ(in.read_some(*next, 100).status, Io::WouldBlock);
  });
}

TEST_F(Sockets, SoManyPipesAreTakenAndNoMore) {
  reactor().call([] {
    std::vector<Pipe> taken;
    while (std::optional<Pipe> pipe = Pipe::take()) taken.push_back(std::move(*pipe));
    EXPECT_EQ(taken.size(), 128u);
    taken.pop_back();
    EXPECT_TRUE(Pipe::take().has_value());
  });
}

TEST_F(Sockets, GiveUpReadingWhenNothingComes) {
  Result<UniqueFd> socket = listen_on(Address::loopback(0));
  Ends ends = connect(local_address(socket->get()), socket->get());
  std::optional<Stream> near;
  reactor().call([&] { near.emplace(reactor(), std::move(ends.near)); });
  char buffer[10];
  EXPECT_THROW(async::sync_wait(reactor(), near->read(buffer, async::Duration{30})),
               async::StreamError);
  reactor().call([&] { near.reset(); });
}

TEST_F(Sockets, SayThatAnAddressIsTaken) {
  Result<UniqueFd> first = listen_on(Address::loopback(0));
  Result<UniqueFd> second = listen_on(local_address(first->get()));
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("already in use"), std::string::npos);
}

TEST(SocketIn, MakesTheSocketInTheNamespaceAndComesBack) {
  int here = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  UniqueFd own(here);
  Result<UniqueFd> socket = socket_in(own.get(), AF_INET, SOCK_STREAM);
  if (!socket) GTEST_SKIP() << socket.error().message;
  EXPECT_TRUE(static_cast<bool>(*socket));
}

std::string pem_of(auto write) {
  BIO* bio = BIO_new(BIO_s_mem());
  write(bio);
  char* data = nullptr;
  long bytes = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<size_t>(bytes));
  BIO_free(bio);
  return pem;
}

// A certificate for `name` that signs itself.
CertificatePem self_signed(const std::string& name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  auto* bytes = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, bytes, -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  std::string alternative = "DNS:" + name;
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, key, EVP_sha256());
  CertificatePem pem;
  pem.chain = pem_of([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
  pem.private_key = pem_of(
      [&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pem;
}

class Tls : public Sockets {
 protected:
  struct Outcome {
    std::string received;  // Or the error, after "! ".
    std::string protocol;
    std::string server_name;
    std::string version;
    std::string cipher;
  };

  // Talks to a server that has certificates for a.test (its default) and b.test.
  Outcome connect_to_server(const std::string& name, const std::string& authorities) {
    auto first = *TlsCertificate::load(first_);
    auto second = *TlsCertificate::load(second_);
    TlsServerOptions server_options;
    server_options.policy = server_policy_;
    server_options.policy.protocols = {"h2", "http/1.1"};
    server_options.certificate = first;
    server_options.answer = [second](std::string_view asked) {
      return TlsAnswer{asked == "b.test" ? second : nullptr, nullptr};
    };
    auto server = *TlsServerContext::make(server_options);
    auto client = *TlsClientContext::make({.authorities = authorities});
    Result<UniqueFd> socket = listen_on(Address::loopback(0));
    Ends ends = connect(local_address(socket->get()), socket->get());
    Outcome outcome;
    std::optional<Stream> near;
    std::optional<Stream> far;
    reactor().call([&] {
      auto near_tls = client->connect(ends.near.get(), name);
      auto far_tls = server->accept(ends.far.get());
      near.emplace(reactor(), std::move(ends.near), std::move(near_tls));
      far.emplace(reactor(), std::move(ends.far), std::move(far_tls));
    });
    async::TaskSet tasks;
    reactor().call([&] { tasks.spawn(receive(*far, outcome)); });
    async::sync_wait(reactor(), send(*near, outcome));
    bool finished = false;
    while (!finished) reactor().call([&] { finished = tasks.size() == 0; });
    reactor().call([&] {
      near.reset();
      far.reset();
    });
    return outcome;
  }

  async::Task<void> receive(Stream& far, Outcome& outcome) {
    std::string buffer(50'000, '\0'), all;
    try {
      while (true) {
        const size_t wanted = 1 + random_() % reads_max_;
        size_t bytes = co_await far.read(std::span(buffer).first(wanted), kPatience);
        if (bytes == 0) break;
        all.append(buffer, 0, bytes);
      }
      outcome.protocol = far.tls()->protocol();
      outcome.server_name = far.tls()->server_name();
      outcome.version = far.tls()->version();
      outcome.cipher = far.tls()->cipher();
      outcome.received = all;
    } catch (const async::StreamError&) {
      outcome.received = "! refused";
    }
  }
  async::Task<void> send(Stream& near, Outcome&) {
    try {
      for (std::string_view left = text_; !left.empty();) {
        const std::string_view piece = left.substr(0, 1 + random_() % writes_max_);
        co_await near.write(piece, kPatience);
        left.remove_prefix(piece.size());
      }
      near.end_writing();
    } catch (const async::StreamError&) {
      // The outcome shows at the other side.
    }
  }

  std::string text_ = "secret";
  size_t writes_max_ = 1000, reads_max_ = 1000;  // Bytes, 50,000 at most.
  std::mt19937_64 random_{5};
  CertificatePem first_ = self_signed("a.test");
  CertificatePem second_ = self_signed("b.test");
  TlsPolicy server_policy_;
};

TEST_F(Tls, KeepsToItsPolicyOfVersionsAndCiphers) {
  EXPECT_EQ(connect_to_server("a.test", first_.chain).version, "TLSv1.3");
  server_policy_.suites = {"TLS_AES_256_GCM_SHA384"};
  EXPECT_EQ(connect_to_server("a.test", first_.chain).cipher, "TLS_AES_256_GCM_SHA384");
  server_policy_ = {.version_max = TlsVersion::Tls12, .ciphers = {"ECDHE-ECDSA-AES256-SHA384"}};
  Outcome old = connect_to_server("a.test", first_.chain);
  EXPECT_EQ(old.version, "TLSv1.2");
  EXPECT_EQ(old.cipher, "ECDHE-ECDSA-AES256-SHA384");
  server_policy_ = {.version_min = TlsVersion::Tls10, .version_max = TlsVersion::Tls11};
  EXPECT_EQ(connect_to_server("a.test", first_.chain).received, "! refused") << "the client wants more";
}

TEST(CertificateDirectory, KnowsWhatCoversANameAndWhoServesIt) {
  EXPECT_TRUE(certificate_covers("a.test", "a.test"));
  EXPECT_TRUE(certificate_covers("*.a.test", "b.a.test"));
  EXPECT_FALSE(certificate_covers("*.a.test", "a.test"));
  EXPECT_FALSE(certificate_covers("*.a.test", "c.b.a.test"));
  EXPECT_FALSE(certificate_covers("*.a.test", ".a.test"));
  EXPECT_FALSE(certificate_covers("", ""));

  CertificateDirectory directory;
  EXPECT_EQ(directory.find("arn:1"), nullptr);
  directory.publish("arn:1", {.certificate = nullptr, .names = {"a.test"}});
  EXPECT_EQ(directory.find("arn:1")->names.front(), "a.test");
  directory.set_users("elbv2", {{"arn:1", {"one", "two"}}});
  directory.set_users("cdn", {{"arn:1", {"three"}}});
  EXPECT_EQ(directory.users_of("arn:1").size(), 3u);
  directory.set_users("elbv2", {});
  EXPECT_EQ(directory.users_of("arn:1").size(), 1u);
  directory.remove("arn:1");
  EXPECT_EQ(directory.find("arn:1"), nullptr);
}

TEST_F(Tls, CarriesBytesWithTheCertificateOfTheNameAskedFor) {
  Outcome first = connect_to_server("a.test", first_.chain);
  EXPECT_EQ(first.received, "secret");
  EXPECT_EQ(first.protocol, "http/1.1");
  EXPECT_EQ(first.server_name, "a.test");
  EXPECT_EQ(connect_to_server("b.test", second_.chain).received, "secret");
}

// Records come in parts and several at once; nobody waits for what is here already.
TEST_F(Tls, CarriesPiecesOfEverySize) {
  for (int i = 0; i < 300'000; ++i) text_ += static_cast<char>('a' + i % 23);
  for (const auto& [writes, reads] : {std::pair{10, 50'000}, {300, 40}, {50'000, 700}, {40'000, 50'000}}) {
    writes_max_ = static_cast<size_t>(writes);
    reads_max_ = static_cast<size_t>(reads);
    EXPECT_EQ(connect_to_server("a.test", first_.chain).received, text_) << writes << " " << reads;
  }
}

TEST_F(Tls, IsRefusedByAClientThatDoesNotTrustTheCertificate) {
  EXPECT_EQ(connect_to_server("b.test", first_.chain).received, "! refused");
  EXPECT_EQ(connect_to_server("c.test", first_.chain).received, "! refused");
}

TEST(TlsCertificate, IsNotLoadedWithAForeignKeyOrNonsense) {
  CertificatePem first = self_signed("a.test");
  CertificatePem second = self_signed("b.test");
  EXPECT_TRUE(TlsCertificate::load(first).has_value());
  EXPECT_FALSE(TlsCertificate::load({first.chain, second.private_key}).has_value());
  EXPECT_FALSE(TlsCertificate::load({"nonsense", first.private_key}).has_value());
  EXPECT_FALSE(TlsCertificate::load({first.chain, ""}).has_value());
}

}  // namespace
}  // namespace holm::net
