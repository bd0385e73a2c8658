// Finding the end of a head, line by line as it comes in, and reading the lines once it is there.
// https://www.rfc-editor.org/rfc/rfc9112

#include "http/head_parser.h"

#include <cstring>

#include "http/characters.h"
#include "http/head_meaning.h"

namespace holm::http {

namespace {

// Takes the first line off `rest`; a line ends at LF.
std::string_view take_line(std::string_view& rest, Deviations& deviations) {
  size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  } else {
    deviations.add(Deviation::BareLf);
  }
  return line;
}

// What is wrong with a character that does not belong into its place.
Deviation deviation_of(char c, Deviation otherwise) {
  if (c == '\0') return Deviation::NulByte;
  if (c == '\r') return Deviation::BareCr;
  return otherwise;
}

void check_target_characters(std::string_view target, Deviations& deviations) {
  for (char c : target) {
    if (is(kTarget, c)) continue;
    if (c == ' ') {
      deviations.add(Deviation::SpaceInTarget);
    } else if (static_cast<uint8_t>(c) >= 0x80) {
      deviations.add(Deviation::NonAsciiTarget);
    } else {
      const bool breaks = c == '\0' || c == '\r';
      deviations.add(breaks ? Deviation::NulOrCrInTarget : Deviation::ControlInTarget);
    }
  }
  if (deviations.has(Deviation::SpaceInTarget) && target.find(" HTTP/") != std::string_view::npos) {
    deviations.add(Deviation::SeveralVersions);
  }
}

void check_target_form(const Head& head, Deviations& deviations) {
  std::string_view target = head.target;
  bool good;
  if (head.method == "CONNECT") {
    size_t colon = target.rfind(':');
    good = colon != std::string_view::npos && colon > 0 && all(kHost, target);
  } else if (target == "*") {
    good = head.method == "OPTIONS";
  } else {
    good = target.starts_with('/') || find_authority(target).has_value();
  }
  if (!good) deviations.add(Deviation::BadTarget);
  if (target.find('#') != std::string_view::npos) deviations.add(Deviation::Fragment);
}

void parse_version(std::string_view text, Head& head) {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 8 || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7])) {
    head.deviations.add(Deviation::BadVersion);
    head.version = Version::Http10;
    return;
  }
  if (text == "HTTP/0.9") {
    head.deviations.add(Deviation::Http09);
    head.version = Version::Http10;
    return;
  }
  if (text[5] != '1') head.deviations.add(Deviation::UnsupportedVersion);
  if (text[5] == '1' && text[7] > '1') head.deviations.add(Deviation::UnknownMinorVersion);
  head.version = text[5] == '1' && text[7] == '0' ? Version::Http10 : Version::Http11;
}

void parse_request_line(std::string_view line, Head& head) {
  const bool has_space_after = line.ends_with(' ');
  while (line.ends_with(' ')) line.remove_suffix(1);
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (line.find('\t') != std::string_view::npos) head.deviations.add(Deviation::ExtraWhitespace);
  head.method = line.substr(0, first);
  if (head.method.empty() || !all(kToken, head.method)) head.deviations.add(Deviation::BadMethod);
  if (first == std::string_view::npos || first == last) {
    // There are no three parts.
    head.target = first == std::string_view::npos ? std::string_view() : line.substr(first + 1);
    head.deviations.add(Deviation::NoVersion);
    head.version = Version::Http10;
  } else {
    if (has_space_after) head.deviations.add(Deviation::SpaceAfterVersion);
    std::string_view target = line.substr(first + 1, last - first - 1);
    head.target = trim_space(target);
    if (head.target.size() != target.size()) head.deviations.add(Deviation::ExtraWhitespace);
    parse_version(line.substr(last + 1), head);
  }
  check_target_characters(head.target, head.deviations);
  check_target_form(head, head.deviations);
}

void parse_status_line(std::string_view line, Head& head) {
  parse_version(line.substr(0, line.find(' ')), head);
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  bool good = line.size() >= 12 && line[8] == ' ' && line[9] >= '1' && line[9] <= '9' &&
              is_digit(line[10]) && is_digit(line[11]) && (line.size() == 12 || line[12] == ' ');
  if (!good) {
    head.deviations.add(Deviation::BadStatusLine);
    return;
  }
  head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (line.size() > 13) head.reason = line.substr(13);
  if (!all(kText, head.reason)) head.deviations.add(Deviation::BadStatusLine);
}

void check_value(std::string_view value, Deviations& deviations) {
  if (is_text(value)) return;
  for (char c : value) {
    if (!is(kText, c)) deviations.add(deviation_of(c, Deviation::ControlInHeader));
  }
}

void parse_name(std::string_view raw, std::string_view& name, Deviations& deviations) {
  name = trim_space(raw);
  if (name.size() != raw.size()) deviations.add(Deviation::SpaceBeforeColon);
  if (name.empty()) deviations.add(Deviation::EmptyHeaderName);
  for (char c : name) {
    if (!is(kToken, c)) deviations.add(deviation_of(c, Deviation::BadHeaderName));
  }
}

