"""types.h, operations.h and errors.h: what handlers and other services name."""
import names

ENUMERATION_MAX = 200  # Larger ones (instance types) are data: no constants.


def header(model, lines, includes, about):
    """A generated header around `lines`."""
    out = [f"// {about} Generated from the service's model; do not edit.", "#pragma once", ""]
    out += [f"#include {include}" for include in includes]
    return "\n".join([*out, "", f"namespace holm::{model.service} {{", "", *lines, "",
                      f"}}  // namespace holm::{model.service}", ""])


def field_line(model, owner, member):
    kind = model.kind(model.shape(owner)["members"][member]["shape"])
    cpp, _, visible = model.field(owner, member)
    zero = {"boolean": " = false", "timestamp": "{}"}.get(kind, " = 0")
    plain_number = not visible and kind in ("boolean", "integer", "long", "float", "double", "timestamp")
    return f"  {cpp} {names.snake_case(member)}{zero if plain_number else ''};"


def structure(model, name):
    lines = [f"struct {model.type_name(name)} {{"]
    lines += [field_line(model, name, member) for member in model.shape(name)["members"]]
    if model.given(name):
        lines.append("  aws::Given given;")
    return [*lines, "};", ""]


def enumeration_namespace(model, name):
    snake = names.snake_case(name)
    functions = {names.snake_case(operation) for operation in model.all_operations}
    return snake + "_values" if snake in functions | names.NAMESPACES else snake


def enumeration(model, name):
    """A namespace with a constant for each value of a string enumeration."""
    lines, used = [f"namespace {enumeration_namespace(model, name)} {{"], set()
    for value in model.shape(name)["enum"]:
        constant = names.constant(value)
        if constant == "k":
            continue
        while constant in used:
            constant += "_"
        used.add(constant)
        lines.append(f"inline constexpr std::string_view {constant} = {names.literal(value)};")
    return [*lines, "}", ""]


def types(model):
    enumerations = [name for name in model.reached
                    if 0 < len(model.shape(name).get("enum", [])) <= ENUMERATION_MAX]
    lines = []
    for name in enumerations:
        lines += enumeration(model, name)
    ordered = model.in_order()
    lines += [f"struct {model.type_name(name)};" for name in ordered] + [""]
    for name in ordered:
        lines += structure(model, name)
    includes = ["<cstdint>", "<map>", "<optional>", "<string>", "<string_view>", "<vector>", "",
                '"aws/schema/shape.h"']
    return header(model, lines[:-1], includes, "What requests and answers are made of.").replace("#include \n", "\n")


def value_type(model, operation, side):
    """The C++ type of an operation's input or output."""
    name = model.operation_shape(operation, side)
    return model.type_name(name) if name else "aws::Nothing"


def operations(model):
    lines = []
    for entry in model.listed.entries:
        lines += [f"struct {names.title_case(entry.name)} {{",
                  f"  using Input = {value_type(model, entry.name, 'input')};",
                  f"  using Output = {value_type(model, entry.name, 'output')};",
                  f'  static constexpr std::string_view service = "{model.service}";',
                  f'  static constexpr std::string_view name = "{entry.name}";', "};", ""]
    includes = ['"aws/service/operation.h"', f'"{model.service}/types.h"']
    return header(model, lines[:-1], includes, "The operations as aws::Region::call names them.")


def errors(model):
    lines = []
    for name in model.errors:
        title = names.title_case(name)
        lines += [f"struct {title} : aws::ServiceError {{",
                  f"  explicit {title}(const std::string& message)",
                  f"      : ServiceError({names.literal(model.error_code(name))}, "
                  f"{model.error_status(name)}, message) {{}}", "};", ""]
    return header(model, lines[:-1], ['"aws/service/error.h"'], "The errors of the service's model.")
