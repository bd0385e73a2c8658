// The one way in: every request to the AWS API is identified, authenticated, read, validated, authorised,
// invoked and recorded here, in this order, and nowhere else.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/workers.h"
#include "aws/protocol/detect.h"
#include "aws/signature/verify.h"
#include "base/clock.h"
#include "base/random.h"
#include "gateway/local_region.h"
#include "gateway/services.h"
#include "gateway/signing_keys.h"
#include "gateway/website.h"
#include "http/server.h"

namespace holm::aws {
class BrowserRules;
class IdentityProvider;
class RequestLog;
struct Credentials;
}  // namespace holm::aws

namespace holm::gateway {

struct GatewayOptions {
  std::string default_region = "us-east-1";
  // Whose resources anonymous requests are about, as far as a resource does not say it itself.
  std::string default_account;
  // Bodies that are not streamed are held in memory. An operation may take larger ones.
  size_t body_bytes_max = 16u << 20;
  aws::RequestLog* request_log = nullptr;  // S3's, if there is one.
  const aws::Websites* websites = nullptr;
};

// Handles requests on the HTTP server's reactors; borrows everything for its life.
class Gateway final {
 public:
  Gateway(const Services& services, LocalRegion& region, aws::IdentityProvider& identities,
          const aws::BrowserRules* browser_rules, async::Workers& workers, Clock& clock, Random& random,
          GatewayOptions options);

  // An http::Handler.
  async::Task<void> handle(http::Exchange& exchange);
  // Whether a host is that of a bucket's web site, for those who listen where visitors come.
  static bool is_website(std::string_view authority);

 private:
  struct Request;
  struct Answered;
  async::Task<http::Response> answer(http::Exchange& exchange, Request& request);
  async::Task<void> read_body(http::Exchange& exchange, Request& request);
  async::Task<void> read_form(http::Exchange& exchange, Request& request);
  void authenticate_form(Request& request);
  size_t body_bytes_max(const Request& request) const;
  void identify(Request& request);
  async::Task<http::Response> answer_visitor(http::Exchange& exchange, Request& request);
  async::Task<http::Response> fetch_as_stranger(http::Exchange& exchange, Request& request,
                                                WebsiteVisit::Wanted wanted);
  aws::Caller stranger(const Request& request) const;
  void authenticate(Request& request);
  std::shared_ptr<const aws::Credentials> require_credentials(const Request& request,
                                                              const std::string& access_key_id,
                                                              const std::string& token);
  void require_known_key(const Request& request);
  void verify(Request& request, aws::signature::Signed claim);
  void verify(Request& request, const aws::signature::SignedVersion2& claim);
  static void become(Request& request, const aws::Credentials& credentials);
  async::Task<http::Response> invoke(http::Exchange& exchange, Request& request);
  async::Task<void> open_body(Request& request);
  http::Response preflight(const Request& request);
  void add_browser_headers(const Request& request, http::Response& response);
  bool is_logged(const Request& request) const;
  async::Task<void> log(http::Exchange& exchange, const Request& request, const Answered& answered);

  const Services& services_;
  const aws::Directory directory_;
  LocalRegion& region_;
  aws::IdentityProvider& identities_;
  const aws::BrowserRules* browser_rules_;
  async::Workers& workers_;
  Clock& clock_;
  Random& random_;
  GatewayOptions options_;
  SigningKeys signing_keys_;
};

}  // namespace holm::gateway
