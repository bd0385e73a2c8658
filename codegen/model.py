"""A service's model: read, patched, and cut down to what the listed operations reach."""
import gzip
import json
import pathlib

import names

SIMPLE = {"boolean": ("bool", "kBoolean"), "integer": ("int32_t", "kInteger"), "long": ("int64_t", "kLong"),
          "float": ("double", "kFloat"), "double": ("double", "kDouble"), "string": ("std::string", "kString"),
          "character": ("std::string", "kString"), "blob": ("std::string", "kBlob"),
          "timestamp": ("aws::Timestamp", "kTimestamp")}
NUMBERS = ("boolean", "integer", "long", "float", "double", "timestamp")
PROTOCOLS = {"query": "Query", "ec2": "Ec2", "rest-json": "RestJson", "rest-xml": "RestXml",
             "smithy-rpc-v2-cbor": "RpcV2Cbor"}


class ModelError(Exception):
    """The model, its patch or the list cannot be used; the message says which and why."""


def merge_patch(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = merge_patch(target.get(key), value)
    return target


def read_model(data, service, patches):
    """The newest version of the service's model below the folder `data`, with its patches applied."""
    folder = pathlib.Path(data) / service
    versions = sorted(path for path in folder.glob("*/service-2.json*"))
    if not versions:
        raise ModelError(f"no model named {service} below {data}")
    raw = versions[-1].read_bytes()
    model = json.loads(gzip.decompress(raw) if versions[-1].suffix == ".gz" else raw)
    patch_file = pathlib.Path(patches) / f"{service}.json"
    if patch_file.exists():
        for patch in json.loads(patch_file.read_text()):
            if not patch.get("reason") or set(patch) != {"reason", "merge"}:
                raise ModelError(f"{patch_file}: a patch is {{\"reason\": …, \"merge\": …}}")
            model = merge_patch(model, patch["merge"])
    return model


class Model:
    """What the emitters ask. `service` is the folder, `listed` the parsed operations.list."""

    def __init__(self, service, raw, listed):
        self.service = service
        self.metadata = raw["metadata"]
        self.shapes = raw["shapes"]
        self.all_operations = raw["operations"]
        self.listed = listed
        for entry in listed.entries:
            if entry.name not in self.all_operations:
                raise ModelError(f"{entry.name} is no operation of {service}")
        self.taken = {names.title_case(name) for name in self.all_operations} | names.TYPES
        self.errors = [name for name, shape in self.shapes.items() if shape.get("exception")]
        self.taken_by_errors = {names.title_case(name) for name in self.errors}
        self.input_reach = self._reach("input")
        self.output_reach = self._reach("output")
        self.reached = list(dict.fromkeys([*self.input_reach, *self.output_reach]))
        self._refuse_event_streams()
        self._type_names = self._name_types()
        self.recursive = self._find_recursion()
        self.nullable = self._matching("nullable", [*self.input_reach, *self.output_reach])

    def shape(self, name):
        return self.shapes[name]

    def kind(self, name):
        return self.shapes[name]["type"]

    def is_structure(self, name):
        return self.kind(name) == "structure" and not self.is_document(name)

    def is_document(self, name):
        return bool(self.shapes[name].get("document"))

    def operation_shape(self, operation, side):
        """The name of the input or output structure, or nothing."""
        return self.all_operations[operation].get(side, {}).get("shape")

    def structures(self):
        return [name for name in self.reached if self.is_structure(name)]

    def type_name(self, name):
        """The struct's name in C++."""
        return self._type_names[name]

    def cpp_type(self, name):
        """The C++ type of a value of the shape, without its absence."""
        shape = self.shapes[name]
        kind = shape["type"]
        if self.is_document(name):
            return "aws::Document"
        if kind in SIMPLE:
            return SIMPLE[kind][0]
        if kind == "list":
            element = self.cpp_type(shape["member"]["shape"])
            if element == "bool":
                raise ModelError(f"{name}: lists of booleans are not generated")
            return f"std::vector<{element}>"
        if kind == "map":
            return f"std::map<std::string, {self.cpp_type(shape['value']['shape'])}>"
        return self._type_names[name]

    def is_streaming(self, member):
        shape = self.shapes[member["shape"]]
        return shape["type"] == "blob" and bool(member.get("streaming") or shape.get("streaming"))

    def field(self, owner, member_name):
        """How a member is held: (C++ type, the field operations' template, is its presence visible)."""
        shape = self.shapes[owner]
        member = shape["members"][member_name]
        target = member["shape"]
        if self.is_streaming(member):
            return "aws::Stream", "aws::FieldOf<aws::Stream>", True
        if self.is_document(target):
            return "aws::Document", "aws::FieldOf<aws::Document>", True
        value = self.cpp_type(target)
        if (owner, target) in self.recursive:
            return f"aws::Recursive<{value}>", f"aws::FieldOf<aws::Recursive<{value}>>", True
        optional = f"std::optional<{value}>"
        if self.kind(target) in ("list", "map"):
            if (owner, member_name) in self.nullable:
                return optional, f"aws::FieldOf<{optional}>", True
            if member_name in shape.get("required", []) or owner not in self.input_reach:
                return value, f"aws::FieldOf<{value}>", False
            return value, f"aws::UnlessEmpty<{value}>", False
        if member_name in shape.get("required", []):
            return value, f"aws::FieldOf<{value}>", False
        return optional, f"aws::FieldOf<{optional}>", True

    def given(self, owner):
        """The required members of an input structure whose fields do not show absence, in order."""
        if owner not in self.input_reach:
            return []
        required = self.shapes[owner].get("required", [])
        found = [name for name in self.shapes[owner]["members"]
                 if name in required and not self.field(owner, name)[2]]
        if len(found) > 63:
            raise ModelError(f"{owner}: more than 63 required members")
        return found

    def children(self, name):
        """The shapes that `name` is made of."""
        shape = self.shapes[name]
        if shape.get("document"):
            return []
        kind = shape["type"]
        if kind == "structure":
            return [member["shape"] for member in shape["members"].values()]
        if kind == "list":
            return [shape["member"]["shape"]]
        if kind == "map":
            return [shape["key"]["shape"], shape["value"]["shape"]]
        return []

    def reach_from(self, root):
        """Every shape that `root` is made of, itself included, in the order of first sight."""
        found, waiting = {}, [root]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = True
                waiting += reversed(self.children(name))
        return found

    def _reach(self, side):
        found = {}
        for entry in self.listed.entries:
            root = self.operation_shape(entry.name, side)
            if root:
                found.update(self.reach_from(root))
        return found

    def _refuse_event_streams(self):
        for entry in self.listed.entries:
            for side in ("input", "output"):
                root = self.operation_shape(entry.name, side)
                for name in self.reach_from(root) if root else []:
                    if self.shapes[name].get("eventstream"):
                        raise ModelError(f"{entry.name} has an event stream ({name}): it cannot be listed")

    def _name_types(self):
        """A structure that has the name of an operation, an error or one of ours gets `Value` appended."""
        result, used = {}, set(self.taken | self.taken_by_errors)
        for name in (name for name in self.reached if self.is_structure(name)):
            title = names.title_case(name)
            while title in used:
                title += "Value"
            used.add(title)
            result[name] = title
        return result

    def _direct(self, name):
        """Structures held by value in the structure `name`."""
        return [child for child in self.children(name) if self.is_structure(child)]

    def _find_recursion(self):
        """Pairs (structure, member's structure) that would contain themselves by value."""
        result = set()
        for name in self.structures():
            for child in self._direct(name):
                if name in self._directly_reached(child):
                    result.add((name, child))
        return result

    def _directly_reached(self, root):
        found, waiting = set(), [root]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._direct(name)
        return found

    def in_order(self):
        """Structures so that each comes after those its fields hold by value, and after others where possible."""
        done, order = set(), []
        reach = {name: self.reach_from(name) for name in self.structures()}

        def visit(name):
            if name in done:
                return
            done.add(name)
            apart = [child for child in reach[name] if child in reach and name not in reach[child]]
            held = [child for child in self._direct(name) if (name, child) not in self.recursive]
            for child in apart + held:
                visit(child)
            order.append(name)

        for name in self.structures():
            visit(name)
        return order

    def _matching(self, option, reached):
        """The members an option names, service-wide or for one operation, as (structure, member) pairs."""
        result = set()
        for name in self.listed.service_wide[option]:
            result |= self._find_members(name, reached, f"{option}: {name}")
        for entry in self.listed.entries:
            within = []
            for side in ("input", "output"):
                root = self.operation_shape(entry.name, side)
                within += self.reach_from(root) if root else []
            for name in entry.members[option]:
                result |= self._find_members(name, within, f"{entry.name} {option}:{name}")
        return result

    def _find_members(self, text, reached, where):
        structure, _, member = text.rpartition(".")
        found = {(name, member) for name in reached
                 if self.is_structure(name) and member in self.shapes[name]["members"]
                 and structure in ("", name)}
        if not found:
            raise ModelError(f"{where}: nothing that is listed has such a member")
        return found

    def kept(self):
        return self._matching("keeps", self.input_reach)

    def refused(self):
        return self._matching("refuses", self.input_reach)

    def protocols(self):
        """The service's protocols as enumerators, the preferred one first."""
        metadata = self.metadata
        version = "Json10" if metadata.get("jsonVersion") == "1.0" else "Json11"
        return [version if name == "json" else PROTOCOLS[name]
                for name in metadata.get("protocols", [metadata["protocol"]])]

    def error_code(self, name):
        """An error's code on the wire. Only the older protocols have codes that differ from the shape's name."""
        shape = self.shapes[name]
        old = self.metadata["protocol"] in ("query", "ec2", "rest-xml")
        if old or "awsQueryCompatible" in self.metadata:
            return shape.get("error", {}).get("code", name)
        return name

    def error_status(self, name):
        shape = self.shapes[name]
        return shape.get("error", {}).get("httpStatusCode", 500 if shape.get("fault") else 400)
