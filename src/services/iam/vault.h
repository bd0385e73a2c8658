// Secrets at rest and in session tokens, and the making of access keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/service/identity.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/aead.h"

namespace holm::iam {

// What a session token says. It is sealed, so that nothing about sessions has to be stored.
struct Session {
  std::string access_key_id;
  std::string secret_access_key;
  aws::Principal principal;
  std::vector<std::string> policy_arns;
  Time issued{};
  Time expires{};
};

// Any thread.
class Vault final {
 public:
  explicit Vault(const crypto::Aead::Key& key);

  // A secret is sealed for its key id and opens for no other.
  std::string seal_secret(const aws::AccessKey& key, Random& random) const;
  std::optional<std::string> open_secret(std::string_view access_key_id, std::string_view sealed) const;

  std::string seal_session(const Session& session, Random& random) const;
  std::optional<Session> open_session(std::string_view token) const;

 private:
  crypto::Aead secrets_;
  crypto::Aead sessions_;
};

enum class KeyKind { LongLived, Temporary };

// A new key. As on AWS its id holds the account's number, and nothing else that can be guessed.
aws::AccessKey make_access_key(KeyKind kind, std::string_view account, Random& random);
// The account that a key id was made for; nothing when it is no such id.
std::optional<std::string> account_of_key(std::string_view access_key_id);

}  // namespace holm::iam
