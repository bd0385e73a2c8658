// Finding the end of a head, line by line as it comes in, and reading the lines once it is there.
// https://www.rfc-editor.org/rfc/rfc9112

#include "http/head_parser.h"

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

}  // namespace

void parse_header_lines(std::string_view lines, std::vector<HeaderView>& headers,
                        Deviations& deviations) {
  while (!lines.empty()) {
    std::string_view line = take_line(lines, deviations);
    if (!line.empty() && is_space(line.front())) {
      deviations.add(Deviation::ObsFold);
      check_value(line, deviations);
      if (headers.empty()) continue;
      // The continued value and its continuation stand next to each other in the buffer.
      std::string_view& value = headers.back().value;
      const char* end = line.data() + line.size();
      value = {value.data(), static_cast<size_t>(end - value.data())};
      continue;
    }
    HeaderView header;
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
}

void HeadParser::reset() { line_start_ = scanned_ = headers_start_ = header_count_ = 0; }

HeadState HeadParser::check_line(size_t line_bytes) {
  if (headers_start_ == 0) {
    // With empty lines before it, so that they are bounded.
    bool too_long = line_start_ + line_bytes > limits_.start_line_bytes_max;
    return too_long ? HeadState::StartLineTooLong : HeadState::Incomplete;
  }
  if (line_bytes > limits_.header_bytes_max) return HeadState::HeaderTooLong;
  size_t all_bytes = line_start_ - headers_start_ + line_bytes;
  if (all_bytes > limits_.headers_bytes_max) return HeadState::HeadersTooLong;
  if (header_count_ > limits_.header_count_max) return HeadState::TooManyHeaders;
  return HeadState::Incomplete;
}

HeadState HeadParser::find_end(std::string_view buffer) {
  while (scanned_ < buffer.size()) {
    size_t found = buffer.find('\n', scanned_);
    size_t end = found == std::string_view::npos ? buffer.size() : found;
    // The line's own end is not counted.
    bool has_cr = end > line_start_ && buffer[end - 1] == '\r';
    size_t line_bytes = end - line_start_ - (has_cr ? 1 : 0);
    HeadState state = check_line(line_bytes);
    if (state != HeadState::Incomplete) return state;
    scanned_ = end;
    if (found == std::string_view::npos) return HeadState::Incomplete;
    scanned_ = end + 1;
    if (headers_start_ != 0 && line_bytes == 0) {
      head_.bytes = end + 1;
      return HeadState::Complete;
    }
    if (headers_start_ != 0) ++header_count_;
    if (headers_start_ == 0 && line_bytes > 0) headers_start_ = end + 1;
    line_start_ = end + 1;
  }
  return HeadState::Incomplete;
}

HeadState HeadParser::parse(std::string_view buffer) {
  HeadState state = find_end(buffer);
  if (state != HeadState::Complete) return state;
  size_t headers_start = headers_start_;
  size_t headers_end = line_start_;
  size_t bytes = head_.bytes;
  reset();

  std::vector<HeaderView> headers = std::move(head_.headers);
  headers.clear();
  head_ = Head();
  head_.headers = std::move(headers);
  head_.bytes = bytes;

  std::string_view start = buffer.substr(0, headers_start);
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
  std::string_view lines = buffer.substr(headers_start, headers_end - headers_start);
  parse_header_lines(lines, head_.headers, head_.deviations);
  // The empty line at the end.
  if (bytes - headers_end == 1) head_.deviations.add(Deviation::BareLf);
  find_meaning(kind_, head_);
  return HeadState::Complete;
}

}  // namespace holm::http
