"""schema.h, schema.cc and honoured.cc: the shape table."""
import names
import patterns
from model import SIMPLE

LOCATIONS = {"uri": "Uri", "querystring": "QueryString", "header": "Header", "headers": "Headers",
             "statusCode": "StatusCode"}
FORMATS = {"iso8601": "Iso8601", "rfc822": "Rfc822", "unixTimestamp": "UnixSeconds"}


def initialiser(fields):
    """{.a = b, .c = d} of the pairs whose value is not None."""
    return "{" + ", ".join(f".{key} = {value}" for key, value in fields if value is not None) + "}"


def quoted(text):
    return names.literal(text) if text else None


def flag(value):
    return "true" if value else None


def timestamp(text):
    return f"aws::TimestampFormat::{FORMATS[text]}" if text else None


class Schema:
    """Writes the three files of one model; `honoured` are (structure, member) pairs that code reads or keeps."""

    def __init__(self, model, honoured):
        self.model = model
        self.honoured = honoured
        self.unhonourable = {}
        self.constraints = {}
        self.declared, self.lines = [], []
        reached = model.input_reach
        for owner in (name for name in model.structures() if name in reached):
            for member in model.shape(owner)["members"]:
                self.unhonourable[(owner, member)] = len(self.unhonourable)

    def variable(self, name):
        """The C++ name of a shape's entry."""
        shape = self.model.shape(name)
        if shape.get("document"):
            return "aws::kDocument"
        if shape["type"] in SIMPLE and not self.constraint_fields(name):
            return "aws::" + SIMPLE[shape["type"]][1]
        if self.model.is_structure(name):
            return "k" + self.model.type_name(name)
        return "k" + names.title_case(name) + "Shape"

    def constraint_fields(self, name):
        """What the model demands of an input's value; nothing is demanded of what only we write."""
        if name not in self.model.input_reach:
            return []
        shape = self.model.shape(name)
        fields = [("minimum", bound(shape.get("min"))), ("maximum", bound(shape.get("max")))]
        if patterns.to_re2(shape.get("pattern", "")):
            fields.append(("pattern", f"&k{names.title_case(name)}Pattern"))
        if shape.get("enum"):
            fields.append(("values", f"k{names.title_case(name)}Values"))
        return [field for field in fields if field[1] is not None]

    def constraints_of(self, name):
        """The address of the constraints of a shape, defining them at the first use."""
        fields = self.constraint_fields(name)
        if not fields:
            return None
        variable = f"k{names.title_case(name)}Constraints"
        if variable not in self.constraints:
            self.constraints[variable] = True
            values = self.model.shape(name).get("enum")
            if values:
                self.lines.append(f"constexpr std::string_view k{names.title_case(name)}Values[] = {{"
                                  + ", ".join(names.literal(value) for value in values) + "};")
            pattern = self.model.shape(name).get("pattern")
            if pattern and patterns.to_re2(pattern):
                self.lines.append(f"constinit const aws::Pattern k{names.title_case(name)}Pattern("
                                  f"{names.literal(pattern)}, {names.literal(patterns.to_re2(pattern))});")
            self.lines.append(f"constexpr aws::Constraints {variable}{initialiser(fields)};")
        return "&" + variable

    def member(self, name, data, extra):
        """A Member's initialiser; `extra` are the fields that its owner knows."""
        shape = self.model.shape(data["shape"])
        namespace = data.get("xmlNamespace", {})
        wire = data.get("locationName", name)
        ec2 = data.get("queryName") or wire[0].upper() + wire[1:]
        streaming = self.model.is_streaming(data)
        return initialiser([
            ("name", quoted(name)), ("wire_name", quoted(wire)), ("ec2_name", quoted(ec2)),
            ("shape", "&aws::kStream" if streaming else "&" + self.variable(data["shape"])),
            ("offset", extra.get("offset")), ("ops", extra.get("ops")),
            ("location", f"aws::Location::{LOCATIONS[data['location']]}" if "location" in data else None),
            ("timestamp", timestamp(data.get("timestampFormat") or shape.get("timestampFormat"))),
            ("required", flag(extra.get("required"))),
            ("is_xml_attribute", flag(data.get("xmlAttribute"))),
            ("is_flattened", flag(data.get("flattened"))),
            ("is_idempotency_token", flag(data.get("idempotencyToken"))),
            ("is_honoured", extra.get("honoured")),
            ("is_host_label", flag(data.get("hostLabel"))),
            ("is_json_value", flag(data.get("jsonvalue"))),
            ("is_sensitive", flag(shape.get("sensitive") or data.get("sensitive"))),
            ("xml_namespace", quoted(namespace.get("uri"))), ("xml_prefix", quoted(namespace.get("prefix"))),
            ("given_bit", extra.get("given_bit")), ("given_offset", extra.get("given_offset"))])

    def structure(self, name):
        shape, title = self.model.shape(name), self.model.type_name(name)
        members, given = list(shape["members"]), self.model.given(name)
        if members:
            self.lines.append(f"constexpr aws::Member k{title}Members[] = {{")
        for member in members:
            extra = {"offset": f"offsetof({title}, {names.snake_case(member)})",
                     "ops": f"&{self.model.field(name, member)[1]}::ops",
                     "required": member in shape.get("required", [])}
            if (name, member) in self.unhonourable:
                extra["honoured"] = f"&kHonoured[{self.unhonourable[(name, member)]}]"
            if member in given:
                extra["given_bit"] = f"{1 << given.index(member)}u"
                extra["given_offset"] = f"offsetof({title}, given)"
            self.lines.append(f"    {self.member(member, shape['members'][member], extra)},")
        if members:
            self.lines.append("};")
        payload = shape.get("payload")
        self.shape(name, [
            ("members", f"k{title}Members" if members else None),
            ("payload", f"&k{title}Members[{members.index(payload)}]" if payload else None),
            ("is_union", flag(shape.get("union"))), ("is_wrapped", flag(shape.get("wrapper")))])

    def collection(self, name):
        shape, kind = self.model.shape(name), self.model.kind(name)
        is_list = kind == "list"
        data = shape["member"] if is_list else shape["value"]
        variable = self.variable(name)
        element = self.model.cpp_type(data["shape"])
        extra = {"ops": f"&aws::FieldOf<{element}>::ops"}
        self.lines.append(f"constexpr aws::Member {variable}Element"
                          f"{self.member('member' if is_list else 'value', data, extra)};")
        key = None if is_list else shape["key"]
        self.shape(name, [
            ("element", f"&{variable}Element"),
            ("list", f"&aws::ListOf<{element}>::ops" if is_list else None),
            ("map", None if is_list else f"&aws::MapOf<{element}>::ops"),
            ("constraints", self.constraints_of(name)),
            ("key_name", None if is_list else quoted(key.get("locationName", "key"))),
            ("key_constraints", None if is_list else self.constraints_of(key["shape"])),
            ("is_flattened", flag(shape.get("flattened")))])

    def shape(self, name, fields):
        """Defines the entry of a shape, with what every kind has."""
        shape = self.model.shape(name)
        kinds = {"list": "List", "map": "Map", "structure": "Structure"}
        kind = kinds.get(shape["type"]) or SIMPLE[shape["type"]][1][1:]
        self.declared.append(self.variable(name))
        self.lines.append(f"constinit const aws::Shape {self.variable(name)}" + initialiser([
            ("kind", f"aws::Kind::{kind}"), ("name", quoted(name)), *fields,
            ("xml_name", quoted(shape.get("locationName"))),
            ("xml_namespace", quoted(shape.get("xmlNamespace", {}).get("uri")))]) + ";")

    def simple(self, name):
        if self.constraint_fields(name):
            constraints = self.constraints_of(name)
            self.shape(name, [("constraints", constraints),
                              ("timestamp", timestamp(self.model.shape(name).get("timestampFormat")))])

    def source(self):
        """The text of schema.cc."""
        for name in self.model.reached:
            shape = self.model.shape(name)
            if shape.get("document"):
                continue
            if shape["type"] == "structure":
                self.structure(name)
            elif shape["type"] in ("list", "map"):
                self.collection(name)
            else:
                self.simple(name)
        service = self.model.service
        structures = {self.variable(name) for name in self.model.structures()}
        others = [name for name in self.declared if name not in structures]
        return "\n".join([
            "// The shape table. Generated from the service's model; do not edit.", "",
            f'#include "{service}/schema.h"', "", "#include <cstddef>", "",
            '#include "aws/schema/pattern.h"', f'#include "{service}/types.h"', "", f"namespace holm::{service}::schema {{", "",
            f"extern const bool kHonoured[{max(1, len(self.unhonourable))}];",
            *[f"extern const aws::Shape {name};" for name in others], "",
            *self.lines, "", f"}}  // namespace holm::{service}::schema", ""])

    def declarations(self):
        """The text of schema.h."""
        service = self.model.service
        lines = [f"extern const aws::Shape k{self.model.type_name(name)};" for name in self.model.structures()]
        overloads = [f"inline const aws::Shape& shape_of(const {self.model.type_name(name)}&) "
                     f"{{ return schema::k{self.model.type_name(name)}; }}" for name in self.model.structures()]
        return "\n".join([
            "// The shapes of the service's structures, for codecs. Generated from the service's model; do not edit.",
            "#pragma once", "", '#include "aws/schema/shape.h"', f'#include "{service}/types.h"', "",
            f"namespace holm::{service} {{", "", "namespace schema {", *lines, "}  // namespace schema", "",
            *overloads, "", f"}}  // namespace holm::{service}", ""])

    def honoured_source(self):
        """The text of honoured.cc: apart from schema.cc, because it follows the handlers' sources."""
        service = self.model.service
        lines = [f"    {'true' if pair in self.honoured else 'false'},  // {pair[0]}.{pair[1]}"
                 for pair in self.unhonourable]
        return "\n".join([
            "// Which members of requests the service's code reads or keeps. Generated; do not edit.", "",
            f"namespace holm::{service}::schema {{", "",
            f"extern const bool kHonoured[{max(1, len(lines))}];",
            f"const bool kHonoured[{max(1, len(lines))}] = {{", *(lines or ["    true"]), "};", "",
            f"}}  // namespace holm::{service}::schema", ""])


def bound(value):
    """A limit as a double's text; limits beyond every length are none."""
    if value is None or abs(float(value)) > 1e300:
        return None
    number = float(value)
    return str(int(number)) + ".0" if number == int(number) and abs(number) < 1e15 else repr(number)
