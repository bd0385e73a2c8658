"""handlers.h, table.cc and migrations.{h,cc}: how the service is called and what it stores."""
import re
import sqlite3

import names
from emit_types import header, value_type


class MigrationError(Exception):
    """schema.sql is not cut into numbered migrations."""


def handlers(model):
    lines = ["using aws::Call;", "using aws::LongCall;", "using aws::Nothing;", "", "class Service;", ""]
    for entry in model.listed.entries:
        output, given = (value_type(model, entry.name, side) for side in ("output", "input"))
        function = names.snake_case(entry.name)
        if entry.mode == "Waits":
            lines.append(f"async::Task<{output}> {function}(Service&, LongCall, {given});")
        else:
            lines.append(f"{output} {function}(Service&, Call&, const {given}&);")
    lines += ["", "// What the gateway knows of the service.", "const aws::ServiceModel& model();"]
    includes = ['"aws/service/operation.h"', '"async/task.h"', f'"{model.service}/errors.h"',
                f'"{model.service}/types.h"']
    return header(model, lines, sorted(includes), "The functions that src/services/"
                  f"{model.service} defines.")


def error_rows(model, operation):
    rows = []
    for error in model.all_operations[operation].get("errors", []):
        name = error["shape"]
        rows.append(f"{{{names.literal(name)}, {names.literal(model.error_code(name))}, "
                    f"{model.error_status(name)}}}")
    return rows


def is_unauthenticated(operation):
    return operation.get("authtype") == "none" or operation.get("auth") == ["smithy.api#noAuth"]


def operation_row(model, entry):
    operation = model.all_operations[entry.name]
    http, given, output = (operation.get(key, {}) for key in ("http", "input", "output"))
    shapes = []
    for side in ("input", "output"):
        name = model.operation_shape(entry.name, side)
        shapes.append(f"&schema::k{model.type_name(name)}" if name else "&aws::kNothing")
    adapt = f"aws::Adapt<&{names.snake_case(entry.name)}>"
    fields = [
        ("model", "&kModel"), ("name", names.literal(entry.name)), ("input", shapes[0]), ("output", shapes[1]),
        ("http_method", names.literal(http.get("method", "POST"))),
        ("http_uri", names.literal(http.get("requestUri", "/"))),
        ("http_status", str(http.get("responseCode", 200))),
        ("result_wrapper", names.literal(output.get("resultWrapper", ""))),
        ("input_name", names.literal(given.get("locationName", ""))),
        ("input_namespace", names.literal(given.get("xmlNamespace", {}).get("uri", ""))),
        ("mode", f"aws::Mode::{entry.mode}"),
        ("is_unauthenticated", "true" if is_unauthenticated(operation) else "false"),
        ("errors", f"k{names.title_case(entry.name)}Errors" if operation.get("errors") else "{}"),
        ("make_input", f"{adapt}::make_input"), ("invoke", f"{adapt}::invoke"),
        ("invoke_waiting", f"{adapt}::invoke_waiting")]
    if entry.body_bytes_max:
        fields.append(("body_bytes_max", str(entry.body_bytes_max)))
    return "    {" + ", ".join(f".{key} = {value}" for key, value in fields) + "},"


def model_fields(model):
    metadata = model.metadata
    signing = metadata.get("signingName", metadata["endpointPrefix"])
    return [
        ("name", names.literal(model.service)), ("service_id", names.literal(metadata.get("serviceId", ""))),
        ("endpoint_prefix", names.literal(metadata["endpointPrefix"])), ("signing_name", names.literal(signing)),
        ("iam_prefix", names.literal(metadata.get("iamPrefix", signing))),
        ("target_prefix", names.literal(metadata.get("targetPrefix", ""))),
        ("api_version", names.literal(metadata["apiVersion"])),
        ("xml_namespace", names.literal(metadata.get("xmlNamespace", ""))),
        ("protocols", "kProtocols"),
        *[(name, names.literal(metadata[key])) for name, key in
          (("validation_code", "validationCode"), ("missing_code", "missingCode")) if key in metadata],
        ("is_query_compatible", "true" if "awsQueryCompatible" in metadata else "false")]


def required_parts(model, operation):
    """What a REST request must carry outside of its body and path: it tells operations of one path apart."""
    shape = model.shapes.get(operation.get("input", {}).get("shape"), {})
    for name in shape.get("required", []):
        member = shape["members"][name]
        location = {"querystring": "QueryString", "header": "Header"}.get(member.get("location"))
        if location:
            yield f"{{aws::Location::{location}, {names.literal(member.get('locationName', name))}}}"


def route(operation):
    http = operation.get("http", {})
    return http.get("method", "POST"), http.get("requestUri", "/")


