// Certificates by ARN.

#include "net/certificate_directory.h"

namespace holm::net {

// https://www.rfc-editor.org/rfc/rfc6125#section-6.4.3
bool certificate_covers(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) return !pattern.empty() && pattern == name;
  const size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == pattern.substr(1);
}

void CertificateDirectory::publish(const std::string& arn, ServedCertificate certificate) {
  auto made = std::make_shared<const ServedCertificate>(std::move(certificate));
  std::lock_guard lock(mutex_);
  certificates_[arn] = std::move(made);
}

void CertificateDirectory::remove(const std::string& arn) {
  std::lock_guard lock(mutex_);
  certificates_.erase(arn);
}

std::shared_ptr<const ServedCertificate> CertificateDirectory::find(std::string_view arn) const {
  std::lock_guard lock(mutex_);
  auto found = certificates_.find(arn);
  return found == certificates_.end() ? nullptr : found->second;
}

void CertificateDirectory::set_users(const std::string& owner, Users users) {
  std::lock_guard lock(mutex_);
  users_[owner] = std::move(users);
}

std::vector<std::string> CertificateDirectory::users_of(std::string_view arn) const {
  std::vector<std::string> all;
  std::lock_guard lock(mutex_);
  for (const auto& [owner, users] : users_) {
    auto found = users.find(arn);
    if (found != users.end()) all.insert(all.end(), found->second.begin(), found->second.end());
  }
  return all;
}

}  // namespace holm::net
