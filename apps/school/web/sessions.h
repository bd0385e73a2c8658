// Signing in and out, and who a request comes from. Sessions are rows, so that any instance knows
// them.
#pragma once

#include <optional>
#include <semaphore>
#include <string>

#include "kit/mysql.h"
#include "kit/web.h"
#include "web/roles.h"

namespace school {

class Sessions final {
 public:
  explicit Sessions(kit::Database& database) : database_(database) {}

  struct SignIn {
    std::string login;
    std::string password;
    std::string address;  // Of the visitor.
  };
  // A new session's token. Throws HttpError: 401 for a wrong pair, 429 after five attempts in a
  // minute for one login from one address.
  std::string sign_in(const SignIn& input);
  void sign_out(const kit::Request& request);

  std::optional<Viewer> find_viewer(const kit::Request& request);
  // Throws 401.
  Viewer require_viewer(const kit::Request& request);
  // For requests that change something: also throws 403 without the right X-CSRF-Token.
  Viewer require_writer(const kit::Request& request);

 private:
  void count_attempt(const SignIn& input);
  bool is_right(const std::string& hash, const std::string& password);

  kit::Database& database_;
  // A hash takes 64 MiB and some 50 ms of a core.
  std::counting_semaphore<> hashing_{4};
};

// The Set-Cookie header that begins or ends a session in the browser.
std::string session_cookie(const std::string& token, const kit::Request& request);
std::string ended_session_cookie(const kit::Request& request);

// Throws 403 when another site's page made the browser send this.
void require_same_site(const kit::Request& request);

}  // namespace school
