"""Which members of requests the service's code reads, found by looking at its sources."""
import re

import names

NOISE = re.compile(r'R"(\w*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
# A member that is only assigned to (`.name = `, a designated initialiser of an answer) is not read.
READ = re.compile(r"(?:\.|->|::)\s*(\w+)\b(?!\s*=[^=])")


def read_members(sources):
    """The names that the texts of C++ files read as members; comments and literals do not count."""
    found = set()
    for text in sources:
        found.update(READ.findall(NOISE.sub('""', text)))
    return found


def honoured_members(model, sources):
    """The (structure, member) pairs of inputs that are read or kept. Idempotency tokens are, as every client
    sends them by itself."""
    read = read_members(sources)
    result = set(model.kept())
    for owner in model.input_reach:
        if not model.is_structure(owner):
            continue
        for member, data in model.shape(owner)["members"].items():
            if names.snake_case(member) in read or data.get("idempotencyToken"):
                result.add((owner, member))
    return result - model.refused()
