"""Scenario files (*.api): AWS calls and what they answer, as text.

  # comment
  ec2 CreateVpc {"CidrBlock": "10.0.0.0/16"}
  > {"Vpc": {"VpcId": $vpc, ...}, ...}
  ec2 DeleteVpc {"VpcId": "vpc-none"}
  ! 400 InvalidVpcID.NotFound vpc-none     (words that the message contains may follow the code; after the
                                            message come the error's other members, as Name=Value)
  until ec2 DescribeInstances {} > …       (repeats the call until it matches)

`$name` binds at first sight and must match afterwards; `...` admits further members or elements. Known from the start
are `$account`, `$now` (a moment ago, in milliseconds) and `$zip`, an archive of a Python function that returns its
event. 'Text' between single quotes stands for itself, quotes and backslashes included; "x"*300 is that text 300 times;
${name} is filled into texts.
"""
import io
import json
import re
import time
import zipfile

import botocore.exceptions
import botocore.response

TOKEN = re.compile(r'''"(?:[^"\\]|\\.)*"(?:\*\d+)?|'[^']*'|\.\.\.|\$\w+|[\[\]{}:,]|[^\s\[\]{}:,"']+''')
UNTIL_SECONDS = 30


class More:
    """The `...` of a pattern."""


class Name:
    def __init__(self, name):
        self.name = name


class Parser:
    """JSON with $names and `...`."""

    def __init__(self, text):
        self.tokens = TOKEN.findall(text)
        self.at = 0

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def value(self):
        token = self.take()
        if token == "{":
            return self.members()
        if token == "[":
            return self.elements()
        if token == "...":
            return More
        if token.startswith("$"):
            return Name(token[1:])
        if token.startswith("'"):
            return token[1:-1]
        if token.startswith('"') and not token.endswith('"'):
            text, count = token.rsplit("*", 1)
            return json.loads(text) * int(count)
        return json.loads(token)

    def members(self):
        result = {}
        while self.tokens[self.at] != "}":
            if self.tokens[self.at] == ",":
                self.take()
                continue
            if self.tokens[self.at] == "...":
                result[self.take()] = More
                continue
            name = json.loads(self.take())
            assert self.take() == ":", f"a colon follows {name}"
            result[name] = self.value()
        self.take()
        return result

    def elements(self):
        result = []
        while self.tokens[self.at] != "]":
            if self.tokens[self.at] == ",":
                self.take()
                continue
            result.append(self.value())
        self.take()
        return result


def filled(text, names):
    return re.sub(r"\$\{(\w+)\}", lambda found: names[found[1]], text)


def substitute(value, names):
    if isinstance(value, Name):
        return names[value.name]
    if isinstance(value, str):
        return filled(value, names)
    if isinstance(value, dict):
        return {key: substitute(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [substitute(each, names) for each in value]
    return value


def difference(expected, actual, names, path="$"):
    """None when `actual` is as expected, else where and how it differs. Binds names."""
    if expected is More:
        return None
    if isinstance(expected, Name):
        if expected.name not in names:
            names[expected.name] = actual
            return None
        return None if names[expected.name] == actual else f"{path}: {actual!r} is not ${expected.name}"
    if isinstance(expected, dict):
        return different_members(expected, actual, names, path)
    if isinstance(expected, list):
        return different_elements(expected, actual, names, path)
    if isinstance(expected, str):
        expected = filled(expected, names)
    return None if expected == actual else f"{path}: expected {expected!r}, got {actual!r}"


def different_members(expected, actual, names, path):
    if not isinstance(actual, dict):
        return f"{path}: expected an object, got {actual!r}"
    wanted = {key: each for key, each in expected.items() if key != "..."}
    for key, each in wanted.items():
        if key not in actual:
            return f"{path}: {key} is missing in {actual!r}"
        found = difference(each, actual[key], names, f"{path}.{key}")
        if found:
            return found
    extra = set(actual) - set(wanted)
    return f"{path}: unexpected {sorted(extra)}" if extra and "..." not in expected else None


def different_elements(expected, actual, names, path):
    if not isinstance(actual, list):
        return f"{path}: expected a list, got {actual!r}"
    wanted = [each for each in expected if each is not More]
    if len(actual) < len(wanted) or (len(actual) > len(wanted) and More not in expected):
        return f"{path}: expected {len(wanted)} elements, got {actual!r}"
    for index, each in enumerate(wanted):
        found = difference(each, actual[index], names, f"{path}[{index}]")
        if found:
            return found
    return None


def statements(text):
    """(line number, call, expectation): a call's lines go on while they are indented."""
    call, expectation, start = None, None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        if line[0] in ">!":
            expectation = line
        elif line[0] in " \t":
            if expectation:
                expectation += " " + line.strip()
            else:
                call += " " + line.strip()
        else:
            if call:
                yield start, call, expectation
            call, expectation, start = line, None, number
    if call:
        yield start, call, expectation


def readable(value):
    """An answer with its bytes as text."""
    if isinstance(value, botocore.response.StreamingBody):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, dict):
        return {key: readable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [readable(each) for each in value]
    return value


def perform(region, call, names):
    """What the call answers: ("ok", output) or ("error", "400 Code message")."""
    service, operation, text = (call.split(None, 2) + ["{}"])[:3]
    request = substitute(Parser(text).value(), names)
    try:
        output = region.client(service)._make_api_call(operation, request)
    except botocore.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        members = dict(error.response["Error"])
        code, message = members.pop("Code"), members.pop("Message", "")
        more = "".join(f" {name}={value}" for name, value in members.items())
        return "error", f"{status} {code} {message}{more}"
    output.pop("ResponseMetadata")
    return "ok", readable(output)


def check(region, call, expectation, names):
    kind, answer = perform(region, call, names)
    if expectation is None:
        return None if kind == "ok" else f"answered {answer}"
    if expectation.startswith("!"):
        wanted = filled(expectation[1:], names).split(None, 2)
        found = answer.split(None, 2) if kind == "error" else []
        is_so = found[:2] == wanted[:2] and (len(wanted) == 2 or wanted[2] in answer)
        return None if is_so else f"expected {' '.join(wanted)}, got {answer!r}"
    if kind == "error":
        return f"answered {answer}"
    tried = dict(names)
    found = difference(Parser(expectation[1:]).value(), answer, tried)
    if not found:
        names.update(tried)
    return found


def archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("index.py", "def handler(event, context):\n    return event\n")
    return out.getvalue()


def known(region):
    return {"account": region.client("sts").get_caller_identity()["Account"], "zip": archive(),
            "now": int(time.time() * 1000) - 1000}


def play(region, text):
    names = known(region)
    for number, call, expectation in statements(text):
        repeats = call.startswith("until ")
        end = time.monotonic() + (UNTIL_SECONDS if repeats else 0)
        while True:
            found = check(region, call.removeprefix("until "), expectation, names)
            if not found or time.monotonic() >= end:
                break
            time.sleep(0.05)
        assert not found, f"line {number}: {call}\n  {found}"
