"""What the proof scripts of tests/e2e and tests/fault share: a server of their own, a token, HTTP and SignalR
clients small enough to see through, and the lines that say what passed.

The binary comes from HUBTRAIL (default build/release/hubtrail), artefacts go to ARTIFACTS when it is set.
"""
import atexit
import base64
import ctypes
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
HUBTRAIL = os.path.abspath(os.environ.get("HUBTRAIL", str(ROOT / "build/release/hubtrail")))
ARTIFACTS = os.environ.get("ARTIFACTS")
HOST = "127.0.0.1"
RECORD_SEPARATOR = b"\x1e"
ALL_SCOPES = ("events.read", "events.write", "user_api.full_access")
PR_SET_PDEATHSIG = 1
READY_S = 20

_started = []


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _kill_started():
    for process in _started:
        if process.poll() is None:
            process.kill()
            process.wait()


atexit.register(_kill_started)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def spawn(command, **options):
    """A child that ends with us. From the main thread only: the kernel watches the thread that forked."""
    assert threading.current_thread() is threading.main_thread()
    process = subprocess.Popen(command, preexec_fn=_die_with_parent, **options)
    _started.append(process)
    return process


def wait_until(condition, seconds, step=0.02):
    """The condition's first true value, or its last false one when the deadline passed."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() >= deadline:
            return value
        time.sleep(step)


def shorten(value, size=300):
    text = repr(value)
    return text if len(text) <= size else f"{text[:size]}... ({len(text)} characters)"


class Report:
    """One line per check, a closing line, an exit code."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, good, why=""):
        if good:
            self.passed += 1
            print(f"ok {name}", flush=True)
        else:
            self.failed += 1
            print(f"not ok {name}: {why}", flush=True)
        return bool(good)

    def equal(self, name, found, expected):
        return self.check(name, found == expected, f"found {shorten(found)}, expected {shorten(expected)}")

    def skip(self, name, why):
        self.skipped += 1
        print(f"skip {name}: {why}", flush=True)

    def run(self, name, function, *arguments):
        """A check whose exception is its failure."""
        try:
            function(*arguments)
        except Exception as error:  # the next check shall still run
            places = " < ".join(f"{at.name}:{at.lineno}" for at in reversed(traceback.extract_tb(error.__traceback__)))
            self.check(name, False, f"{type(error).__name__}: {error} ({places})")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        sys.exit(1 if self.failed else 0)


def note(text):
    print(f"# {text}", flush=True)


class Scratch:
    """A directory that is gone at the end; it is kept in ARTIFACTS/NAME when a check failed."""

    def __init__(self, name):
        self.name = name
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"hubtrail-{name}-"))
        atexit.register(shutil.rmtree, self.path, True)

    def __truediv__(self, part):
        return self.path / part

    def keep(self, *files):
        if not ARTIFACTS:
            return
        target = pathlib.Path(ARTIFACTS) / self.name
        target.mkdir(parents=True, exist_ok=True)
        for file in files:
            if pathlib.Path(file).exists():
                shutil.copy(file, target)


