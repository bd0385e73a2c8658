"""What the fronts do differently with the same request, why, and what AWS's load balancers do with it.

The balancer is held to AWS's documentation, to AWS's published cases of ambiguous requests (its "desync guardian") in
the mode "defensive", which is the default, and to RFC 9110 and 9112 where AWS says nothing."""
import re

HAPROXY, NGINX, BOTH = ("haproxy",), ("nginx",), ("haproxy", "nginx")
# In these sentences "severe", "ambiguous" and "acceptable" are AWS's classes.
ONE = [
    # What is odd, whom the balancer is compared with, in what they differ, why that is right.
    # ---- Targets.
    ("absolute-form|absolute-form-without-path", HAPROXY, "target",
     "The target gets the path: RFC 9112 wants the origin form where the recipient is no proxy. HAProxy passes it on."),
    ("absolute-form-without-path", HAPROXY, "haproxy refuses", "\"http://host?query\" is a URI; its path is \"/\"."),
    ("absolute-form-of-another-host", HAPROXY, "haproxy refuses",
     "RFC 9112, section 3.2.2: the target's authority is what counts; Host, which is preserved here, is passed on."),
    ("absolute-form-of-another-scheme", BOTH, "holm refuses", "Only http and https lead to a load balancer: severe."),
    ("absolute-form-of-another-scheme", HAPROXY, "target", "The origin form, as above."),
    ("absolute-form-with-a-user", HAPROXY, "holm refuses", "RFC 9110, section 4.2.4: a user in an http URI is an error."),
    ("beyond-ascii", HAPROXY, "haproxy refuses", "AWS passes bytes above 0x7f on as they are: compliant."),
    ("control-in-target", BOTH, "(haproxy|nginx) refuses|target",
     "Ambiguous, so it is passed on and the connection closed; escaped, so that every target reads it alike."),
    ("tab-in-target|space-in-target", BOTH, "(haproxy|nginx) refuses", "Acceptable; passed on escaped."),
    ("fragment", HAPROXY, "haproxy refuses", "Compliant by AWS; passed on escaped, so that nobody cuts it off."),
    ("fragment", NGINX, "target", "Escaped by the balancer; nginx takes the fragment off."),
    ("dot-segments|odd-escapes", NGINX, "nginx refuses",
     "nginx decodes paths for its own locations and refuses what leaves the root or is no escape; a load balancer does not "
     "look for files. The path goes on as it came."),
    ("star-of-get", HAPROXY, "holm refuses", "RFC 9112, section 3.2.4: only OPTIONS has it. Severe: BadUri."),
    ("star-of-options", NGINX, "nginx refuses", "RFC 9112, section 3.2.4; a load balancer passes it on."),
    ("too-long-a-target", BOTH, "holm refuses", "AWS's limit of a request line is 16 KiB; the peers' was raised."),
    # ---- The request line.
    ("connect|trace", HAPROXY, "holm refuses", "AWS answers 405."),
    ("lower-case-method|method-of-odd-characters", NGINX, "nginx refuses", "Any token is a method."),
    ("tab-between-parts", BOTH, "holm refuses|(haproxy|nginx) refuses|target",
     "A method that a tab ends is none: severe. A tab before the version is of the target: escaped."),
    ("space-after-version", HAPROXY, "haproxy refuses", "Acceptable: NonCompliantVersion."),
    ("http-1-0-chunked", NGINX, "nginx refuses", "Ambiguous: read as chunked, passed on anew, then the connection is closed."),
    ("http-1-0-without-host", BOTH, "header host", "HTTP/1.1 to the target wants a Host; the load balancer's address is given."),
    ("other-version", HAPROXY, "holm refuses", "HTTP/0.8, 2.0 and 3.0 are no versions of this protocol: 505."),
    ("no-version", BOTH, "haproxy refuses|nginx closes", "Acceptable: NonCompliantVersion; read as HTTP/1.0."),
    # ---- Header lines.
    ("folded-header", HAPROXY, "holm refuses", "Severe: BadHeader. HAProxy unfolds."),
    ("space-before-colon", BOTH, "(haproxy|nginx) refuses",
     "Acceptable: NonCompliantHeader. The name is passed on without the space."),
    ("spaced-transfer-encoding", BOTH, "(haproxy|nginx) refuses",
     "Ambiguous: BothTeClPresent. Read as chunked, as the worst reader would, and passed on anew; then closed."),
    ("no-colon", NGINX, "holm refuses", "Severe: BadHeader. nginx leaves the line out."),
    ("empty-name", BOTH, "(haproxy|nginx) refuses", "Ambiguous: EmptyHeader; left out."),
    ("name-that-is-no-token", BOTH, "(haproxy|nginx) refuses|header .*", "Acceptable: NonCompliantHeader; left out."),
    ("control-in-value", BOTH, "header x-control", "Acceptable: NonCompliantHeader; spaces take the characters' places."),
    ("nul-in-value", HAPROXY, "holm refuses", "Severe: BadHeader."),
    ("bare-cr-in-value", NGINX, "holm refuses", "Severe: BadHeader."),
    ("bare-lf|bare-lf-throughout", BOTH, "holm refuses", "Severe: BadHeader. The peers take a line feed for a line's end."),
    ("header-beyond-limits", BOTH, "holm refuses", "AWS's limit of a header is 16 KiB; the peers' was raised."),
    ("repeated-single-header", NGINX, "nginx refuses", "nginx wants one Authorization; AWS says nothing of it."),
    ("resembling-length|resembling-transfer-encoding", BOTH, "header .*|haproxy refuses",
     "Ambiguous: SuspiciousHeader. Left out: a target could take it for what frames the message."),
    # ---- Who is meant.
    ("no-host|same-host-twice", HAPROXY, "holm refuses", "RFC 9112, section 3.2: 400. Severe: BadHeader."),
    ("empty-host", HAPROXY, "header host", "The load balancer's address is given, as to requests without Host."),
    ("empty-host", NGINX, "nginx refuses", "RFC 9112, section 3.2: Host may be empty."),
    ("host-that-is-none", BOTH, "holm refuses", "RFC 9112, section 3.2: 400. Severe: BadHeader."),
    # ---- Where the body ends.
    ("body-of-get|chunked-get", BOTH, "holm closes",
     "Ambiguous (undefined semantics): passed on with its body, then the connection is closed."),
    ("length-twice", HAPROXY, "holm closes", "Ambiguous: DuplicateContentLength; passed on with one, then closed."),
    ("length-twice", NGINX, "nginx refuses", "As above; nginx refuses."),
    ("listed-length", HAPROXY, "holm refuses", "Severe: BadContentLength."),
    ("length-and-chunked", NGINX, "nginx refuses", "Ambiguous: BothTeClPresent; chunked holds, the length is left out."),
    ("identity-coding", BOTH, "(haproxy|nginx) refuses", "Compliant by AWS: the coding of old that changes nothing."),
    ("chunk-line-with-bare-lf", BOTH, "holm refuses", "RFC 9112, section 7.1: lines of chunks end with CRLF."),
    ("trailers|framing-in-trailers", HAPROXY, "trailers",
     "RFC 9110, section 6.5.1: trailers may be left out; whoever merges them could be told lies. HAProxy passes them on."),
    ("malformed-trailers", NGINX, "holm refuses", "The body is malformed, and the connection ends. nginx does not look."),
    # ---- Connections.
    ("connection-names-headers", BOTH, "header x-hop", "RFC 9110, section 7.6.1: they are for the next recipient only."),
    ("upgrade-to-http-2", BOTH, "header http2-settings",
     "Named by Connection, so it ends here; and nobody changes to HTTP/2 behind the load balancer's rules."),
    ("websocket-without-key", HAPROXY, "haproxy refuses", "The target's business."),
]