// One that does not begin with a name and a colon, as nearly all do.
void parse_odd_line(std::string_view line, std::vector<Header>& headers, Deviations& deviations) {
  if (!line.empty() && is_space(line.front())) {
    deviations.add(Deviation::ObsFold);
    check_value(line, deviations);
    if (headers.empty()) return;
    // The continued value and its continuation stand next to each other in the buffer.
    std::string_view& value = headers.back().value;
    const char* end = line.data() + line.size();
    value = {value.data(), static_cast<size_t>(end - value.data())};
    return;
  }
  Header header;
  size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    deviations.add(Deviation::NoColon);
    header.value = line.substr(line.size());
  } else {
    header.value = trim_space(line.substr(colon + 1));
  }
  const std::string_view raw_name = line.substr(0, colon);
  parse_name(raw_name, header.name, deviations);
  if (raw_name.size() != header.name.size() && resembles_framing(header.name)) {
    deviations.add(Deviation::SuspiciousHeader);
  }
  check_value(header.value, deviations);
  headers.push_back(header);
}

void parse_header_line(std::string_view line, std::vector<Header>& headers,
                       Deviations& deviations) {
  const size_t colon = token_bytes(line);
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    parse_odd_line(line, headers, deviations);
    return;
  }
  const std::string_view value = trim_space(line.substr(colon + 1));
  check_value(value, deviations);
  headers.push_back({line.substr(0, colon), value});
}

}  // namespace

void parse_header_lines(std::string_view lines, std::vector<Header>& headers,
                        Deviations& deviations) {
  while (!lines.empty()) parse_header_line(take_line(lines, deviations), headers, deviations);
}

Headers headers_of(const Head& head) {
  constexpr Deviations kUnsound = {Deviation::BareCr,           Deviation::NulByte,
                                   Deviation::ObsFold,          Deviation::NoColon,
                                   Deviation::EmptyHeaderName,  Deviation::BadHeaderName,
                                   Deviation::ControlInHeader};
  const bool is_sound = !head.deviations.any_of(kUnsound);
  return {head.header_lines, head.headers,
          is_sound ? Headers::Content::Sound : Headers::Content::Unknown};
}

void HeadParser::reset() {
  line_start_ = scanned_ = headers_start_ = 0;
  header_ends_.clear();
}

HeadState HeadParser::check_line(size_t line_bytes) const {
  if (headers_start_ == 0) {
    // With empty lines before it, so that they are bounded.
    bool too_long = line_start_ + line_bytes > limits_.start_line_bytes_max;
    return too_long ? HeadState::StartLineTooLong : HeadState::Incomplete;
  }
  if (line_bytes > limits_.header_bytes_max) return HeadState::HeaderTooLong;
  size_t all_bytes = line_start_ - headers_start_ + line_bytes;
  if (all_bytes > limits_.headers_bytes_max) return HeadState::HeadersTooLong;
  if (header_ends_.size() > limits_.header_count_max) return HeadState::TooManyHeaders;
  return HeadState::Incomplete;
}

HeadState HeadParser::find_end(std::string_view buffer) {
  const char* const text = buffer.data();
  while (scanned_ < buffer.size()) {
    const void* found = std::memchr(text + scanned_, '\n', buffer.size() - scanned_);
    const size_t end =
        found ? static_cast<size_t>(static_cast<const char*>(found) - text) : buffer.size();
    // The line's own end is not counted.
    const bool has_cr = end > line_start_ && text[end - 1] == '\r';
    const size_t line_bytes = end - line_start_ - (has_cr ? 1 : 0);
    const HeadState state = check_line(line_bytes);
    if (state != HeadState::Incomplete) return state;
    scanned_ = end;
    if (!found) return HeadState::Incomplete;
    scanned_ = end + 1;
    if (headers_start_ == 0) {
      if (line_bytes > 0) headers_start_ = end + 1;
    } else if (line_bytes == 0) {
      head_.bytes = end + 1;
      return HeadState::Complete;
    } else {
      header_ends_.push_back(end);
    }
    line_start_ = end + 1;
  }
  return HeadState::Incomplete;
}

void HeadParser::parse_start_line(std::string_view start) {
  std::string_view line = take_line(start, head_.deviations);
  while (line.empty()) {
    head_.deviations.add(Deviation::LeadingEmptyLine);
    line = take_line(start, head_.deviations);
  }
  if (kind_ == HeadKind::Request) {
    parse_request_line(line, head_);
  } else {
    parse_status_line(line, head_);
  }
}

HeadState HeadParser::parse(std::string_view buffer) {
  HeadState state = find_end(buffer);
  if (state != HeadState::Complete) return state;
  std::vector<Header> headers = std::move(head_.headers);
  headers.clear();
  const size_t bytes = head_.bytes;
  head_ = Head();
  head_.bytes = bytes;
  head_.header_lines = buffer.substr(headers_start_, line_start_ - headers_start_);
  parse_start_line(buffer.substr(0, headers_start_));
  size_t start = headers_start_;
  for (const size_t end : header_ends_) {
    const bool has_cr = end > start && buffer[end - 1] == '\r';
    if (!has_cr) head_.deviations.add(Deviation::BareLf);
    const size_t line_end = has_cr ? end - 1 : end;
    parse_header_line(buffer.substr(start, line_end - start), headers, head_.deviations);
    start = end + 1;
  }
  head_.headers = std::move(headers);
  // The empty line at the end.
  if (bytes - line_start_ == 1) head_.deviations.add(Deviation::BareLf);
  reset();
  find_meaning(kind_, head_);
  return HeadState::Complete;
}

}  // namespace holm::http
