// Keys: their rows, finding them by what clients call them, and their material.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "aws/service/call.h"
#include "kms/types.h"
#include "services/kms/ciphertext.h"
#include "sql/database.h"

namespace holm::kms {

class Service;
using aws::Call;

struct KeyRow {
  std::string account;
  std::string region;
  std::string id;
  std::string state;    // "Enabled", "Disabled", "PendingDeletion"
  std::string manager;  // "CUSTOMER", "AWS"
  std::string description;
  std::string policy;
  Time created;
  std::optional<Time> deletion;
  int32_t rotation_days = 0;  // 0: it is not rotated.
  std::optional<Time> next_rotation;
};

std::string key_arn(const KeyRow& key);

// What a KeyId may be: an id, an alias, or the ARN of either.
enum class Naming { KeyOnly, KeyOrAlias };
std::optional<KeyRow> find_key(Call& call, const std::string& name, Naming naming);
// NotFoundException, InvalidArnException.
KeyRow require_key(Call& call, const std::string& name, Naming naming = Naming::KeyOnly);
// The same; a service's own key (alias/aws/…) is made when it is not there yet. Needs a write transaction
// then.
KeyRow require_key_for_use(const Service& service, Call& call, const std::string& name);
// DisabledException, KMSInvalidStateException.
void require_usable(const KeyRow& key);

KeyRow insert_key(const Service& service, Call& call, const KeyRow& key);
// New material encrypts from now on.
void add_material(const Service& service, sql::Transaction& transaction, const KeyRow& key);

// The name of the material that encrypts now, and of that which sealed a ciphertext: 64 hexadecimal digits, others
// after each rotation. https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
std::string current_material_id(Call& call, const KeyRow& key);
std::string material_id(const Ciphertext& ciphertext);

// Both ask nobody for permission.
std::string encrypt_with(const Service& service, Call& call, const KeyRow& key, std::string_view plain,
                         const EncryptionContext& context);
// InvalidCiphertextException.
std::string decrypt_with(const Service& service, Call& call, const KeyRow& key, const Ciphertext& ciphertext,
                         const EncryptionContext& context);

// What everyone of the account may do that their own policies allow.
std::string default_policy(const std::string& account);

inline constexpr char kDeletionJob[] = "kms.deletion";
inline constexpr char kRotationJob[] = "kms.rotation";

}  // namespace holm::kms
