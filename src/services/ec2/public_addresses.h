// Public addresses: elastic ones that an account holds, and those that interfaces have while they are up.
#pragma once

#include <optional>
#include <string>

#include "services/ec2/resource.h"

namespace holm::ec2 {

class Service;

struct AddressRow {
  std::string address;
  std::string account, region;
  std::optional<std::string> id;           // eipalloc-…; nothing: the interface's own, gone with it.
  std::optional<std::string> association;  // eipassoc-…
  std::optional<std::string> interface;
};

// Who holds it: the account, or "amazon".
std::string owner_of(const AddressRow& row);
std::optional<AddressRow> find_address_of(sql::Transaction& transaction, const std::string& interface);
// Throws InvalidAllocationID.NotFound.
AddressRow require_address(Call& call, const std::string& allocation_id);
// Throws Resource.AlreadyAssociated.
void require_unassociated(const AddressRow& row);
// Gives the elastic address to the interface; both are free. Returns the association's id. The caller says
// network_changed.
std::string associate(Service& service, Call& call, const AddressRow& row, const std::string& interface);

// An address of its own for an interface that has none.
void give_own_address(Service& service, Call& call, const std::string& interface);
void take_own_address(sql::Transaction& transaction, const std::string& interface);
// The interface goes: an elastic address stays with its account.
void forget_interface(sql::Transaction& transaction, const std::string& interface);

}  // namespace holm::ec2
