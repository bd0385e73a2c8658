#!/usr/bin/env python3
"""The same requests through the balancer, HAProxy and nginx: what reaches the target is the same, or explained.

Usage: differential.py PROGRAM [--requests N] [--seed S] [--workers N] [--only NAME]. PROGRAM is bench_balancer. N are of
HTTP/1 (100,000), a fifth as many of HTTP/2. Ends with
an error where something differs that differences.py does not explain, where an explanation fits nothing any more (in
runs of 20,000 and more), and where the balancer passes on what is not as RFC 9112 wants it."""
import argparse
import collections
import multiprocessing
import pathlib
import random
import tempfile
import time

import differences
import exchange
import fronts
import requests
import streams

PEERS = ("haproxy", "nginx")
STALE_FROM = 20000


class Finding:
    """One difference: what was odd about the request, who is compared, in what they differ, and an example."""

    def __init__(self, name, peer, aspect, example):
        self.name, self.peer, self.aspect, self.example = name, peer, aspect, example

    @property
    def key(self):
        return self.name, self.peer, self.aspect


def compare_streams(own, other, names, peer, example):
    """Streams are requests of their own."""
    found = []
    for mine, theirs, name in zip(own, other, names):
        if isinstance(mine, exchange.Reached) and isinstance(theirs, exchange.Reached):
            found += [Finding(name, peer, each, example(mine, theirs)) for each in mine.differences(theirs)]
        elif isinstance(mine, exchange.Reached):
            found.append(Finding(name, peer, f"{peer} refuses", example(mine, theirs)))
        elif isinstance(theirs, exchange.Reached):
            found.append(Finding(name, peer, "holm refuses", example(mine, theirs)))
    return found


def compare(own, other, names, peer, example):
    """The first difference on a connection; what comes after may follow from it."""
    for index in range(max(len(own), len(other))):
        name = next((each for each in reversed(names[:index + 1]) if each), "")
        mine = own[index] if index < len(own) else "closed"
        theirs = other[index] if index < len(other) else "closed"
        if isinstance(mine, exchange.Reached) and isinstance(theirs, exchange.Reached):
            found = mine.differences(theirs)
            if found:
                return [Finding(name, peer, each, example(mine, theirs)) for each in found]
            continue
        if isinstance(mine, exchange.Reached):
            return [Finding(name, peer, f"{peer} refuses" if theirs != "closed" else f"{peer} closes", example(mine, theirs))]
        if isinstance(theirs, exchange.Reached):
            return [Finding(name, peer, "holm refuses" if mine != "closed" else "holm closes", example(mine, theirs))]
        return []
    return []


def describe(mine, theirs, sent):
    def text(each):
        return repr(each.raw if isinstance(each, exchange.Reached) else each)[:900]
    requests_sent = "\n        ".join(repr(each)[:600] for each in sent)
    return f"sent    {requests_sent}\nholm    {text(mine)}\nother   {text(theirs)}"


class Told:
    """What a worker has found: how often what, an example of each, what was sent, and what no target may get."""

    def __init__(self):
        self.counts, self.examples, self.sent = collections.Counter(), {}, 0
        self.kinds, self.deviant = collections.Counter(), None

    def look_at(self, sent, names, all_outcomes, comparison):
        self.sent += len(sent)
        self.kinds.update(names)
        for each in all_outcomes["holm"]:
            if each == 599 or (isinstance(each, exchange.Reached) and each.deviant):
                self.deviant = describe(each, None, [data for data, _ in sent])
        for peer in PEERS:
            found = comparison(all_outcomes["holm"], all_outcomes[peer], names, peer,
                               lambda mine, theirs: describe(mine, theirs, [data for data, _ in sent]))
            for each in found:
                self.counts[each.key] += 1
                self.examples.setdefault(each.key, each.example)

    def add(self, other):
        self.counts.update(other.counts)
        self.examples = {**other.examples, **self.examples}
        self.sent += other.sent
        self.kinds.update(other.kinds)
        self.deviant = self.deviant or other.deviant


def run_connections(ports, seed, count, only):
    """So many requests of HTTP/1."""
    made, told = random.Random(seed), Told()
    while told.sent < count:
        sent, at_once = requests.connection(made)
        names = [name for _, name in sent]
        if not only or only in names:
            told.look_at(sent, names, {name: exchange.outcomes(port, sent, at_once) for name, port in ports.items()}, compare)
    return told


def run_streams(ports, seed, count, only):
    """So many requests of HTTP/2."""
    made, told = random.Random(seed), Told()
    while told.sent < count:
        sent = streams.connection(made)
        names = [name for _, name in sent]
        if not only or only in names:
            told.look_at(sent, names, {name: streams.outcomes(port, sent) for name, port in ports.items()}, compare_streams)
    return told


class Port:
    """What a worker has to know of a front."""

    def __init__(self, front):
        self.clear, self.secure = front.clear, front.secure


def run(work, started, words, count):
    """`work` in several processes; everything that was found."""
    ports = {each.name: Port(each) for each in started.all}
    jobs = [(ports, f"{words.seed}/{number}", count // words.workers, words.only) for number in range(words.workers)]
    told = Told()
    with multiprocessing.Pool(words.workers) as pool:
        for each in pool.starmap(work, jobs):
            told.add(each)
    return told


def report(told, protocol):
    """Prints what was found; whether all is well."""
    well = True
    used, unexplained = set(), []
    for key, count in sorted(told.counts.items()):
        explanation = differences.find(protocol, *key)
        if explanation is None:
            unexplained.append((key, count))
        else:
            used.add(explanation)
    for key, count in unexplained:
        well = False
        print(f"\nNOT EXPLAINED, {count} times: {key}\n{told.examples[key]}")
    if told.deviant:
        well = False
        print(f"\nA target got what it must not get:\n{told.deviant}")
    if told.sent >= STALE_FROM:
        for each in differences.all_of(protocol) - used:
            well = False
            print(f"\nEXPLAINS NOTHING: {differences.text_of(protocol, each)}")
    odd_count, ways = told.sent - told.kinds[""], len(told.kinds) - 1
    print(f"{protocol}: {told.sent} requests, {odd_count} of them odd in {ways} ways; "
          f"{sum(told.counts.values())} differences of {len(used)} kinds are explained, {len(unexplained)} kinds are not")
    return well


def main():
    words = argparse.ArgumentParser()
    words.add_argument("program")
    words.add_argument("--requests", type=int, default=100_000)
    words.add_argument("--seed", default="1")
    words.add_argument("--workers", type=int, default=3)
    words.add_argument("--only")
    words = words.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holm-differential-") as folder:
        pathlib.Path(folder).chmod(0o755)
        with fronts.Fronts(words.program, folder) as started:
            first = report(run(run_connections, started, words, words.requests), "HTTP/1")
            second = report(run(run_streams, started, words, words.requests // 5), "HTTP/2")
    print(f"{time.monotonic() - begun:.0f} s, seed {words.seed}")
    raise SystemExit(0 if first and second else 1)


if __name__ == "__main__":
    main()
