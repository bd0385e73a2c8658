// The compiled form of a policy document.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/policy/condition.h"
#include "aws/policy/pattern.h"

namespace holm::aws::policy {

// One of those a Principal element names.
struct PrincipalEntry {
  enum class Kind {
    Everyone,       // "*"
    Account,        // Its number; whoever is of the account, if the account lets them.
    Arn,            // A user, a role or a role's session.
    UniqueId,       // AIDA…, AROA…
    Service,        // "sns.amazonaws.com"
    Federated,      // An identity provider.
    CanonicalUser,  // An account, as S3 numbers it.
  };
  Kind kind = Kind::Everyone;
  std::string text;
};

enum class Polarity { Is, IsNot };  // Action or NotAction …

struct Statement {
  std::string sid;
  Effect effect = Effect::Allow;
  std::optional<Polarity> principal_polarity;  // Nothing: there is no such element.
  std::vector<PrincipalEntry> principals;
  std::optional<Polarity> action_polarity;
  std::vector<std::string> actions;  // Lower case, with wildcards.
  std::optional<Polarity> resource_polarity;
  std::vector<Pattern> resources;
  std::vector<std::string> resource_texts;  // As written.
  std::vector<Condition> conditions;
};

struct Document {
  std::string id;
  std::vector<Statement> statements;
  std::vector<std::string> context_keys;  // Of conditions and variables, in lower case, each once.
};

}  // namespace holm::aws::policy
