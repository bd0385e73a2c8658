"""The grammar of operations.list.

  # a comment
  RunInstances                              one operation of the model a line
  ReceiveMessage waits                      a coroutine without a transaction: it waits or streams
  GetSessionToken write                     read | write, where the name does not say it
  UpdateItem nullable:AttributeUpdates      an empty list or map differs from an absent one
  RunInstances keeps:EbsOptimized,Tag.Key   kept and returned though no code reads it: price, hardware, description
  CreateFunction body_bytes_max:70167211    takes bodies up to that, where AWS's limit is above the gateway's own
  RunInstances refuses:HibernationOptions   refused by name although some code mentions the word
  keeps: EbsOptimized Tenancy               the same for every operation; so `nullable:` and `refuses:`
  model: events                             the model's name where it is not the folder's

A member is named alone (wherever it is reached from the operation) or with its structure: Tag.Key.
"""
import dataclasses
import re

READING = re.compile(r"(Get|List|Describe|Head|Lookup|Query|BatchGet|Search|Scan|Select|Filter|Estimate|Validate)")
MEMBER_OPTIONS = ("nullable", "keeps", "refuses")


class ListError(Exception):
    """The list is wrong; the message names the file, the line and what to do."""


@dataclasses.dataclass
class Entry:
    name: str
    mode: str  # Read, Write or Waits
    line: int
    body_bytes_max: int = 0  # 0: the gateway's own limit
    members: dict = dataclasses.field(default_factory=lambda: {key: [] for key in MEMBER_OPTIONS})


@dataclasses.dataclass
class OperationsList:
    entries: list
    service_wide: dict
    model: str | None = None


def parse(text, path):
    """Reads a whole list; raises ListError at the first line that is wrong."""
    result = OperationsList([], {key: [] for key in MEMBER_OPTIONS})
    seen = set()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        where = f"{path}:{number}"
        key, colon, rest = line.partition(":")
        if colon and key in MEMBER_OPTIONS + ("model",):
            names = re.split(r"[,\s]+", rest.strip())
            if key == "model":
                result.model = names[0]
            else:
                result.service_wide[key] += [name for name in names if name]
            continue
        entry = parse_entry(line.split(), number, where)
        if entry.name in seen:
            raise ListError(f"{where}: {entry.name} is listed twice")
        seen.add(entry.name)
        result.entries.append(entry)
    return result


def parse_entry(words, number, where):
    """One operation with its options."""
    entry = Entry(words[0], "Read" if READING.match(words[0]) else "Write", number)
    for word in words[1:]:
        key, colon, names = word.partition(":")
        if word in ("waits", "read", "write"):
            entry.mode = word.capitalize()
        elif key == "body_bytes_max" and names.isdigit():
            entry.body_bytes_max = int(names)
        elif colon and key in MEMBER_OPTIONS and names:
            entry.members[key] += [name for name in names.split(",") if name]
        else:
            raise ListError(f"{where}: {word!r} is no option; see codegen/operations_list.py")
    return entry
