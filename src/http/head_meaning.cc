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

// The next letter of `name`, in lower case; 0 at its end. What is no letter is passed over, and two
// letters that Unicode folds to those of ASCII count as these.
char take_letter(std::string_view& name) {
  while (!name.empty()) {
    if (name.starts_with("\xc5\xbf") || name.starts_with("\xc4\xb1")) {
      const char folded = name.front() == '\xc5' ? 's' : 'i';
      name.remove_prefix(2);
      return folded;
    }
    const char c = name.front();
    name.remove_prefix(1);
    if (c >= 'a' && c <= 'z') return c;
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c + 32);
  }
  return '\0';
}

// Whether the name's first letter allows it to resemble one of those that frame a message.
bool may_frame(std::string_view name) {
  const char first = name.empty() ? '\0' : static_cast<char>(name.front() | 0x20);
  return first < 'a' || first > 'z' || first == 'c' || first == 't';
}

bool has_letters(std::string_view name, std::string_view letters) {
  for (char wanted : letters) {
    if (take_letter(name) != wanted) return false;
  }
  return take_letter(name) == '\0';
}

// RFC 9112, section 7: the codings that there are. What is in them would have to be undone by the
// recipient, so none but chunked is supported.
bool is_known_coding(std::string_view coding) {
  for (std::string_view each : {"gzip", "x-gzip", "deflate", "compress", "x-compress", "chunked", "identity"}) {
    if (equals_ignoring_case(coding, each)) return true;
  }
  return false;
}

// Collects what the headers say, one after the other.
class Meaning {
 public:
  explicit Meaning(Head& head) : head_(head) {}

  void add(const Header& header) {
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
        if (header.name.size() >= 13 && may_frame(header.name)) add_framing(header);
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

  void add_framing(const Header& header) {
    if (equals_ignoring_case(header.name, "content-length")) {
      add_length(header.value);
    } else if (equals_ignoring_case(header.name, "transfer-encoding")) {
      add_encoding(header.value);
    } else if (resembles_framing(header.name)) {
      head_.deviations.add(Deviation::SuspiciousHeader);
    }
  }

  void add_length(std::string_view value) {
    if (value.find(',') != std::string_view::npos) {
      head_.deviations.add(Deviation::ListedContentLength);
    }
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
      const bool chunked = equals_ignoring_case(coding, "chunked");
      if (chunked && chunked_seen_) head_.deviations.add(Deviation::SeveralChunked);
      chunked_last_ = chunked;
      chunked_seen_ = chunked_seen_ || chunked;
      if (chunked) return;
      if (!chunked_seen_ && equals_ignoring_case(coding, "identity")) {
        head_.deviations.add(Deviation::IdentityCoding);
        return;
      }
      other_coding_ = true;
      const std::string_view name = trim_space(coding.substr(0, coding.find(';')));
      head_.deviations.add(is_known_coding(name) ? Deviation::UnsupportedCoding
                                                 : Deviation::BadTransferEncoding);
    });
    has_encoding_ = true;
  }

  void finish_framing(HeadKind kind) {
    bool response = kind == HeadKind::Response;
    if (has_encoding_ && head_.version == Version::Http10) {
      head_.deviations.add(Deviation::TransferEncodingInHttp10);
    }
    if (has_encoding_ && has_length_) head_.deviations.add(Deviation::ContentLengthWithChunked);
    if (has_length_ && head_.deviations.any_of({Deviation::NoVersion, Deviation::Http09})) {
      head_.deviations.add(Deviation::ContentLengthInHttp09);
    }
    if (has_encoding_ && (chunked_last_ || other_coding_)) {
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
  bool chunked_seen_ = false;
  bool chunked_last_ = false;
  bool other_coding_ = false;  // Neither chunked nor, before it, identity.
  std::optional<uint64_t> length_;
};

}  // namespace

bool resembles_framing(std::string_view name) {
  return may_frame(name) && (has_letters(name, "contentlength") || has_letters(name, "transferencoding"));
}

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
  for (const Header& header : head.headers) meaning.add(header);
  meaning.finish(kind);
}

}  // namespace holm::http