class Server:
    """`hubtrail serve` on a port of its own, which it keeps over restarts."""

    def __init__(self, data, arguments=(), prefix=(), log=None):
        self.data = pathlib.Path(data)
        self.data.mkdir(parents=True, exist_ok=True)
        self.arguments = list(arguments)
        self.prefix = list(prefix)
        self.log = pathlib.Path(log or str(self.data) + ".log")
        self.port = 0
        self.process = None
        self.ready_s = 0.0

    def start(self):
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = spawn([*self.prefix, HUBTRAIL, "serve", "--listen", f"{HOST}:{self.port}", "--data",
                                  str(self.data), *self.arguments], stdout=subprocess.PIPE, stderr=log,
                                 stdin=subprocess.DEVNULL)
        line = self._read_line(began + READY_S)
        found = re.fullmatch(r"ready http://127\.0\.0\.1:(\d+)/", line)
        if not found:
            self.kill9()
            raise RuntimeError(f"no ready line but {line!r}; log ends with {self.log_tail()!r}")
        self.ready_s = time.monotonic() - began
        self.port = int(found[1])
        return self

    def _read_line(self, deadline):
        line = b""
        descriptor = self.process.stdout.fileno()
        while not line.endswith(b"\n"):
            if not select.select([descriptor], [], [], max(0, deadline - time.monotonic()))[0]:
                break
            byte = os.read(descriptor, 1)
            if not byte:
                break
            line += byte
        return line.decode().strip()

    def log_tail(self, size=600):
        return self.log.read_bytes()[-size:].decode(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def kill9(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self, seconds=20):
        """The exit code after SIGTERM; None when it had to be killed."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    @property
    def url(self):
        return f"http://{HOST}:{self.port}"

    def rss_kib(self, field="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(next(line for line in status if line.startswith(field + ":")).split()[1])

    def reset_peak(self):
        """VmHWM counts from here on."""
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def token(self, tenant="t", subject="u", scopes=ALL_SCOPES, sites=("*=admin",), ttl="2h"):
        command = [HUBTRAIL, "token", "--data", str(self.data), "--tenant", tenant, "--sub", subject, "--ttl", ttl]
        for scope in scopes:
            command += ["--scope", scope]
        for site in sites:
            command += ["--site", site]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def token_key(self):
        text = (self.data / "token.key").read_text().strip()
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_token(key, claims, header=None):
    """A token with whatever in it; HS256 whatever its header says."""
    head = {"alg": "HS256", "typ": "JWT"} if header is None else header
    text = ".".join(base64url(json.dumps(part).encode()) for part in (head, claims))
    return text + "." + base64url(hmac.new(key, text.encode(), hashlib.sha256).digest())


def good_claims(**changes):
    now = int(time.time())
    claims = {"iss": "hubtrail", "aud": "hubtrail", "sub": "u", "tenant": "t", "scope": " ".join(ALL_SCOPES),
              "sites": {"*": "admin"}, "iat": now, "exp": now + 3600}
    claims.update(changes)
    return {name: value for name, value in claims.items() if value is not None}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Api:
    """Keep-alive REST for one thread. Any trouble on the wire is an OSError or an http.client exception."""

    def __init__(self, port, token=None, timeout=20):
        self.port, self.token, self.timeout = port, token, timeout
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def request(self, method, path, body=None, headers=None):
        # An idle server may have hung up since the last answer (60 s, 1,000 requests).
        if self.connection and (not self.connection.sock or select.select([self.connection.sock], [], [], 0)[0]):
            self.close()
        if self.connection is None:
            self.connection = http.client.HTTPConnection(HOST, self.port, timeout=self.timeout)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sent = dict(headers or {})
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/json"
        try:
            self.connection.request(method, path, body, sent)
            response = self.connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
            if response.will_close:
                self.close()
            return answer
        except Exception:
            self.close()
            raise

    def get(self, path, **query):
        pairs = [(name, value) for name, values in query.items()
                 for value in (values if isinstance(values, (list, tuple)) else [values])]
        return self.request("GET", path + ("?" + urllib.parse.urlencode(pairs) if pairs else ""))

    def post(self, events, **headers):
        return self.request("POST", "/api/v1/events", events,
                            {name.replace("_", "-"): value for name, value in headers.items()})

    def changes(self, **query):
        answer = self.get("/api/v1/sync/changes", **query)
        if answer.status != 200:
            raise RuntimeError(f"changes answered {answer.status}: {answer.body[:300]!r}")
        return answer.json()

    def read_log(self, limit=5000, **query):
        """Every event from the oldest, page by page."""
        events, where = [], {"since": "earliest"}
        while True:
            page = self.changes(limit=limit, **where, **query)
            events += page["changes"]
            where = {"cursor": page["cursor"]}
            if not page["has_more"]:
                return events


def make_event(identity=None, stream="files", kind="file.created", site="s1", **fields):
    event = {"stream": stream, "type": kind, "site_id": site, **fields}
    if identity:
        event["id"] = identity
    return event


class Closed(Exception):
    """The WebSocket ended; `code` is the peer's close code, 1006 when there was none."""

    def __init__(self, code, reason=""):
        super().__init__(f"closed {code} {reason}")
        self.code, self.reason = code, reason


class Refused(Exception):
    """The upgrade was answered with something else than 101."""

    def __init__(self, status, body):
        super().__init__(f"refused {status} {body[:200]!r}")
        self.status, self.body = status, body


def frame(payload=b"", opcode=1, final=True, rsv=0, mask=b"\x5a\xa5\x0f\xf0", length=None, length_bytes=None):
    """A client's frame; length and length_bytes lie about it when given, mask=None leaves the mask out."""
    size = len(payload) if length is None else length
    width = length_bytes if length_bytes is not None else 0 if size < 126 else 2 if size < 65536 else 8
    out = bytes([(0x80 if final else 0) | rsv | opcode])
    masked = 0x80 if mask is not None else 0
    if width == 0:
        out += bytes([masked | size])
    elif width == 2:
        out += bytes([masked | 126]) + struct.pack(">H", size)
    else:
        out += bytes([masked | 127]) + struct.pack(">Q", size)
    if mask is None:
        return out + payload
    repeated = (mask * (len(payload) // 4 + 1))[:len(payload)]
    blurred = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return out + mask + blurred.to_bytes(len(payload), "big")


def upgrade_request(path, token=None, headers=()):
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join([*lines, *headers]) + "\r\n\r\n").encode()


def read_head(sock, buffer=b""):
    """Bytes up to the end of an answer's head, and what came after it."""
    while b"\r\n\r\n" not in buffer:
        data = sock.recv(65536)
        if not data:
            raise ConnectionError(f"closed within the head: {buffer[:200]!r}")
        buffer += data
    head, _, rest = buffer.partition(b"\r\n\r\n")
    return head, rest


class WebSocket:
    """A client that does what it is told, wrong things too."""

    def __init__(self, port, path, token=None, timeout=20, headers=(), receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout)
        self.buffer = bytearray()
        self.messages = []
        self.ended = None
        try:
            self.sock.connect((HOST, port))
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock.sendall(upgrade_request(path, token, headers))
            self.head, rest = read_head(self.sock)
            status = int(self.head.split(b" ", 2)[1])
            if status != 101:
                raise Refused(status, rest)
        except BaseException:
            self.sock.close()
            raise
        self.buffer += rest

    def send(self, text):
        self.sock.sendall(frame(text if isinstance(text, bytes) else text.encode()))

    def send_raw(self, data):
        self.sock.sendall(data)

    def close(self):
        self.sock.close()

    def _frame(self):
        """(opcode, payload) of the next frame in the buffer, or None."""
        if len(self.buffer) < 2:
            return None
        size, at = self.buffer[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(self.buffer[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(self.buffer[2:10], "big"), 10
        if len(self.buffer) < at + size or len(self.buffer) < at:
            return None
        payload = bytes(self.buffer[at:at + size])
        opcode = self.buffer[0]
        del self.buffer[:at + size]
        return opcode, payload

    def receive(self):
        """The next text message. Pings are answered, the end is Closed, a silence TimeoutError."""
        parts = b""
        while True:
            found = self._frame()
            if found is None:
                data = self._read()
                self.buffer += data
                continue
            head, payload = found
            opcode = head & 0x0F
            if head & 0x70:
                raise AssertionError("the server set a reserved bit")
            if opcode == 8:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
                raise Closed(code, payload[2:].decode(errors="replace"))
            if opcode == 9:
                self.sock.sendall(frame(payload, 10))
            elif opcode in (0, 1, 2):
                parts += payload
                if head & 0x80:
                    return parts

    def _read(self):
        try:
            data = self.sock.recv(262144)
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed(1006, str(error)) from error
        if not data:
            raise Closed(1006, "end of stream")
        return data


class Hub(WebSocket):
    """A SignalR connection after its handshake."""

    def __init__(self, port, path, token=None, **options):
        super().__init__(port, path, token, **options)
        self.records = []
        self.carry = b""
        self.send(b'{"protocol":"json","version":1}\x1e')
        answer = self.record()
        if answer != {}:
            raise AssertionError(f"handshake answered {answer!r}")

    def say(self, **message):
        self.send(json.dumps(message).encode() + RECORD_SEPARATOR)

    def record(self):
        while not self.records:
            data = self.receive()
            if not data.endswith(RECORD_SEPARATOR):
                raise AssertionError("a hub message was split over two WebSocket messages")
            self.records = data[:-1].split(RECORD_SEPARATOR)
        return json.loads(self.records.pop(0))

    def subscribe(self, identity="1", **options):
        self.say(type=4, invocationId=identity, target="Subscribe", arguments=[options])

    def invoke(self, target, *arguments, identity="i"):
        self.say(type=1, invocationId=identity, target=target, arguments=list(arguments))
        while True:
            answer = self.record()
            if answer.get("type") == 3 and answer.get("invocationId") == identity:
                return answer


class Follower:
    """Follows /v1/hub/changes by Subscribe or by push and resumes from its own cursor. What it saw is `seen`,
    (pos, id) in the order of arrival; what it must not have seen is `problems`."""

    def __init__(self, port, token, mode="subscribe", query="", receive_buffer=None, connect_port=None):
        self.port = connect_port or port
        self.token, self.mode, self.query, self.receive_buffer = token, mode, query, receive_buffer
        self.cursor = None
        self.last = 0
        self.seen = []
        self.problems = []
        self.cuts = 0
        self.stopping = threading.Event()
        self.reading = threading.Event()
        self.reading.set()
        self.hub = None
        self.thread = None

    def start(self):
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self.reading.set()
        self.thread.join(30)

    def _run(self):
        while not self.stopping.is_set():
            try:
                self._follow()
            except Refused as error:
                self.problems.append(str(error))
                return
            except (OSError, Closed):
                self.cuts += 1
                time.sleep(0.01)
            except Exception as error:
                self.problems.append(f"{type(error).__name__}: {error}")
                return
            finally:
                if self.hub:
                    self.hub.close()
                    self.hub = None

    def _follow(self):
        query = [self.query] if self.query else []
        if self.mode == "push":
            query.append("since=" + (self.cursor or "earliest"))
        path = "/v1/hub/changes" + ("?" + "&".join(query) if query else "")
        self.hub = Hub(self.port, path, self.token, timeout=1, receive_buffer=self.receive_buffer)
        if self.mode == "subscribe":
            self.hub.subscribe(**({"cursor": self.cursor} if self.cursor else {"since": "earliest"}))
        while not self.stopping.is_set():
            self.reading.wait()
            try:
                record = self.hub.record()
            except TimeoutError:
                continue
            self._take(record)

    def _take(self, record):
        kind = record.get("type")
        if kind == 1:
            arguments = record["arguments"]
            if len(arguments) != 1 or not isinstance(arguments[0], str):
                self.problems.append(f"ReceiveMessage with {arguments!r}")
                return
            self._event(json.loads(arguments[0]))
        elif kind == 2:
            self._item(record["item"])
        elif kind == 3:
            self.problems.append(f"the stream ended: {record!r}")
        elif kind == 7 and not record.get("allowReconnect"):
            self.problems.append(f"the hub closed: {record!r}")

    def _item(self, item):
        if item["k"] == "reset":
            self.problems.append(f"reset: {item!r}")
        if item["k"] != "batch":
            return
        if item["from"] != self.last + 1:
            self.problems.append(f"batch {item['from']}..{item['to']} after position {self.last}")
        for event in item["items"]:
            self.seen.append((event["pos"], event["id"]))
        self.last, self.cursor = item["to"], item["cursor"]

    def _event(self, event):
        self.seen.append((event["pos"], event["id"]))
        self.last, self.cursor = event["pos"], event["cursor"]


def seeded_random():
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
    note(f"SEED={seed}")
    return random.Random(seed)
