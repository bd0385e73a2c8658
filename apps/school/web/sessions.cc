// Signing in and out, and who a request comes from.

#include "web/sessions.h"

#include <algorithm>

#include "kit/crypto.h"

namespace school {

namespace {

using kit::HttpError;

constexpr char kCookie[] = "school_session";
constexpr int kAttemptsMax = 5;

std::string token_hash(const std::string& token) { return kit::hex(kit::sha256(token)); }

std::string csrf_token(const std::string& token) {
  return kit::hex(kit::hmac_sha256(token, "csrf"));
}

std::string cookie(const std::string& value, const kit::Request& request) {
  std::string text = std::string(kCookie) + "=" + value + "; Path=/; HttpOnly; SameSite=Lax";
  if (request.is_https()) text += "; Secure";
  return text;
}

}  // namespace

std::string session_cookie(const std::string& token, const kit::Request& request) {
  return cookie(token, request);
}

std::string ended_session_cookie(const kit::Request& request) {
  return cookie("", request) + "; Max-Age=0";
}

void require_same_site(const kit::Request& request) {
  std::string site = request.header("sec-fetch-site");
  std::string origin = request.header("origin");
  bool is_foreign = site == "cross-site";
  if (site.empty() && !origin.empty()) {
    is_foreign = origin.substr(origin.find("://") + 3) != request.header("host");
  }
  if (is_foreign) throw HttpError(403, "forbidden", "This form was sent by another site.");
}

// The attempt is written before the password is looked at, so that many at once count as many.
void Sessions::count_attempt(const SignIn& input) {
  std::int64_t count = database_.transaction([&](kit::Connection& connection) {
    connection.run("DELETE FROM login_attempt WHERE at < NOW(3) - INTERVAL 1 DAY LIMIT 100");
    connection.run("INSERT INTO login_attempt (login, address) VALUES (?, ?)",
                   {input.login, input.address});
    auto rows = connection.run(
        "SELECT COUNT(*) AS n FROM login_attempt WHERE login = ? AND address = ? "
        "AND at > NOW(3) - INTERVAL 1 MINUTE",
        {input.login, input.address});
    return rows.at(0).number("n");
  });
  if (count <= kAttemptsMax) return;
  HttpError error(429, "too_many_attempts",
                  "Too many attempts. Wait a minute, then try again.");
  error.retry_after_seconds = 60;
  throw error;
}

bool Sessions::is_right(const std::string& hash, const std::string& password) {
  // Of nobody's password: an unknown login takes as long as a wrong password.
  static const std::string kNobody = kit::hash_password("nobody");
  hashing_.acquire();
  bool is_right = kit::verify_password(hash.empty() ? kNobody : hash, password);
  hashing_.release();
  return is_right && !hash.empty();
}

std::string Sessions::sign_in(const SignIn& input) {
  if (input.login.empty()) throw HttpError(400, "invalid", "Enter your login.", "login");
  if (input.password.empty()) throw HttpError(400, "invalid", "Enter a password.", "password");
  SignIn bounded = input;
  bounded.login.resize(std::min<std::size_t>(bounded.login.size(), 80));
  bounded.address.resize(std::min<std::size_t>(bounded.address.size(), 64));
  if (input.password.size() > 200) throw HttpError(400, "invalid", "Too long.", "password");
  count_attempt(bounded);
  auto rows = database_.read(
      "SELECT account.id, pw_hash FROM account JOIN person ON person.id = person_id "
      "WHERE login = ? AND state = 'active' AND (locked_until IS NULL OR locked_until < NOW(3))",
      {bounded.login});
  std::string hash = rows.empty() ? "" : rows[0].text("pw_hash");
  if (!is_right(hash, input.password)) {
    throw HttpError(401, "wrong_login", "That login and password do not go together.");
  }
  std::string token = kit::hex(kit::random_bytes(32));
  database_.transaction([&](kit::Connection& connection) {
    connection.run("DELETE FROM session WHERE expires_at < NOW(3) LIMIT 100");
    connection.run("DELETE FROM login_attempt WHERE login = ? AND address = ?",
                   {bounded.login, bounded.address});
    connection.run(
        "INSERT INTO session (account_id, token_hash, expires_at) "
        "VALUES (?, ?, NOW(3) + INTERVAL 12 HOUR)",
        {rows[0].number("id"), token_hash(token)});
  });
  return token;
}

void Sessions::sign_out(const kit::Request& request) {
  std::string hash = token_hash(request.cookie(kCookie));
  database_.transaction([&](kit::Connection& connection) {
    connection.run("DELETE FROM session WHERE token_hash = ?", {hash});
  });
}

std::optional<Viewer> Sessions::find_viewer(const kit::Request& request) {
  std::string token = request.cookie(kCookie);
  if (token.size() != 64) return std::nullopt;
  auto rows = database_.read(
      "SELECT session.id, account.id AS account_id, login, person.id AS person_id, first_name, "
      "last_name, expires_at < NOW(3) + INTERVAL 715 MINUTE AS is_aging, "
      "(SELECT GROUP_CONCAT(role) FROM account_role WHERE account_role.person_id = person.id) "
      "AS roles FROM session JOIN account ON account.id = account_id "
      "JOIN person ON person.id = account.person_id "
      "WHERE token_hash = ? AND expires_at > NOW(3) AND state = 'active'",
      {token_hash(token)});
  if (rows.empty()) return std::nullopt;
  const kit::Row& row = rows[0];
  if (row.is_true("is_aging")) {
    // Twelve hours idle end a session; it is renewed every five minutes at most.
    database_.transaction([&](kit::Connection& connection) {
      connection.run("UPDATE session SET expires_at = NOW(3) + INTERVAL 12 HOUR WHERE id = ?",
                     {row.number("id")});
    });
  }
  return Viewer{.person_id = row.number("person_id"),
                .account_id = row.number("account_id"),
                .first_name = row.text("first_name"),
                .last_name = row.text("last_name"),
                .login = row.text("login"),
                .roles = parse_roles(row.text("roles")),
                .csrf_token = csrf_token(token)};
}

Viewer Sessions::require_viewer(const kit::Request& request) {
  auto viewer = find_viewer(request);
  if (!viewer) throw HttpError(401, "no_session", "Sign in first.");
  return *std::move(viewer);
}

Viewer Sessions::require_writer(const kit::Request& request) {
  Viewer viewer = require_viewer(request);
  if (!kit::equal_in_constant_time(request.header("x-csrf-token"), viewer.csrf_token)) {
    throw HttpError(403, "csrf", "The X-CSRF-Token header is missing or wrong.");
  }
  return viewer;
}

}  // namespace school