def unbuilt(model):
    """The lines that declare kUnbuilt; none when every operation is built."""
    listed = {entry.name for entry in model.listed.entries}
    routes = {route(operation) for name, operation in model.all_operations.items() if not operation.get("deprecated")}
    arrays, rows = [], []
    for name, operation in model.all_operations.items():
        # An old operation whose place another has taken: the newer one is the one that is meant.
        is_replaced = operation.get("deprecated") and route(operation) in routes and route(operation)[1] != "/"
        if name in listed or is_replaced:
            continue
        http = operation.get("http", {})
        row = [names.literal(name), names.literal(http.get("method", "POST")), names.literal(http.get("requestUri", "/"))]
        parts = list(required_parts(model, operation))
        if parts:
            row.append(f"k{names.title_case(name)}Required")
            arrays.append(f"constexpr aws::RequiredPart {row[-1]}[] = {{{', '.join(parts)}}};")
        rows.append(f"    {{{', '.join(row)}}},")
    return ["", *arrays, "constexpr aws::UnbuiltOperation kUnbuilt[] = {", *rows, "};"] if rows else []


def table(model):
    """The text of table.cc."""
    service = model.service
    lines = ["// The dispatch table. Generated from operations.list and the model; do not edit.", "",
             "#include <span>", "", f'#include "services/{service}/service.h"', f'#include "{service}/handlers.h"',
             f'#include "{service}/schema.h"', "", f"namespace holm::{service} {{", "",
             "extern const aws::ServiceModel kModel;", "", "namespace {", "",
             "constexpr aws::Protocol kProtocols[] = {"
             + ", ".join(f"aws::Protocol::{name}" for name in model.protocols()) + "};", ""]
    for entry in model.listed.entries:
        rows = error_rows(model, entry.name)
        if rows:
            lines.append(f"constexpr aws::ErrorModel k{names.title_case(entry.name)}Errors[] = "
                         "{" + ", ".join(rows) + "};")
    fields = model_fields(model)
    if model.listed.entries:
        lines += ["", "constinit const aws::Operation kOperations[] = {",
                  *[operation_row(model, entry) for entry in model.listed.entries], "};"]
        fields.append(("operations", "kOperations"))
    refused = unbuilt(model)
    if refused:
        lines += refused
        fields.append(("unbuilt", "kUnbuilt"))
    lines += ["", "}  // namespace", "", "constinit const aws::ServiceModel kModel{"
              + ", ".join(f".{key} = {value}" for key, value in fields) + "};", "",
              "const aws::ServiceModel& model() { return kModel; }", "", f"}}  // namespace holm::{service}", ""]
    return "\n".join(lines)


def cut_migrations(text):
    """The statements of migrations 1, 2 … of a schema.sql; anything before the first is a comment."""
    parts = re.split(r"^-- migration (\d+)[^\n]*\n", text, flags=re.MULTILINE)
    before = [line for line in parts[0].splitlines() if line.strip() and not line.startswith("--")]
    if before:
        raise MigrationError(f"schema.sql: {before[0]!r} stands before the first `-- migration 1`")
    numbers = [int(number) for number in parts[1::2]]
    if numbers != list(range(1, len(numbers) + 1)):
        raise MigrationError(f"schema.sql: migrations are numbered 1, 2 … without gaps, not {numbers}")
    return [part.strip() + "\n" for part in parts[2::2]]


def migrations_header(service):
    return "\n".join([
        "// The steps that make the service's tables. Generated from schema.sql; do not edit.", "#pragma once", "",
        "#include <string_view>", "#include <vector>", "", '#include "sql/database.h"', "", f"namespace holm::{service} {{", "",
        "std::vector<sql::Migration> migrations();",
        "// What all of them together come to, for a new database; empty where they write rows too.",
        "std::string_view tables();", "", f"}}  // namespace holm::{service}", ""])


def tables_of(steps):
    """The statements that make at once what the steps make one after the other, by SQLite's own account of it."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    for step in steps:
        database.executescript(step)
    made = database.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
    made = [row for row in made.fetchall() if row[1] != "sqlite_sequence"]
    rows = [database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for kind, name, _ in made
            if kind == "table"]
    database.close()
    return "" if any(rows) else "".join(f"{statement};\n" for _, _, statement in made)


def quoted(statements):
    return "\n".join("         " + names.literal(line + "\n") for line in statements.splitlines()) or '         ""'


def migrations(service, text):
    steps = cut_migrations(text)
    rows = [f"      {{.number = {number}, .statements =\n{quoted(statements)}}},"
            for number, statements in enumerate(steps, 1)]
    return "\n".join([
        "// Generated from schema.sql; do not edit.", "", f'#include "{service}/migrations.h"', "",
        f"namespace holm::{service} {{", "", "std::vector<sql::Migration> migrations() {", "  return {", *rows,
        "  };", "}", "", "std::string_view tables() {", f"  return\n{quoted(tables_of(steps))};", "}", "",
        f"}}  // namespace holm::{service}", ""])
