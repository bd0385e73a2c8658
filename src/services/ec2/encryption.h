// How volumes and snapshots are encrypted at rest: which key of KMS, and the disk's own key, which that one
// encrypts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

struct Dependencies;
struct VolumeRow;
struct VolumeWish;

struct Encryption {
  std::string kms_key;   // Its ARN; empty: nothing is encrypted.
  std::string data_key;  // Of the disk, as KMS encrypted it, in base64.
  std::string bound_to;  // The volume or snapshot that the data key's encryption context names.

  bool is_on() const { return !kms_key.empty(); }
};

// What a request says about it.
struct AskedEncryption {
  std::optional<bool> encrypted;
  std::optional<std::string> kms_key;
};

// The key of KMS to encrypt something new with, as whoever names it: the one asked for, or the region's when
// the request or the region's default wants encryption. Nothing: the new one is as `source` is, encrypted or not.
// InvalidParameterDependency, InvalidParameterValue.
std::optional<std::string> key_for(Call& call, const AskedEncryption& asked, const Encryption& source);
// The key that is meant where none is named.
std::string default_key(Call& call);
bool encrypts_by_default(Call& call);
// The ARN of a key that the caller may look at.
std::string find_key_arn(Call& call, const std::string& key);
// NotImplemented where the machine cannot encrypt.
void require_encryption_capability();

// The encryption of the new `id`, made of what is encrypted as `source`. Asks KMS as the caller, through EC2.
Encryption encryption_of(Call& call, const std::string& id, const std::optional<std::string>& key,
                         const Encryption& source);
// Writes it into the row of a volume or a snapshot.
void write_encryption(Call& call, std::string_view table, const std::string& id, const Encryption& encryption);
// The caller may have the volumes' keys opened, and they can be: else UnauthorizedOperation or
// InvalidKMSKey.InvalidState.
void require_openable(Call& call, const std::vector<VolumeRow>& volumes);

// Decides for each volume of a launch how it is encrypted; a root that nobody gave a size gets one if it is.
void decide_encryption(Call& call, std::vector<VolumeWish>& wishes);
// For images, which are encrypted as the volumes that they are made of.
void refuse_new_encryption(const std::vector<VolumeWish>& wishes, std::string_view operation);

// The disk's own key, as the kernel takes it; empty without encryption. For controllers; blocks.
Result<std::string> open_data_key(Dependencies& use, const std::string& account, const std::string& region,
                                  const Encryption& encryption);
// Fills in the keys of volumes.
Result<void> open_data_keys(Dependencies& use, std::vector<VolumeRow>& volumes);

}  // namespace holm::ec2
