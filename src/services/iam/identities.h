// Who a key belongs to and what they may do, from memory: what every request asks.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "aws/service/identity.h"
#include "base/clock.h"
#include "base/random.h"
#include "services/iam/entities.h"
#include "services/iam/vault.h"
#include "sql/database.h"

namespace holm::iam {

// Owned by the service; any thread. What it borrows outlives it.
class Identities final : public aws::IdentityProvider {
 public:
  Identities(sql::Database& database, Clock& clock, Random& random, const Vault& vault);

  Result<std::shared_ptr<const aws::Credentials>, aws::CredentialProblem> find_credentials(
      std::string_view access_key_id, std::string_view session_token) override;
  std::shared_ptr<const aws::PrincipalPolicies> policies_of(const aws::Principal& principal) override;
  std::optional<aws::AccessKey> bootstrap(const std::string& account) override;
  std::optional<aws::RoleSummary> find_role(std::string_view role_arn) override;
  std::optional<std::string> account_of(std::string_view access_key_id) const override {
    return account_of_key(access_key_id);
  }
  std::shared_ptr<const aws::Accounts> accounts() override;
  Result<aws::TemporaryCredentials> issue_session(const aws::SessionRequest& request) override;
  Result<aws::TemporaryCredentials> issue_role_credentials(std::string_view role_arn, std::string_view service,
                                                           std::string_view session_name,
                                                           std::chrono::seconds duration) override;

  // After a commit that changed anything of IAM's.
  void forget();

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class T>
  using Memory = std::unordered_map<std::string, std::shared_ptr<const T>, TextHash, std::equal_to<>>;
  using Found = Result<std::shared_ptr<const aws::Credentials>, aws::CredentialProblem>;

  // What is remembered under `key`, else what `load` gives, which is then remembered unless something changed
  // while it was read.
  template <class T, class Load>
  std::shared_ptr<const T> remembered(Memory<T>& memory, std::string_view key, Load load);

  std::shared_ptr<const aws::Credentials> load_key(std::string_view access_key_id);
  std::shared_ptr<const aws::Credentials> load_session(std::string_view token);
  std::shared_ptr<const aws::PrincipalPolicies> load_policies(const aws::Principal& principal);
  void make_administrator(sql::Transaction& transaction, const std::string& account);

  sql::Database& database_;
  Clock& clock_;
  Random& random_;
  const Vault& vault_;
  const std::shared_ptr<const aws::PrincipalPolicies> everything_;
  const std::shared_ptr<const aws::PrincipalPolicies> nothing_;
  std::shared_mutex mutex_;  // Guards what follows.
  uint64_t generation_ = 0;
  Memory<aws::Credentials> keys_;
  Memory<aws::Credentials> sessions_;  // By token.
  Memory<aws::PrincipalPolicies> policies_;
  Memory<aws::Accounts> accounts_;  // Under one key.
};

}  // namespace holm::iam
