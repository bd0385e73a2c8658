"""How the model's names become C++ names."""
import re

KEYWORDS = frozenset("""alignas alignof and asm auto bitand bitor bool break case catch char class co_await co_return
co_yield compl concept const consteval constexpr constinit const_cast continue decltype default delete do double
dynamic_cast else enum explicit export extern false float for friend goto if import inline int long module mutable
namespace new noexcept not nullptr operator or private protected public register reinterpret_cast requires return
short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef
typeid typename union unsigned using virtual void volatile wchar_t while xor""".split())

# What generated files mean by these names; a namespace of the same name inside the service's would hide them.
NAMESPACES = frozenset("""std fmt holm aws formats async net http sql jobs blobs sandbox crypto balancer stacks
gateway schema""".split())

# Type names that mean something else in a service's namespace.
TYPES = frozenset(["Service", "Call", "LongCall", "Nothing"])


def snake_case(name):
    """RunInstances -> run_instances, DBInstanceARNs -> db_instance_arns, EbsIPv6 -> ebs_ipv6."""
    text = re.sub(r"([A-Z]{2,})s(?=[A-Z]|$)", lambda m: m.group(1).capitalize() + "s", name)
    text = text.replace("IPv", "Ipv")
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    text = re.sub(r"\W", "_", text).lower()
    if text[0].isdigit():
        text = "n" + text
    return text + "_" if text in KEYWORDS else text


def title_case(name):
    """The name of a struct: the model's, with a capital first."""
    name = re.sub(r"\W", "_", name)
    return name[0].upper() + name[1:]


def constant(value):
    """The constant for an enumeration's value: CREATE_COMPLETE -> kCreateComplete, t2.micro -> kT2Micro."""
    words = re.findall(r"[A-Za-z0-9]+", value)
    words = [w.capitalize() if w.isupper() else w[0].upper() + w[1:] for w in words]
    return "k" + "".join(words)


def literal(text):
    """A C++ string literal."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "?":
            out.append("\\?")
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append("\\%03o" % byte)
    return '"' + "".join(out) + '"'
