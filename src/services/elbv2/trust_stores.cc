// Bundles and lists are read from S3 for whoever names them, with his rights, before anything is changed.

#include "services/elbv2/trust_stores.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/byte_source.h"
#include "async/sync_wait.h"
#include "aws/service/attempt.h"
#include "aws/service/region.h"
#include "aws/service/root_principal.h"
#include "base/log.h"
#include "base/strings.h"
#include "crypto/certificate.h"
#include "crypto/revocation.h"
#include "s3/operations.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

constexpr size_t kBundleBytesMax = size_t{1} << 20;
constexpr size_t kListBytesMax = size_t{16} << 20;
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
constexpr size_t kTrustStoresMax = 20;
constexpr size_t kAuthoritiesMax = 25;
constexpr size_t kListsMax = 30;
constexpr int64_t kRevokedMax = 500'000;

[[noreturn]] void refuse(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

async::Task<void> read_into(aws::LongCall call, BundlePlace place, size_t bytes_max,
                            std::optional<std::string>* text) {
  s3::GetObjectRequest request{.bucket = place.bucket, .key = place.key};
  request.version_id = place.version;
  aws::Caller caller = call;
  auto object = co_await call.client.call_waiting<s3::GetObject>(call.reactor, std::move(caller),
                                                                 std::move(request));
  if (!object.body) co_return;
  auto bytes = co_await async::read_all(*object.body, bytes_max);
  if (bytes) *text = std::move(*bytes);
}

// What stands there; nothing when it is too long. `why` says what S3 refused, if it did.
async::Task<std::optional<std::string>> read_object(aws::LongCall call, BundlePlace place, size_t bytes_max,
                                                    std::optional<std::string>* why) {
  std::optional<std::string> text;
  async::Task<void> reading = read_into(std::move(call), std::move(place), bytes_max, &text);
  *why = co_await aws::attempt_waiting(std::move(reading));
  co_return text;
}

struct Bundle {
  std::string certificates;  // PEM, and nothing between.
  int32_t count = 0;
};

Bundle require_bundle(const std::string& text) {
  const std::vector<std::string> pieces = crypto::pem_pieces(text, "CERTIFICATE");
  if (pieces.empty()) {
    throw InvalidCaCertificatesBundleException("The CA certificate bundle has no certificate in PEM");
  }
  if (pieces.size() > kAuthoritiesMax) {
    throw InvalidCaCertificatesBundleException(
        fmt::format("The CA certificate bundle has more than '{}' certificates", kAuthoritiesMax));
  }
  Bundle bundle;
  for (const std::string& each : pieces) {
    const auto summary = crypto::describe_certificate(each);
    if (!summary) throw InvalidCaCertificatesBundleException(summary.error().message);
    if (!summary->is_authority) {
      throw InvalidCaCertificatesBundleException(
          fmt::format("The certificate of '{}' in the bundle is not that of an authority", summary->subject));
    }
    bundle.certificates += each;
    ++bundle.count;
  }
  return bundle;
}

async::Task<Bundle> fetch_bundle(aws::LongCall call, BundlePlace place) {
  std::optional<std::string> why;
  const std::optional<std::string> text = co_await read_object(call, place, kBundleBytesMax, &why);
  if (why) {
    throw CaCertificatesBundleNotFoundException(fmt::format(
        "The CA certificate bundle '{}' in the bucket '{}' cannot be read: {}", place.key, place.bucket, *why));
  }
  if (!text) throw InvalidCaCertificatesBundleException("The CA certificate bundle is too large");
  co_return require_bundle(*text);
}

template <class Request>
BundlePlace place_of(const Request& request) {
  return {request.ca_certificates_bundle_s3_bucket, request.ca_certificates_bundle_s3_key,
          request.ca_certificates_bundle_s3_object_version};
}

void note_change(Call& call, const std::string& arn) {
  call.transaction.run("UPDATE elbv2_trust_bundle SET version = version + 1 WHERE trust_store = ?1", {arn});
}

void count_entries(Call& call, TrustStore& store) {
  const auto row = call.transaction.find(
      "SELECT coalesce(sum(entries), 0) FROM elbv2_revocation WHERE trust_store = ?1", {*store.trust_store_arn});
  store.total_revoked_entries = row->integer(0);
}

TrustStore make_trust_store(Service& service, Call& call, const CreateTrustStoreInput& request) {
  if (!all_where<TrustStore>(call, "name = ?3", {request.name}).empty()) {
    throw DuplicateTrustStoreNameException(
        fmt::format("A trust store with the same name '{}' exists", request.name));
  }
  if (all_where<TrustStore>(call, "1", {}).size() >= kTrustStoresMax) {
    throw TooManyTrustStoresException(
        fmt::format("The maximum number of trust stores '{}' has been reached", kTrustStoresMax));
  }
  TrustStore made;
  made.name = request.name;
  made.trust_store_arn = aws::arn("elasticloadbalancing", call,
                                  fmt::format("truststore/{}/{}", request.name, service.use().random.hex(16)));
  made.status = "CREATING";
  made.number_of_ca_certificates = 0;
  made.total_revoked_entries = 0;
  insert(call, made, {.arn = *made.trust_store_arn, .name = request.name});
  call.transaction.run("INSERT INTO elbv2_trust_bundle (trust_store, version, certificates) VALUES (?1, 0, '')",
                       {*made.trust_store_arn});
  write_tags(call, *made.trust_store_arn, request.tags);
  return made;
}

// Listeners go by it from the next handshake on.
TrustStore take_bundle(Service& service, Call& call, const std::string& arn, const Bundle& bundle) {
  TrustStore store = require_trust_store(call, arn);
  store.status = "ACTIVE";
  store.number_of_ca_certificates = bundle.count;
  call.transaction.run(
      "UPDATE elbv2_trust_bundle SET certificates = ?2, pending = 0, problem = '' WHERE trust_store = ?1",
      {arn, bundle.certificates});
  note_change(call, arn);
  replace(call, arn, store);
  service.changed(call.transaction);
  return store;
}

void require_allowed(Call& call, const std::string& action, const std::string& resource) {
  if (call.client.may(call, call.principal, {.action = action, .resource = resource})) return;
  throw aws::ServiceError("AccessDenied", 403,
                          fmt::format("User: {} is not authorized to perform: {} on resource: {}",
                                      call.principal.arn, action, resource));
}

std::vector<std::string> listeners_of(Call& call, const std::string& trust_store) {
  std::vector<std::string> arns;
  for (const Listener& each : all_where<Listener>(call, "instr(document, ?3) > 0", {path_of(trust_store)})) {
    const auto& mutual = each.mutual_authentication;
    if (mutual && mutual->trust_store_arn == trust_store) arns.push_back(*each.listener_arn);
  }
  return arns;
}

struct RevocationList {
  std::string content;
  int64_t entries = 0;
};

async::Task<RevocationList> fetch_list(aws::LongCall call, RevocationContent wanted) {
  BundlePlace place{wanted.s3_bucket.value_or(""), wanted.s3_key.value_or(""), wanted.s3_object_version};
  std::optional<std::string> why;
  const std::optional<std::string> text = co_await read_object(call, place, kListBytesMax, &why);
  if (why) {
    throw RevocationContentNotFoundException(fmt::format(
        "The revocation file '{}' in the bucket '{}' cannot be read: {}", place.key, place.bucket, *why));
  }
  if (!text) throw InvalidRevocationContentException("The revocation file is too large");
  const auto count = crypto::count_revoked(*text);
  if (!count) throw InvalidRevocationContentException(count.error().message);
  RevocationList list;
  for (const std::string& each : crypto::pem_pieces(*text, "X509 CRL")) list.content += each;
  list.entries = static_cast<int64_t>(*count);
  co_return list;
}

TrustStoreRevocation add_list(Call& call, const std::string& arn, const RevocationList& list) {
  auto row = call.transaction.find(
      "SELECT coalesce(max(id), 0) + 1, count(*), coalesce(sum(entries), 0) FROM elbv2_revocation"
      " WHERE trust_store = ?1",
      {arn});
  const int64_t id = row->integer(0);
  const bool is_full = static_cast<size_t>(row->integer(1)) >= kListsMax;
  if (is_full || row->integer(2) + list.entries > kRevokedMax) {
    throw TooManyTrustStoreRevocationEntriesException(fmt::format(
        "A trust store can have at most '{}' revocation files with '{}' entries", kListsMax, kRevokedMax));
  }
  call.transaction.run("INSERT INTO elbv2_revocation (trust_store, id, entries, content) VALUES (?1, ?2, ?3, ?4)",
                       {arn, id, list.entries, list.content});
  return {.trust_store_arn = arn,
          .revocation_id = id,
          .revocation_type = "CRL",
          .number_of_revoked_entries = list.entries};
}

void require_revocation(Call& call, const std::string& arn, int64_t id) {
  const auto known =
      call.transaction.find("SELECT 1 FROM elbv2_revocation WHERE trust_store = ?1 AND id = ?2", {arn, id});
  if (known) return;
  throw RevocationIdNotFoundException(fmt::format("The revocation '{}' of '{}' was not found", id, arn));
}

}  // namespace

