// Outgoing HTTP requests, over libcurl.

#include "kit/fetch.h"

#include <curl/curl.h>

#include <cctype>
#include <memory>

namespace kit {

namespace {

struct Receiver {
  FetchResponse response;
  std::size_t body_bytes_max = 0;
};

std::size_t receive_body(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& receiver = *static_cast<Receiver*>(context);
  if (receiver.response.body.size() + count > receiver.body_bytes_max) return 0;
  receiver.response.body.append(bytes, count);
  return count;
}

std::size_t receive_header(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& receiver = *static_cast<Receiver*>(context);
  std::string_view line(bytes, count);
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.remove_suffix(1);
  receiver.response.headers.emplace_back(std::move(name), std::string(value));
  return count;
}

// One handle a thread, so that connections are used again.
CURL* handle_of_thread() {
  struct Closer {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  thread_local std::unique_ptr<CURL, Closer> handle(curl_easy_init());
  curl_easy_reset(handle.get());
  return handle.get();
}

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

HeaderList header_list(const Fields& headers) {
  // libcurl would send "Expect: 100-continue" for large bodies and wait a second for it.
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : headers) {
    std::string line = value.empty() ? name + ";" : name + ": " + value;
    list = curl_slist_append(list, line.c_str());
  }
  return HeaderList(list, &curl_slist_free_all);
}

}  // namespace

std::expected<FetchResponse, std::string> fetch(const FetchRequest& request) {
  CURL* handle = handle_of_thread();
  Receiver receiver{.response = {}, .body_bytes_max = request.body_bytes_max};
  HeaderList headers = header_list(request.headers);
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_milliseconds));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_milliseconds));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, receive_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &receiver);
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  CURLcode code = curl_easy_perform(handle);
  if (code != CURLE_OK) return std::unexpected(std::string(curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  receiver.response.status = static_cast<int>(status);
  return std::move(receiver.response);
}

}  // namespace kit
