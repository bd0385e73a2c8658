// Lists in pages: Marker, MaxItems, IsTruncated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/iam/entities.h"
#include "sql/database.h"

namespace holm::iam {

// What a list request asks for: `limit` items whose key comes after `after`.
struct Page {
  std::string after;
  int64_t limit = 0;

  // One more than asked for, to see whether there are further ones.
  int64_t rows() const { return limit + 1; }
};

// Throws ValidationError for a marker that holm did not make.
Page read_page(const std::optional<std::string>& marker, const std::optional<int32_t>& max_items);
std::string make_marker(const std::string& key);

// Cuts `rows` to the page and says in `output` whether there are more. `key` gives what the next page
// starts after.
template <class Output, class Key>
void finish_page(Output& output, std::vector<sql::Row>& rows, const Page& page, Key key) {
  output.is_truncated = rows.size() > static_cast<size_t>(page.limit);
  if (!*output.is_truncated) return;
  rows.resize(static_cast<size_t>(page.limit), sql::Row({}));
  output.marker = make_marker(key(rows.back()));
}

// The tags of `entity` that a List…Tags request asks for.
template <class Request, class Output>
void list_tags(Call& call, const Entity& entity, const Request& request, Output& output) {
  Page page = read_page(request.marker, request.max_items);
  std::vector<sql::Row> rows = call.transaction.run(
      "SELECT key, value, folded_key FROM iam_tag WHERE entity = ?1 AND folded_key > ?2 "
      "ORDER BY folded_key LIMIT ?3",
      {entity.id, page.after, page.rows()});
  finish_page(output, rows, page, [](const sql::Row& row) { return row.text(2); });
  for (const sql::Row& row : rows) output.tags.push_back({.key = row.text(0), .value = row.text(1)});
}

}  // namespace holm::iam
