#!/usr/bin/env python3
"""A steady load on a site: so many requests a second whatever becomes of those before, each on its own connection.

Usage: steady.py PORT HOST PATH RATE OUTPUT. A line of standard input is a new rate; its end ends the load, once every
request was answered or given up. OUTPUT gets a line a request: begun, ended (both CLOCK_MONOTONIC), status or 0, why."""
import asyncio
import sys
import time

PATIENCE = 15  # Seconds; then a visitor is gone.


class Load:
    def __init__(self, port, host, path, rate, output):
        self.port, self.rate, self.output = int(port), float(rate), output
        self.request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self.under_way = set()
        self.is_over = False

    async def answer(self):
        """The status of one whole answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(self.request)
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), None)
            if length is None:
                await reader.read()
            else:
                await reader.readexactly(length)
            return int(lines[0].split()[1])
        finally:
            writer.close()

    async def send(self):
        begun = time.monotonic()
        status, why = 0, "-"
        try:
            status = await asyncio.wait_for(self.answer(), PATIENCE)
        except (OSError, EOFError, ValueError, IndexError, asyncio.TimeoutError) as error:
            why = type(error).__name__
        self.output.write(f"{begun:.4f} {time.monotonic():.4f} {status} {why}\n")

    async def listen(self):
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            self.rate = float(line)
        self.is_over = True

    async def run(self):
        listening = asyncio.create_task(self.listen())
        due = time.monotonic()
        while not self.is_over:
            now = time.monotonic()
            while due <= now:
                task = asyncio.create_task(self.send())
                self.under_way.add(task)
                task.add_done_callback(self.under_way.discard)
                due += 1 / self.rate
            self.output.flush()
            await asyncio.sleep(max(0.001, min(due - time.monotonic(), 0.05)))
        while self.under_way:
            await asyncio.wait(self.under_way)
        await listening


if __name__ == "__main__":
    with open(sys.argv[5], "w") as written:
        asyncio.run(Load(*sys.argv[1:5], written).run())