TrustStore require_trust_store(Call& call, const std::string& arn) {
  if (auto found = find<TrustStore>(call, arn)) return *found;
  throw TrustStoreNotFoundException(fmt::format("Trust store '{}' not found", arn));
}

void begin_reading(Service& service, Call& call, const std::string& arn, const BundlePlace& place) {
  require_allowed(call, "s3:GetObject", fmt::format("arn:aws:s3:::{}/{}", place.bucket, place.key));
  call.transaction.run("UPDATE elbv2_trust_bundle SET pending = 1, problem = '' WHERE trust_store = ?1", {arn});
  // Neither names of buckets nor versions have line ends.
  const std::string payload = fmt::format("{}\n{}\n{}", place.bucket, place.version.value_or(""), place.key);
  const jobs::Job job{.kind = kReadBundleJob, .key = arn, .payload = payload};
  service.use().jobs.schedule(call.transaction, job, call.now);
}

TrustStore begin_trust_store(Service& service, Call& call, const CreateTrustStoreInput& request) {
  require_allowed(call, "elasticloadbalancing:CreateTrustStore",
                  aws::arn("elasticloadbalancing", call, "truststore/" + request.name + "/*"));
  const TrustStore made = make_trust_store(service, call, request);
  begin_reading(service, call, *made.trust_store_arn, place_of(request));
  return made;
}

