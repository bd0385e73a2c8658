// IAM as a whole.

#include "services/iam/service.h"

#include "iam/migrations.h"
#include "services/iam/identities.h"
#include "services/iam/vault.h"

namespace holm::iam {

Service::Service(const Dependencies& dependencies)
    : dependencies_(dependencies), vault_(std::make_unique<Vault>(dependencies.key)) {
  dependencies_.database.migrate("iam", migrations());
  identities_ = std::make_unique<Identities>(dependencies_.database, dependencies_.clock, dependencies_.random,
                                             *vault_);
}

Service::~Service() = default;

aws::IdentityProvider& Service::identities() { return *identities_; }

void Service::changed(aws::Call& call) {
  call.after_commit([this] { identities_->forget(); });
}

}  // namespace holm::iam
