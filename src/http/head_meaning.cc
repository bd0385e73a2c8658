// Framing by RFC 9112 section 6, and the few other headers a connection has to know.

#include "http/head_meaning.h"

#include <limits>

#include "base/strings.h"
#include "http/characters.h"

namespace holm::http {

namespace {

// Calls `use` for each element of a comma-separated list, trimmed; empty ones too.
template <class Use>
void for_each_element(std::string_view list, Use use) {
  while (true) {
    size_t comma = list.find(',');
    use(trim_space(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

std::optional<uint64_t> parse_length(std::string_view text) {
  if (text.empty()) return std::nullopt;
  uint64_t number = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    uint64_t digit = static_cast<uint64_t>(c - '0');
    constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
    if (number > (kMax - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

// Whether `name` is `known` but for punctuation and case: "Content_Length" passes for that header
// with recipients that are not careful.
bool resembles(std::string_view name, std::string_view known) {
  size_t at = 0;
  for (char c : name) {
    char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (lower < 'a' || lower > 'z') continue;
    if (at == known.size() || known[at] != lower) return false;
    ++at;
  }
  return at == known.size();
}

// Collects what the headers say, one after the other.
class Meaning {
 public:
  explicit Meaning(Head& head) : head_(head) {}

  void add(const HeaderView& header) {
    switch (header.name.size()) {
      case 4:
        if (equals_ignoring_case(header.name, "host")) add_host(header.value);
        break;
      case 6:
        if (equals_ignoring_case(header.name, "expect")) add_expect(header.value);
        break;
      case 7:
        if (equals_ignoring_case(header.name, "upgrade")) has_upgrade_ = true;
        break;
      case 10:
        if (equals_ignoring_case(header.name, "connection")) add_connection(header.value);
        break;
      default:
        if (header.name.size() >= 13) add_framing(header);
        break;
    }
  }

  void finish(HeadKind kind) {
    if (kind == HeadKind::Request && hosts_ == 0 && head_.version == Version::Http11) {
      head_.deviations.add(Deviation::NoHost);
    }
    finish_framing(kind);
    bool kept = head_.version == Version::Http11 ? !close_ : keep_alive_ && !close_;
    head_.keep_alive = kept && head_.framing != Framing::UntilClose;
    head_.upgrade = upgrade_token_ && has_upgrade_;
  }

 private:
  void add_host(std::string_view value) {
    if (++hosts_ > 1) head_.deviations.add(Deviation::SeveralHosts);
    if (!all(kHost, value)) head_.deviations.add(Deviation::BadHost);
  }

  // There is one expectation; another need not be refused (RFC 9110, 10.1.1).
  void add_expect(std::string_view value) {
    if (!equals_ignoring_case(value, "100-continue")) return;
    head_.expects_continue = head_.version == Version::Http11;
  }

  void add_connection(std::string_view value) {
    for_each_element(value, [this](std::string_view option) {
      if (equals_ignoring_case(option, "close")) close_ = true;
      if (equals_ignoring_case(option, "keep-alive")) keep_alive_ = true;
      if (equals_ignoring_case(option, "upgrade")) upgrade_token_ = true;
    });
  }

  void add_framing(const HeaderView& header) {
    if (equals_ignoring_case(header.name, "content-length")) {
      add_length(header.value);
    } else if (equals_ignoring_case(header.name, "transfer-encoding")) {
      add_encoding(header.value);
    } else if (resembles(header.name, "contentlength") ||
               resembles(header.name, "transferencoding")) {
      head_.deviations.add(Deviation::SuspiciousHeader);
    }
  }

  void add_length(std::string_view value) {
    for_each_element(value, [this](std::string_view element) {
      std::optional<uint64_t> length = parse_length(element);
      if (!length) {
        head_.deviations.add(Deviation::BadContentLength);
      } else if (!length_) {
        length_ = length;
      } else {
        head_.deviations.add(*length_ == *length ? Deviation::DuplicateContentLength
                                                 : Deviation::DifferentContentLengths);
      }
    });
    has_length_ = true;
  }

  void add_encoding(std::string_view value) {
    for_each_element(value, [this](std::string_view coding) {
      bool chunked = equals_ignoring_case(coding, "chunked");
      if (chunked && chunked_last_) head_.deviations.add(Deviation::SeveralChunked);
      // Other codings would have to be undone by the recipient, and none after chunked can be.
      if (!chunked) head_.deviations.add(Deviation::BadTransferEncoding);
      chunked_last_ = chunked;
    });
    has_encoding_ = true;
  }

  void finish_framing(HeadKind kind) {
    bool response = kind == HeadKind::Response;
    if (has_encoding_ && head_.version == Version::Http10) {
      head_.deviations.add(Deviation::TransferEncodingInHttp10);
    }
    if (has_encoding_ && has_length_) head_.deviations.add(Deviation::ContentLengthWithChunked);
    if (has_encoding_) {
      head_.framing = chunked_last_ ? Framing::Chunked
                      : response    ? Framing::UntilClose
                                    : Framing::None;
    } else if (length_) {
      head_.framing = Framing::Length;
      head_.length = *length_;
    } else if (response) {
      head_.framing = Framing::UntilClose;
    }
    if (head_.method != "GET" && head_.method != "HEAD") return;
    if (has_encoding_) head_.deviations.add(Deviation::GetOrHeadWithChunked);
    if (length_) {
      head_.deviations.add(*length_ == 0 ? Deviation::GetOrHeadWithZeroLength
                                         : Deviation::GetOrHeadWithLength);
    }
  }

  Head& head_;
  int hosts_ = 0;
  bool close_ = false;
  bool keep_alive_ = false;
  bool upgrade_token_ = false;
  bool has_upgrade_ = false;
  bool has_length_ = false;
  bool has_encoding_ = false;
  bool chunked_last_ = false;
  std::optional<uint64_t> length_;
};

}  // namespace

std::optional<std::string_view> find_authority(std::string_view target) {
  size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  std::string_view scheme = target.substr(0, scheme_end);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return std::nullopt;
  }
  std::string_view rest = target.substr(scheme_end + 3);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.empty() || !all(kHost, authority)) return std::nullopt;
  return authority;
}

void find_meaning(HeadKind kind, Head& head) {
  Meaning meaning(head);
  for (const HeaderView& header : head.headers) meaning.add(header);
  meaning.finish(kind);
}

}  // namespace holm::http
