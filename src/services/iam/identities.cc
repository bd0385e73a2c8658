// Credentials and policies from memory, and the making of sessions.

#include "services/iam/identities.h"

#include <fmt/format.h>

#include <chrono>

#include "aws/policy/evaluate.h"
#include "base/check.h"
#include "base/time_format.h"
#include "services/iam/access_keys.h"
#include "services/iam/policies.h"
#include "services/iam/principal_policies.h"

namespace holm::iam {

namespace {

using aws::CredentialProblem;
using aws::Principal;

// Of each kind. Session tokens of instances and functions are renewed all the time; what is full is emptied.
constexpr size_t kRememberedMax = 4096;
constexpr std::string_view kAdministrator = "administrator";
constexpr std::string_view kAdministratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess";

// The identity that every instance has of its own, without a role: what AWS's own tools on it use.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-roles.html
constexpr std::string_view kInstanceRole = "aws:ec2-instance";
constexpr std::string_view kInstanceRoleId = "AROAHOLMEC2INSTANCE00";
// Narrowed by each session's own policy to the instance's stack.
constexpr char kInstancePolicy[] = R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*",
"Action":["cloudformation:DescribeStackResource","cloudformation:SignalResource"]}})";

bool is_instance_role(std::string_view role_arn) {
  return role_arn.ends_with(":role/" + std::string(kInstanceRole));
}

aws::RoleSummary instance_role(const std::string& arn) {
  constexpr size_t kAccount = std::string_view("arn:aws:iam::").size();
  return {.account = arn.substr(kAccount, 12),
          .name = std::string(kInstanceRole),
          .arn = arn,
          .id = std::string(kInstanceRoleId),
          .trust_policy = {},
          .max_session_duration = std::chrono::hours(6)};
}

// Everything that distinguishes what principals may do.
std::string memory_key(const Principal& principal) {
  const bool is_role = !principal.role_arn.empty();
  std::string key = is_role ? principal.role_arn : principal.arn;
  key.reserve(key.size() + principal.id.size() + principal.session_policy.size() + 2);
  (key += '\n') += is_role ? std::string_view(principal.id).substr(0, principal.id.find(':')) : principal.id;
  (key += '\n') += principal.session_policy;
  return key;
}

}  // namespace

Identities::Identities(sql::Database& database, Clock& clock, Random& random, const Vault& vault)
    : database_(database),
      clock_(clock),
      random_(random),
      vault_(vault),
      everything_(all_policies()),
      nothing_(std::make_shared<const aws::PrincipalPolicies>()) {}

void Identities::forget() {
  std::unique_lock lock(mutex_);
  ++generation_;
  keys_.clear();
  sessions_.clear();
  policies_.clear();
  accounts_.clear();
}

template <class T, class Load>
std::shared_ptr<const T> Identities::remembered(Memory<T>& memory, std::string_view key, Load load) {
  uint64_t generation;
  {
    std::shared_lock lock(mutex_);
    auto found = memory.find(key);
    if (found != memory.end()) return found->second;
    generation = generation_;
  }
  std::shared_ptr<const T> loaded = load();
  if (loaded == nullptr) return loaded;
  std::unique_lock lock(mutex_);
  if (generation != generation_) return loaded;
  if (memory.size() >= kRememberedMax) memory.clear();
  memory.insert_or_assign(std::string(key), loaded);
  return loaded;
}

Identities::Found Identities::find_credentials(std::string_view access_key_id,
                                               std::string_view session_token) {
  if (session_token.empty()) {
    auto credentials = remembered(keys_, access_key_id, [&] { return load_key(access_key_id); });
    if (credentials == nullptr) return std::unexpected(CredentialProblem::UnknownKey);
    return credentials;
  }
  auto credentials = remembered(sessions_, session_token, [&] { return load_session(session_token); });
  if (credentials == nullptr || credentials->principal.access_key_id != access_key_id) {
    return std::unexpected(CredentialProblem::InvalidToken);
  }
  if (*credentials->expires_at <= clock_.now()) return std::unexpected(CredentialProblem::ExpiredToken);
  return credentials;
}

