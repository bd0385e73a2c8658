// Making access keys, for handlers and for the first start.
#pragma once

#include "aws/service/identity.h"
#include "base/random.h"
#include "services/iam/entities.h"

namespace holm::iam {

class Vault;

aws::AccessKey insert_access_key(sql::Transaction& transaction, const Vault& vault, Random& random,
                                 const Entity& user, Time now);

}  // namespace holm::iam
