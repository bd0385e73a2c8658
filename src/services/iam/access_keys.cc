// Access keys: what a user signs requests with.

#include "services/iam/access_keys.h"

#include <fmt/format.h>

#include "base/time_format.h"
#include "iam/handlers.h"
#include "services/iam/pages.h"
#include "services/iam/service.h"
#include "services/iam/users.h"
#include "services/iam/vault.h"

namespace holm::iam {

namespace {

constexpr int64_t kKeysPerUserMax = 2;

void require_key(Call& call, const Entity& user, const std::string& id) {
  if (!call.transaction.find("SELECT 1 FROM iam_access_key WHERE id = ?1 AND user_id = ?2", {id, user.id})) {
    throw NoSuchEntityException(fmt::format("The Access Key with id {} cannot be found.", id));
  }
}

}  // namespace

aws::AccessKey insert_access_key(sql::Transaction& transaction, const Vault& vault, Random& random,
                                 const Entity& user, Time now) {
  aws::AccessKey key = make_access_key(KeyKind::LongLived, user.account, random);
  int64_t sequence =
      transaction.find("SELECT coalesce(max(sequence), 0) + 1 FROM iam_access_key WHERE user_id = ?1", {user.id})
          ->integer(0);
  transaction.run(
      "INSERT INTO iam_access_key (id, user_id, secret, status, created, sequence) "
      "VALUES (?1, ?2, ?3, 'Active', ?4, ?5)",
      {key.access_key_id, user.id, sql::Blob{vault.seal_secret(key, random)}, to_milliseconds(now), sequence});
  return key;
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
// This is the only answer that contains the secret.
CreateAccessKeyResponse create_access_key(Service& service, Call& call, const CreateAccessKeyRequest& request) {
  Entity user = require_user_or_caller(call, request.user_name);
  int64_t count = count_rows(call, "SELECT count(*) FROM iam_access_key WHERE user_id = ?1", {user.id});
  require_within(count + 1, kKeysPerUserMax, "AccessKeysPerUser");
  aws::AccessKey key =
      insert_access_key(call.transaction, service.vault(), service.random(), user, call.now);
  service.changed(call);
  return {.access_key = {.user_name = user.name,
                         .access_key_id = key.access_key_id,
                         .status = std::string(status_type::kActive),
                         .secret_access_key = key.secret_access_key,
                         .create_date = call.now}};
}

Nothing update_access_key(Service& service, Call& call, const UpdateAccessKeyRequest& request) {
  Entity user = require_user_or_caller(call, request.user_name);
  require_key(call, user, request.access_key_id);
  if (request.status == status_type::kExpired) {
    throw InvalidInputException("The status of an access key is Active or Inactive.");
  }
  call.transaction.run("UPDATE iam_access_key SET status = ?2 WHERE id = ?1",
                       {request.access_key_id, request.status});
  service.changed(call);
  return {};
}

Nothing delete_access_key(Service& service, Call& call, const DeleteAccessKeyRequest& request) {
  Entity user = require_user_or_caller(call, request.user_name);
  require_key(call, user, request.access_key_id);
  call.transaction.run("DELETE FROM iam_access_key WHERE id = ?1", {request.access_key_id});
  service.changed(call);
  return {};
}

ListAccessKeysResponse list_access_keys(Service&, Call& call, const ListAccessKeysRequest& request) {
  Entity user = require_user_or_caller(call, request.user_name);
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows = call.transaction.run(
      "SELECT id, status, created FROM iam_access_key WHERE user_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
      {user.id, page.after, page.rows()});
  ListAccessKeysResponse response;
  finish_page(response, rows, page, [](const sql::Row& row) { return row.text(0); });
  for (const sql::Row& row : rows) {
    response.access_key_metadata.push_back({.user_name = user.name,
                                            .access_key_id = row.text(0),
                                            .status = row.text(1),
                                            .create_date = from_milliseconds(row.integer(2))});
  }
  return response;
}

}  // namespace holm::iam