std::shared_ptr<const aws::Credentials> Identities::load_key(std::string_view access_key_id) {
  static const std::string kStatement = fmt::format(
      "SELECT {}, k.secret FROM iam_entity e JOIN iam_access_key k ON k.user_id = e.id "
      "WHERE k.id = ?1 AND k.status = 'Active'",
      kEntityColumns);
  constexpr size_t kSecret = kEntityFoldedName + 1;
  auto transaction = database_.begin(sql::Access::Read);
  std::optional<sql::Row> row = transaction->find(kStatement, {std::string(access_key_id)});
  if (!row) return nullptr;
  std::optional<std::string> secret = vault_.open_secret(access_key_id, row->blob(kSecret));
  // Another key file than the database was made with opens nothing.
  if (!secret) return nullptr;
  Entity user = read_entity(*row);
  return std::make_shared<const aws::Credentials>(
      aws::Credentials{.secret_access_key = *secret,
                       .principal = {.kind = Principal::Kind::User,
                                     .account = user.account,
                                     .arn = user.arn(),
                                     .id = user.id,
                                     .access_key_id = std::string(access_key_id)}});
}

std::shared_ptr<const aws::Credentials> Identities::load_session(std::string_view token) {
  std::optional<Session> session = vault_.open_session(token);
  if (!session) return nullptr;
  if (!session->policy_arns.empty()) {
    auto transaction = database_.begin(sql::Access::Read);
    session->principal.session_policy =
        merged_session_policy(*transaction, session->principal.session_policy, session->policy_arns);
  }
  return std::make_shared<const aws::Credentials>(
      aws::Credentials{.secret_access_key = session->secret_access_key,
                       .principal = std::move(session->principal),
                       .issued_at = session->issued,
                       .expires_at = session->expires});
}

std::shared_ptr<const aws::PrincipalPolicies> Identities::policies_of(const Principal& principal) {
  switch (principal.kind) {
    case Principal::Kind::Anonymous: return nothing_;
    case Principal::Kind::Root:
    case Principal::Kind::Service: return everything_;
    case Principal::Kind::User:
    case Principal::Kind::AssumedRole: break;
  }
  return remembered(policies_, memory_key(principal), [&] { return load_policies(principal); });
}

std::shared_ptr<const aws::PrincipalPolicies> Identities::load_policies(const Principal& principal) {
  auto transaction = database_.begin(sql::Access::Read);
  bool is_role = principal.kind == Principal::Kind::AssumedRole;
  // No role of a user's has a colon in its name.
  if (is_role && is_instance_role(principal.role_arn)) {
    return fixed_policies(std::string(kInstanceRole), kInstancePolicy, principal.session_policy);
  }
  std::optional<Entity> entity =
      find_entity_by_arn(*transaction, is_role ? principal.role_arn : principal.arn);
  // Who was deleted and made again under the same name is somebody else.
  if (!entity || entity->id != principal.id.substr(0, principal.id.find(':'))) return nothing_;
  return collect_policies(*transaction, *entity, principal.session_policy);
}

void Identities::make_administrator(sql::Transaction& transaction, const std::string& account) {
  constexpr size_t kIdLength = 17;
  Entity user{
      .id = "AIDA" + random_.base32(kIdLength), .account = account, .name = std::string(kAdministrator)};
  transaction.run(
      "INSERT INTO iam_entity (id, account, kind, name, folded_name, path, created, changed) "
      "VALUES (?1, ?2, 'user', ?3, ?3, '/', ?4, ?4)",
      {user.id, account, user.name, to_milliseconds(clock_.now())});
  transaction.run("INSERT INTO iam_attachment (entity, policy_arn) VALUES (?1, ?2)",
                  {user.id, std::string(kAdministratorAccess)});
  insert_access_key(transaction, vault_, random_, user, clock_.now());
}

