// What IAM's handlers share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/service/events.h"
#include "aws/service/identity.h"
#include "aws/service/service.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "sql/database.h"

namespace holm::iam {

class Identities;
class Vault;

// Everything IAM is built on; all of it outlives the service.
struct Dependencies {
  sql::Database& database;
  Clock& clock;
  Random& random;
  aws::Events& events;
  crypto::Aead::Key key;  // Seals secrets and session tokens: from load_or_make_key().
};

// The key in the file `path` (mode 0600), made at first use. Without it all access keys are lost.
Result<crypto::Aead::Key> load_or_make_key(const std::string& path, Random& random);

class Service final : public aws::ServiceBase {
 public:
  explicit Service(const Dependencies& dependencies);
  ~Service() override;

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;

  // For the gateway, STS and those who run things with a role. Lives as long as the service.
  aws::IdentityProvider& identities();

  Random& random() { return dependencies_.random; }
  const Vault& vault() const { return *vault_; }
  const aws::Events& events() const { return dependencies_.events; }

  // Every handler that writes says so: what is remembered about keys and policies is forgotten after the commit.
  void changed(aws::Call& call);

 private:
  Dependencies dependencies_;
  std::unique_ptr<Vault> vault_;
  std::unique_ptr<Identities> identities_;
};

}  // namespace holm::iam
