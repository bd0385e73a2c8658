// What the daemon is started with.
#pragma once

#include <string>

namespace holm::region {

struct Options {
  std::string data_directory;
  std::string api_address = "127.0.0.1:4566";
  // Where users' browsers come in; the second is taken when the first may not or cannot be had.
  std::string edge_address = "127.0.0.1:80";
  std::string edge_fallback_address = "127.0.0.1:8080";
  // Likewise with TLS; without either the region goes on without it.
  std::string secure_edge_address = "127.0.0.1:443";
  std::string secure_edge_fallback_address = "127.0.0.1:8443";
  std::string default_region = "us-east-1";
  // What S3's new buckets are like: "current" or "classic" (services/s3/README.md).
  std::string new_buckets = "current";
  // How many seconds a day of S3's lifecycle rules has.
  std::string lifecycle_day = "86400";
  // "smtp://…", as smtp::parse_relay reads it. Holds a password and is never logged; empty: there is no e-mail.
  std::string mail_relay;
  std::string mail_sender = "no-reply@holm.localhost";
};

// $HOLM_DATA, else /var/lib/holm for root and ~/.local/share/holm for others.
std::string default_data_directory();

// Files below the data directory.
std::string database_path(const Options& options);
std::string credentials_path(const Options& options);
std::string process_id_path(const Options& options);
std::string api_address_path(const Options& options);
std::string edge_address_path(const Options& options);
std::string secure_edge_address_path(const Options& options);
// The key and the certificate of the region's own authority.
std::string authority_path(const Options& options);

}  // namespace holm::region