std::optional<aws::AccessKey> Identities::bootstrap(const std::string& account) {
  auto transaction = database_.begin(sql::Access::Write);
  transaction->run("INSERT INTO iam_account (account, created) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                   {account, to_milliseconds(clock_.now())});
  if (transaction->changes() == 1) {
    make_administrator(*transaction, account);
    transaction->after_commit([this] { forget(); });
  }
  std::optional<sql::Row> row = transaction->find(
      "SELECT k.id, k.secret FROM iam_access_key k JOIN iam_entity e ON e.id = k.user_id WHERE e.account = "
      "?1 "
      "AND e.kind = 'user' AND e.folded_name = ?2 AND k.status = 'Active' ORDER BY k.sequence LIMIT 1",
      {account, std::string(kAdministrator)});
  transaction->commit();
  if (!row) return std::nullopt;
  std::optional<std::string> secret = vault_.open_secret(row->text(0), row->blob(1));
  if (!secret) return std::nullopt;
  return aws::AccessKey{.access_key_id = row->text(0), .secret_access_key = *secret};
}

std::optional<aws::RoleSummary> Identities::find_role(std::string_view role_arn) {
  auto transaction = database_.begin(sql::Access::Read);
  std::optional<Entity> role = find_entity_by_arn(*transaction, role_arn);
  if (!role || role->kind != EntityKind::Role) return std::nullopt;
  return aws::RoleSummary{.account = role->account,
                          .name = role->name,
                          .arn = role->arn(),
                          .id = role->id,
                          .trust_policy = role->trust_policy,
                          .max_session_duration = std::chrono::seconds(role->max_session_duration)};
}

std::shared_ptr<const aws::Accounts> Identities::accounts() {
  return remembered(accounts_, "accounts", [&] {
    auto transaction = database_.begin(sql::Access::Read);
    aws::Accounts accounts;
    for (const sql::Row& row :
         transaction->run("SELECT account, max(alias) FROM (SELECT account, alias FROM iam_account UNION ALL"
                          " SELECT DISTINCT account, '' FROM iam_entity) GROUP BY account")) {
      accounts[row.text(0)] = row.optional_text(1).value_or("");
    }
    return std::make_shared<const aws::Accounts>(std::move(accounts));
  });
}

Result<aws::TemporaryCredentials> Identities::issue_session(const aws::SessionRequest& request) {
  // AWS's times of sessions are whole seconds.
  Time now = std::chrono::floor<std::chrono::seconds>(clock_.now());
  Session session{
      .policy_arns = request.session_policy_arns, .issued = now, .expires = now + request.duration};
  if (request.role_arn.empty()) {
    session.principal = request.user;
  } else {
    std::optional<aws::RoleSummary> role =
        is_instance_role(request.role_arn) ? instance_role(request.role_arn) : find_role(request.role_arn);
    if (!role) return failure(fmt::format("The role {} does not exist.", request.role_arn));
    session.principal = {.kind = Principal::Kind::AssumedRole,
                         .account = role->account,
                         .arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", role->account, role->name,
                                            request.session_name),
                         .id = fmt::format("{}:{}", role->id, request.session_name),
                         .role_arn = role->arn};
  }
  session.principal.session_policy = request.session_policy;
  aws::AccessKey key = make_access_key(KeyKind::Temporary, session.principal.account, random_);
  session.access_key_id = key.access_key_id;
  session.secret_access_key = key.secret_access_key;
  return aws::TemporaryCredentials{.key = std::move(key),
                                   .session_token = vault_.seal_session(session, random_),
                                   .expiration = session.expires};
}

Result<aws::TemporaryCredentials> Identities::issue_role_credentials(std::string_view role_arn,
                                                                     std::string_view service,
                                                                     std::string_view session_name,
                                                                     std::chrono::seconds duration) {
  std::optional<aws::RoleSummary> role = find_role(role_arn);
  if (!role) return failure(fmt::format("The role {} does not exist.", role_arn));
  Result<policy::Policy, formats::ParseError> trust = policy::parse(role->trust_policy);
  CHECK(trust.has_value());
  policy::Principal principal{.kind = policy::Principal::Kind::Service,
                              .account = role->account,
                              .arn = service,
                              .id = service,
                              .service = service};
  policy::Context context;
  context.set("aws:SourceAccount", role->account);
  policy::NamedPolicy resource{"trust policy", &*trust};
  policy::NamedPolicy identity{everything_->identity.front().name,
                               everything_->identity.front().compiled.get()};
  policy::Request request{principal, "sts:AssumeRole", role->arn, role->account, context};
  policy::Policies policies{.identity = {&identity, 1},
                            .resource = {&resource, 1},
                            .resource_rule = policy::ResourceRule::MustAllow};
  if (!policy::evaluate(request, policies).allowed()) {
    return failure(
        fmt::format("The trust policy of the role {} does not let {} assume it.", role_arn, service));
  }
  return issue_session(
      {.role_arn = std::string(role_arn), .session_name = std::string(session_name), .duration = duration});
}

}  // namespace holm::iam
