"""The model's regular expressions (java.util.regex) in the dialect of RE2, which never takes more than linear time."""
import re

CLASSES = {"ASCII": r"\x00-\x7F", "Print": r"\x20-\x7E", "Alnum": "A-Za-z0-9", "Alpha": "A-Za-z", "Digit": "0-9",
           "Upper": "A-Z", "Lower": "a-z", "Space": r"\s", "Graph": r"\x21-\x7E", "IsAlphabetic": r"\p{L}",
           "IsDigit": r"\p{Nd}", "LD": r"\p{L}\p{Nd}", "IsLetter": r"\p{L}", "XDigit": "0-9A-Fa-f", "Cntrl": r"\x00-\x1F\x7F",
           "Punct": r"!-/:-@\[-`{-~", "Blank": r" \t", "IsWhitespace": r"\s", "all": r"\x{0}-\x{10FFFF}"}
REPEAT_MAX = 1000  # RE2's limit.


def to_re2(pattern):
    """The same language, or a larger one where RE2 cannot say it (lookaround is left out, counts above 1000 are
    open). Nothing when not even that is possible (back references)."""
    if re.search(r"\\[1-9]|\{\d+,?\d*\}\{\d", pattern):
        return None
    text = re.sub(r"\{(\d+)(,?)(\d*)\}", bounded, without_lookaround(pattern))
    text = re.sub(r"\\u([dD][89a-fA-F][0-9a-fA-F]{2})", "", text)  # Half a surrogate pair is no character.
    text = re.sub(r"\\u([0-9a-fA-F]{4})", r"\\x{\1}", text)
    return with_classes(text)


def bounded(match):
    low, comma, high = int(match.group(1)), match.group(2), match.group(3)
    if low > REPEAT_MAX:
        return "{%d,}" % REPEAT_MAX
    if high and int(high) > REPEAT_MAX:
        return "{%d,}" % low
    return match.group(0)


def without_lookaround(pattern):
    """Leaves out (?=…), (?!…), (?<=…) and (?<!…) with what they hold."""
    out, position = [], 0
    while position < len(pattern):
        found = re.match(r"\(\?<?[=!]", pattern[position:])
        if pattern[position] == "\\":
            out.append(pattern[position:position + 2])
            position += 2
        elif found:
            position = group_end(pattern, position)
        else:
            out.append(pattern[position])
            position += 1
    return "".join(out)


def group_end(pattern, position):
    """Where the group that opens at `position` has ended."""
    depth, in_class = 0, False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        elif char == "(" and not in_class:
            depth += 1
        elif char == ")" and not in_class:
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return len(pattern)


def with_classes(pattern):
    r"""Java's \p{Print} and its like as ranges, inside a bracket or in one of their own; no possessive counts."""
    out, position, in_class = [], 0, False
    while position < len(pattern):
        char = pattern[position]
        named = re.match(r"\\p\{(\w+)\}", pattern[position:])
        if named and named.group(1) in CLASSES:
            ranges = CLASSES[named.group(1)]
            out.append(ranges if in_class else f"[{ranges}]")
            position += named.end()
            continue
        if char == "\\":
            out.append(pattern[position:position + 2])
            position += 2
            continue
        if char == "[":
            out.append(r"\[" if in_class else char)
            in_class = True
        else:
            in_class = in_class and char != "]"
            out.append(char)
            if not in_class and char in "}?*+" and pattern[position + 1:position + 2] == "+":
                position += 1  # Possessive: of no matter without backtracking.
        position += 1
    return "".join(out)