Reading reading_of(Call& call, const std::string& arn) {
  const auto row =
      call.transaction.find("SELECT pending, problem FROM elbv2_trust_bundle WHERE trust_store = ?1", {arn});
  if (!row) return {.is_pending = false, .problem = "The trust store is gone"};
  return {.is_pending = row->integer(0) != 0, .problem = row->text(1)};
}

jobs::Outcome read_bundle(Service& service, const jobs::Job& job) {
  const size_t first = job.payload.find('\n'), second = job.payload.find('\n', first + 1);
  BundlePlace place{job.payload.substr(0, first), job.payload.substr(second + 1), std::nullopt};
  if (second > first + 1) place.version = job.payload.substr(first + 1, second - first - 1);
  const auto parts = split(job.key, ':');
  aws::Region& region = service.use().region;
  aws::Caller caller = region.caller(std::string(parts[4]), std::string(parts[3]), kPrincipal);
  aws::LongCall call{caller, region, region.any_reactor()};
  // As the account, whose right to the object was looked at when it was named.
  call.principal = aws::root_principal(caller.account);
  Bundle bundle;
  const auto problem =
      aws::attempt([&] { bundle = async::sync_wait(call.reactor, fetch_bundle(call, place)); });
  region.transact(caller, sql::Access::Write, [&](Call& inner) {
    if (!find<TrustStore>(inner, job.key)) return;
    if (!problem) {
      take_bundle(service, inner, job.key, bundle);
      return;
    }
    inner.transaction.run("UPDATE elbv2_trust_bundle SET pending = 0, problem = ?2 WHERE trust_store = ?1",
                          {job.key, *problem});
  });
  return jobs::done();
}

void set_mutual_authentication(Call& call, Listener& listener,
                               const std::optional<MutualAuthenticationAttributes>& wanted) {
  const std::string mode = wanted ? wanted->mode.value_or("off") : "off";
  if (mode != "off" && is_network(*listener.load_balancer_arn)) {
    throw aws::NotImplemented("MutualAuthentication of network load balancers");
  }
  if (listener.protocol != "HTTPS") {
    if (mode != "off") refuse("Mutual authentication can be specified for HTTPS listeners only");
    listener.mutual_authentication.reset();
    return;
  }
  if (!wanted) {
    if (!listener.mutual_authentication) listener.mutual_authentication = {.mode = "off"};
    return;
  }
  if (mode != "off" && mode != "passthrough" && mode != "verify") {
    refuse(fmt::format("The mode '{}' of mutual authentication must be off, passthrough or verify", mode));
  }
  if (mode != "verify") {
    if (wanted->trust_store_arn || wanted->ignore_client_certificate_expiry.value_or(false) ||
        wanted->advertise_trust_store_ca_names.value_or("off") == "on") {
      refuse(fmt::format("A trust store and its options cannot be specified with the mode '{}'", mode));
    }
    listener.mutual_authentication = MutualAuthenticationAttributes{.mode = mode};
    return;
  }
  if (!wanted->trust_store_arn) refuse("A trust store ARN must be specified with the mode 'verify'");
  if (require_trust_store(call, *wanted->trust_store_arn).status != "ACTIVE") {
    throw TrustStoreNotReadyException(fmt::format("Trust store '{}' is not active", *wanted->trust_store_arn));
  }
  listener.mutual_authentication = MutualAuthenticationAttributes{
      .mode = mode,
      .trust_store_arn = wanted->trust_store_arn,
      .ignore_client_certificate_expiry = wanted->ignore_client_certificate_expiry.value_or(false),
      .trust_store_association_status = "active",
      .advertise_trust_store_ca_names = wanted->advertise_trust_store_ca_names.value_or("off")};
}

