"""What goes through the door of the admin server, as in doors.py. How much of
its 32 KiB a request may take depends on libmicrohttpd, which keeps its own books
there: the largest one is looked for first, and then it is the bound."""

HOST = 255
MEMORY = 32 * 1024


def get(path="/healthz", host="localhost", more=""):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


def head_of_size(size):
    return get(more=f"x: {'y' * size}\r\n")


def heads(count):
    return get(more="".join(f"h{n}: v\r\n" for n in range(count)))


def path_of_size(size):
    return get(path="/healthz?" + "u" * size)


class Name:
    """One of http.hosts, and one that is longer than any can be."""

    def ask(self, world, over):
        return world.ask(get(path="/", host="h" * (HOST + over)))

    def accept(self, world):
        assert self.ask(world, 0) == 200

    def refuse(self, world):
        assert self.ask(world, 1) == 421

    def flood(self, world):
        for _ in range(1000):
            self.refuse(world)

    def flooded(self, world):
        assert self.ask(world, 1000) == 421


class Request:
    """make(size) is one that is refused beyond some size. Where libmicrohttpd
    has no room left for an answer, it closes the connection without one."""

    def __init__(self, make, codes, least, most):
        self.make = make
        self.codes = codes
        self.least, self.most = least, most

    def accept(self, world):
        low, high = self.least, self.most
        assert world.ask(self.make(low)) == 200
        while high - low > 1:
            size = (low + high) // 2
            code = world.ask(self.make(size))
            assert code in (200, *self.codes), (size, code)
            low, high = (size, high) if code == 200 else (low, size)
        self.bound = low

    def refuse(self, world):
        assert world.ask(self.make(self.bound)) == 200
        assert world.ask(self.make(self.bound + 1)) in self.codes

    def flood(self, world):
        for _ in range(300):  # as many as a second or two allow
            assert world.ask(self.make(self.bound + 1)) in self.codes

    def flooded(self, world):
        assert world.ask(self.make(10 * self.most)) in self.codes


class Body:
    """Read as far as it comes and not kept; there is nothing to post."""

    def post(self, world, size):
        return world.ask(b"POST /v1/requests HTTP/1.1\r\nHost: localhost\r\n"
                         b"Content-Length: %d\r\n\r\n" % size + b"x" * size)

    def accept(self, world):
        assert self.post(world, 0) == 405

    def refuse(self, world):
        assert self.post(world, 1 << 20) == 405

    def flood(self, world):
        for _ in range(50):
            self.refuse(world)

    def flooded(self, world):
        assert self.post(world, 64 << 20) == 405


STEPS = {
    "http_name": Name(),
    "http_header": Request(head_of_size, (431, None), 20000, MEMORY),
    "http_headers": Request(heads, (431, None), 100, MEMORY // 8),
    "http_path": Request(path_of_size, (414, None), 20000, MEMORY),
    "http_body": Body(),
}
