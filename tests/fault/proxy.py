"""A TCP proxy that can break connections: cut them (FIN or RST), cut in the
middle of a packet, stall with the sockets open (both ways or one), or slow
down. One thread runs all proxies, and only that thread touches sockets.

A tap sees the data received from either side before it is forwarded, so a byte
that the tap saw has certainly been sent. A filter may change what the client
sends: the bytes it returns are forwarded."""

import asyncio
import concurrent.futures
import socket
import struct
import threading

TICK = 0.05  # seconds between two portions in slow mode
UP, DOWN = 0, 1  # from the client, to the client


class Half(asyncio.Protocol):
    """One side's socket of a link."""

    def __init__(self, proxy, link, direction):
        self.proxy = proxy
        self.link = link
        self.direction = direction
        self.transport = None
        self.held = bytearray()  # received in slow or stalled mode
        self.blocked = False  # the other side's buffer is full

    def connection_made(self, transport):
        self.transport = transport
        transport.set_write_buffer_limits(high=262144)
        self.link.up(self)

    def data_received(self, data):
        self.link.received(self.direction, data)

    def eof_received(self):
        return False

    def connection_lost(self, _error):
        self.link.close()

    def pause_writing(self):
        self.link.blocked(1 - self.direction, True)

    def resume_writing(self):
        self.link.blocked(1 - self.direction, False)


class Link:
    def __init__(self, proxy):
        self.proxy = proxy
        self.halves = [Half(proxy, self, UP), Half(proxy, self, DOWN)]
        self.tap = proxy.make_tap() if proxy.make_tap else None
        self.filter = proxy.make_filter() if proxy.make_filter else None
        self.dead = False
        proxy.links.add(self)

    def client(self):
        return self.halves[UP]

    def up(self, half):
        if self.dead:
            half.transport.abort()
            return
        if half.direction == UP:
            half.transport.pause_reading()
            self.proxy.loop.create_task(self._reach())
        else:
            client = self.client()
            early = bytes(client.held)
            client.held.clear()
            self.flow()
            if early:
                self._forward(UP, early)

    async def _reach(self):
        try:
            await self.proxy.loop.create_connection(
                lambda: self.halves[DOWN], "127.0.0.1", self.proxy.target
            )
        except OSError:
            self.close()

    def complete(self):
        return all(half.transport for half in self.halves)

    def received(self, direction, data):
        if self.dead:
            return
        if self.tap:
            self.tap(direction, data)
        if self.filter and direction == UP:
            data = self.filter(data)
        elif self.filter and self.filter.ends():
            self.close(rst=True)
            return
        if self.complete():
            self._forward(direction, data)
        else:
            self.halves[direction].held += data

    def _forward(self, direction, data):
        half = self.halves[direction]
        left = self.proxy.cut_after
        if left is not None:
            self.proxy.cut_after = left - len(data)
            if len(data) >= left:
                self.halves[1 - direction].transport.write(data[:left])
                self.proxy.cut_after = None
                self.close()
                return
        if direction in self.proxy.stalled or self.proxy.rate:
            half.held += data
            self.flow()
        else:
            self.halves[1 - direction].transport.write(data)

    def blocked(self, direction, is_blocked):
        self.halves[direction].blocked = is_blocked
        self.flow()

    def flow(self):
        """Reads from those sides that may be read from now."""
        if self.dead or not self.complete():
            return
        for half in self.halves:
            other = self.halves[1 - half.direction].transport
            stalled = half.direction in self.proxy.stalled
            if half.held and not stalled and not self.proxy.rate:
                other.write(bytes(half.held))
                half.held.clear()
            stop = half.blocked or half.held or stalled
            if stop:
                half.transport.pause_reading()
            else:
                half.transport.resume_reading()

    def helping(self, size):
        """Slow mode: forwards a portion of the held data."""
        if self.dead or not self.complete():
            return
        for half in self.halves:
            if half.held:
                part = bytes(half.held[:size])
                del half.held[:size]
                self.halves[1 - half.direction].transport.write(part)
        self.flow()

    def close(self, rst=False):
        if self.dead:
            return
        self.dead = True
        self.proxy.links.discard(self)
        for half in self.halves:
            if not half.transport:
                continue
            if rst:
                sock = half.transport.get_extra_info("socket")
                sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0),
                )
                half.transport.abort()
            else:
                half.transport.close()


class Proxy:
    """Listens on .port and forwards to target (a loopback port)."""

    def __init__(self, net, target, make_tap=None):
        self.net = net
        self.loop = net.loop
        self.target = target
        self.make_tap = make_tap
        self.make_filter = None  # for connections opened from now on
        self.links = set()
        self.stalled = ()  # directions in which nothing is forwarded
        self.rate = 0  # bytes per second and direction; 0: unlimited
        self.cut_after = None
        self.server = net.call(self._listen())
        self.port = self.server.sockets[0].getsockname()[1]

    async def _listen(self):
        return await self.loop.create_server(
            lambda: Link(self).client(), "127.0.0.1", 0
        )

    def _do(self, action):
        async def run():
            return action()

        return self.net.call(run())

    def cut(self, rst=True):
        def action():
            for link in list(self.links):
                link.close(rst)

        self._do(action)

    def cut_in(self, count):
        """Cuts all open links after that many more bytes, in the middle of a
        packet."""

        def action():
            self.cut_after = count

        self._do(action)

    def stall(self, directions=(UP, DOWN)):
        self._mode(stalled=directions)

    def slow(self, rate):
        self._mode(rate=rate)

    def heal(self):
        self._mode()

    def _mode(self, stalled=(), rate=0):
        def action():
            was_slow = bool(self.rate)
            self.stalled, self.rate, self.cut_after = stalled, rate, None
            for link in list(self.links):
                link.flow()
            if rate and not was_slow:
                self._helpings()

        self._do(action)

    def _helpings(self):
        if not self.rate:
            return
        for link in list(self.links):
            link.helping(max(1, int(self.rate * TICK)))
        self.loop.call_later(TICK, self._helpings)

    def close(self):
        self.cut()
        self._do(self.server.close)


class Net:
    """The thread that runs the proxies."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.close()

    def call(self, coroutine):
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(60)
        except concurrent.futures.TimeoutError:
            raise RuntimeError("the proxies' thread is stuck") from None

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