std::shared_ptr<const net::ClientTrust> ClientTrusts::find(Call& call, const Listener& listener) {
  const auto& mutual = listener.mutual_authentication;
  const std::string mode = mutual ? mutual->mode.value_or("off") : "off";
  if (mode == "off") return nullptr;
  net::ClientTrustOptions options{.check = net::ClientTrustOptions::Check::Take};
  options.owner = *listener.listener_arn;
  std::string version = mode;
  const std::string store = mutual->trust_store_arn.value_or("");
  std::optional<sql::Row> bundle;
  if (mode == "verify") {
    bundle = call.transaction.find("SELECT version, certificates FROM elbv2_trust_bundle WHERE trust_store = ?1",
                                   {store});
    options.check = net::ClientTrustOptions::Check::Verify;
    const bool allows = mutual->ignore_client_certificate_expiry.value_or(false);
    if (allows) options.expired = net::ClientTrustOptions::Expired::Allow;
    const bool tells = mutual->advertise_trust_store_ca_names == "on";
    if (tells) options.names = net::ClientTrustOptions::Names::Tell;
    version = fmt::format("{} {} {} {}", store, bundle ? bundle->integer(0) : 0, allows, tells);
  }
  Kept& kept = kept_[options.owner];
  if (kept.trust && kept.version == version) return kept.trust;
  if (bundle) {
    options.authorities = bundle->text(1);
    for (const sql::Row& row : call.transaction.run(
             "SELECT content FROM elbv2_revocation WHERE trust_store = ?1 ORDER BY id", {store})) {
      options.revocations += row.text(0);
    }
  }
  kept = {version, net::ClientTrust::load(std::move(options))};
  if (!kept.trust->lets_anybody_in()) {
    log::error(fmt::format("{} lets no clients in: its trust store has no certificate", *listener.listener_arn));
  }
  return kept.trust;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTrustStore.html
async::Task<CreateTrustStoreOutput> create_trust_store(Service& service, LongCall call,
                                                       CreateTrustStoreInput request) {
  async::Task<Bundle> fetching = fetch_bundle(call, place_of(request));
  const Bundle bundle = co_await std::move(fetching);
  CreateTrustStoreOutput result;
  std::function<void(Call&)> work = [&](Call& inner) {
    const TrustStore made = make_trust_store(service, inner, request);
    result.trust_stores = {take_bundle(service, inner, *made.trust_store_arn, bundle)};
  };
  co_await call.client.transact_on_worker(call.reactor, call, sql::Access::Write, work);
  co_return result;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTrustStore.html
async::Task<ModifyTrustStoreOutput> modify_trust_store(Service& service, LongCall call,
                                                       ModifyTrustStoreInput request) {
  async::Task<Bundle> fetching = fetch_bundle(call, place_of(request));
  const Bundle bundle = co_await std::move(fetching);
  ModifyTrustStoreOutput result;
  std::function<void(Call&)> work = [&](Call& inner) {
    result.trust_stores = {take_bundle(service, inner, request.trust_store_arn, bundle)};
  };
  co_await call.client.transact_on_worker(call.reactor, call, sql::Access::Write, work);
  co_return result;
}

DeleteTrustStoreOutput delete_trust_store(Service&, Call& call, const DeleteTrustStoreInput& request) {
  const std::string& arn = request.trust_store_arn;
  require_trust_store(call, arn);
  if (!listeners_of(call, arn).empty()) {
    throw TrustStoreInUseException(fmt::format("Trust store '{}' is currently in use by a listener", arn));
  }
  call.transaction.run("DELETE FROM elbv2_trust_bundle WHERE trust_store = ?1", {arn});
  call.transaction.run("DELETE FROM elbv2_revocation WHERE trust_store = ?1", {arn});
  delete_record(call, arn);
  return {};
}

DescribeTrustStoresOutput describe_trust_stores(Service&, Call& call, const DescribeTrustStoresInput& request) {
  if (!request.trust_store_arns.empty() && !request.names.empty()) {
    refuse("Trust store names and trust store ARNs cannot be specified at the same time");
  }
  DescribeTrustStoresOutput result;
  if (request.trust_store_arns.empty() && request.names.empty()) {
    result.trust_stores = all_where<TrustStore>(call, "1", {});
  }
  for (const std::string& arn : request.trust_store_arns) {
    result.trust_stores.push_back(require_trust_store(call, arn));
  }
  for (const std::string& name : request.names) {
    const auto found = all_where<TrustStore>(call, "name = ?3", {name});
    if (found.empty()) throw TrustStoreNotFoundException(fmt::format("Trust stores '[{}]' not found", name));
    result.trust_stores.push_back(found.front());
  }
  result.next_marker = take_page(result.trust_stores, request.page_size, request.marker);
  return result;
}

DescribeTrustStoreAssociationsOutput describe_trust_store_associations(
    Service&, Call& call, const DescribeTrustStoreAssociationsInput& request) {
  require_trust_store(call, request.trust_store_arn);
  DescribeTrustStoreAssociationsOutput result;
  for (const std::string& arn : listeners_of(call, request.trust_store_arn)) {
    result.trust_store_associations.push_back({.resource_arn = arn});
  }
  result.next_marker = take_page(result.trust_store_associations, request.page_size, request.marker);
  return result;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddTrustStoreRevocations.html
async::Task<AddTrustStoreRevocationsOutput> add_trust_store_revocations(Service& service, LongCall call,
                                                                        AddTrustStoreRevocationsInput request) {
  std::vector<RevocationList> lists;
  for (const RevocationContent& each : request.revocation_contents) {
    if (each.revocation_type.value_or("CRL") != "CRL") refuse("The revocation type must be CRL");
    async::Task<RevocationList> fetching = fetch_list(call, each);
    lists.push_back(co_await std::move(fetching));
  }
  AddTrustStoreRevocationsOutput result;
  std::function<void(Call&)> work = [&](Call& inner) {
    TrustStore store = require_trust_store(inner, request.trust_store_arn);
    for (const RevocationList& each : lists) {
      result.trust_store_revocations.push_back(add_list(inner, request.trust_store_arn, each));
    }
    count_entries(inner, store);
    replace(inner, request.trust_store_arn, store);
    note_change(inner, request.trust_store_arn);
    service.changed(inner.transaction);
  };
  co_await call.client.transact_on_worker(call.reactor, call, sql::Access::Write, work);
  co_return result;
}

RemoveTrustStoreRevocationsOutput remove_trust_store_revocations(
    Service& service, Call& call, const RemoveTrustStoreRevocationsInput& request) {
  TrustStore store = require_trust_store(call, request.trust_store_arn);
  for (const int64_t id : request.revocation_ids) {
    require_revocation(call, request.trust_store_arn, id);
    call.transaction.run("DELETE FROM elbv2_revocation WHERE trust_store = ?1 AND id = ?2",
                         {request.trust_store_arn, id});
  }
  count_entries(call, store);
  replace(call, request.trust_store_arn, store);
  note_change(call, request.trust_store_arn);
  service.changed(call.transaction);
  return {};
}

DescribeTrustStoreRevocationsOutput describe_trust_store_revocations(
    Service&, Call& call, const DescribeTrustStoreRevocationsInput& request) {
  const std::string& arn = request.trust_store_arn;
  require_trust_store(call, arn);
  for (const int64_t id : request.revocation_ids) require_revocation(call, arn, id);
  DescribeTrustStoreRevocationsOutput result;
  for (const sql::Row& row : call.transaction.run(
           "SELECT id, entries FROM elbv2_revocation WHERE trust_store = ?1 ORDER BY id", {arn})) {
    const auto& ids = request.revocation_ids;
    if (!ids.empty() && std::ranges::find(ids, row.integer(0)) == ids.end()) continue;
    result.trust_store_revocations.push_back({.trust_store_arn = arn,
                                              .revocation_id = row.integer(0),
                                              .revocation_type = "CRL",
                                              .number_of_revoked_entries = row.integer(1)});
  }
  result.next_marker = take_page(result.trust_store_revocations, request.page_size, request.marker);
  return result;
}

}  // namespace holm::elbv2
