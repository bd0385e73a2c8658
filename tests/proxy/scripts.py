#!/usr/bin/env python3
"""Plays varnishtest's scripts against the balancer: each has one of its own, by itself on loopback.

Usage: scripts.py PROGRAM [NAME...]. PROGRAM is bench_balancer; the scripts are in scripts/. In a script ${plain} is the
balancer's port, ${second} one that takes HTTP/2 as varnishtest speaks it (without TLS: a relay adds that), and ${target}
the port that the balancer's target has. A first line "# idle=400" is for the balancer."""
import concurrent.futures
import pathlib
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading

import fronts

SCRIPTS = pathlib.Path(__file__).resolve().parent / "scripts"


class Relay:
    """Takes connections without TLS and carries them with it, until the end of the program."""

    def __init__(self, secure):
        self.secure, self.context = secure, fronts.trusting_context()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            clear, _ = self.listener.accept()
            threading.Thread(target=self.carry, args=(clear,), daemon=True).start()

    def carry(self, clear):
        try:
            secure = self.context.wrap_socket(socket.create_connection(("127.0.0.1", self.secure)))
            waiting = selectors.DefaultSelector()
            waiting.register(clear, selectors.EVENT_READ, (clear, secure))
            waiting.register(secure, selectors.EVENT_READ, (secure, clear))
            while True:
                for key, _ in waiting.select():
                    source, sink = key.data
                    got = source.recv(65536)
                    while source is secure and secure.pending():
                        got += source.recv(65536)
                    if not got:
                        raise OSError("the end")
                    sink.sendall(got)
        except OSError:
            clear.close()
            secure.close()


def play(program, script, folder):
    """varnishtest's words if the script failed, else nothing."""
    target, plain, secure = fronts.free_port(), fronts.free_port(), fronts.free_port()
    options = re.match(r"# (.*)\n", script.read_text())
    words = [program, str(folder), f"target={target}", f"plain={plain}", f"tls={secure}"]
    balancer = subprocess.Popen(words + (options[1].split() if options else []), stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL)
    try:
        fronts.wait_for_port(plain, balancer, "the balancer")
        given = {"target": target, "plain": plain, "second": Relay(secure).port}
        done = subprocess.run(["varnishtest", "-t", "60", *(f"-D{name}={value}" for name, value in given.items()), str(script)],
                              capture_output=True, text=True)
        ended = balancer.poll()
        return "" if done.returncode == 0 and ended is None else f"{done.stdout[-6000:]}{done.stderr[-2000:]}{ended or ''}"
    finally:
        balancer.stdin.close()
        balancer.wait()


def main():
    program, wanted = sys.argv[1], sys.argv[2:]
    scripts = sorted(each for each in SCRIPTS.glob("*.vtc") if not wanted or each.stem in wanted)
    with tempfile.TemporaryDirectory(prefix="holm-scripts-") as folder, concurrent.futures.ThreadPoolExecutor(4) as pool:
        fronts.certify(pathlib.Path(folder))
        words = list(pool.map(lambda script: play(program, script, folder), scripts))
    failed = [(script, each) for script, each in zip(scripts, words) if each]
    for script, each in failed:
        print(f"---- {script.stem} failed\n{each}")
    print(f"{len(scripts) - len(failed)} of {len(scripts)} scripts pass" + "".join(f"; not {each.stem}" for each, _ in failed))
    raise SystemExit(1 if failed or not scripts else 0)


if __name__ == "__main__":
    main()