TWO = [
    ("odd-path", NGINX, "nginx refuses", "nginx decodes paths for its own locations, as with HTTP/1."),
    ("path-with-fragment", BOTH, "haproxy refuses|target", "As with HTTP/1: passed on escaped."),
    ("star", HAPROXY, "holm refuses", "RFC 9113, section 8.3.1: of OPTIONS only."),
    ("lower-case-method", NGINX, "nginx refuses", "Any token is a method."),
    ("connect", HAPROXY, "holm refuses", "AWS answers 405."),
    ("authority-that-is-none", BOTH, "holm refuses", "What may not stand in Host is refused, as with HTTP/1."),
    ("neither-host-nor-authority", HAPROXY, "holm refuses", "RFC 9113, section 8.3.1; as HTTP/1.1 without Host."),
    ("host-beside-authority|host-unlike-authority", NGINX, "nginx refuses",
     "RFC 9113, section 8.3.1: the authority is what counts, and becomes Host. nginx takes a second for an error."),
    ("other-scheme", BOTH, "holm refuses", "Only http and https lead to a load balancer."),
    ("of-the-connection|transfer-encoding", NGINX, "holm refuses", "RFC 9113, section 8.2.2: malformed."),
    ("other-te", NGINX, "holm refuses", "RFC 9113, section 8.2.2: \"trailers\" only."),
    ("name-that-is-no-token", NGINX, "holm refuses", "RFC 9113, section 8.2.1: malformed."),
    ("value-in-spaces", BOTH, "holm refuses", "RFC 9113, section 8.2.1: malformed."),
    ("value-with-control", BOTH, "holm refuses", "RFC 9110, section 5.5: no such value."),
    ("resembling-length", BOTH, "header .*", "Left out, as with HTTP/1."),
    ("length-without-body", HAPROXY, "holm refuses", "RFC 9113, section 8.1.1: malformed."),
    ("trailers", HAPROXY, "trailers", "They may be left out, as with HTTP/1."),
    ("trailers", NGINX, "nginx refuses", "nginx 1.22 takes trailers for an error."),
]

TABLES = {"HTTP/1": ONE, "HTTP/2": TWO}


def find(protocol, name, peer, aspect):
    """The number of the explanation, if there is one."""
    for number, (names, peers, aspects, _) in enumerate(TABLES[protocol]):
        if name in names.split("|") and peer in peers and re.fullmatch(aspects, aspect):
            return number
    return None


def all_of(protocol):
    return set(range(len(TABLES[protocol])))


def text_of(protocol, number):
    names, peers, aspects, why = TABLES[protocol][number]
    return f"{names}, {' and '.join(peers)}, {aspects}: {why}"
