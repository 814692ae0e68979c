"""Compresses text answers, with Brotli or else gzip: public files once, and kept; the rest as it goes. Events never."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path
from zlib import MAX_WBITS, compressobj

import anyio
import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATHSEND = "http.response.pathsend"
"""ASGI extension by which an application hands over a file's path instead of its content."""
SMALLEST = 500
"""Bytes; less is not worth it."""
LARGEST_KEPT = 16 * 1024 * 1024
"""Bytes of a file that is compressed as a whole."""
CACHE_LIMIT = 32 * 1024 * 1024
"""Bytes of compressed files that are kept: all of Streamlit's take 7 MB."""
THREAD_MINIMUM = 32 * 1024
"""Bytes; more at once is compressed in a worker thread."""
FILE_QUALITY = 9
ANSWER_QUALITY = 5
"""Brotli's, for what is compressed at every request: about as fast as gzip, and smaller."""
GZIP_LEVEL = 6
CHUNK = 64 * 1024
_TEXTS = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "application/wasm",
        "application/xml",
        "image/svg+xml",
    }
)


def is_text(content_type: str) -> bool:
    """Whether content of this type becomes much smaller."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind != "text/event-stream" and (kind.startswith("text/") or kind in _TEXTS or kind.endswith("+json"))


def accepted_codings(header: str) -> frozenset[str]:
    """The codings of an `Accept-Encoding` header that are not refused by a weight of zero (RFC 9110, 12.5.3)."""
    codings = set()
    for part in header.lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if coding and weight.rstrip("0") not in ("0", "0.") and weight != "0":
            codings.add(coding)
    return frozenset(codings)


def compress(content: bytes, coding: str) -> bytes:
    """Content in a coding, `br` or `gzip`; takes up to half a second for the largest file. Any thread."""
    if coding == "br":
        return bytes(brotli.compress(content, mode=brotli.MODE_TEXT, quality=FILE_QUALITY))
    compressor = compressobj(GZIP_LEVEL, wbits=16 + MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


class CompressedFiles:
    """Files that were compressed before, the least recently used forgotten beyond a bound. One loop only."""

    def __init__(self, limit: int = CACHE_LIMIT) -> None:
        self._limit = limit
        self.size = 0
        """Bytes that are kept."""
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._turn = asyncio.Lock()

    async def get(self, key: tuple[str, ...], coding: str, content: bytes | Path) -> bytes:
        """What was kept under the key, or else the content, compressed in a worker thread, one at a time."""
        key = (*key, coding)
        if key not in self._kept:
            async with self._turn:
                if key not in self._kept:
                    self._keep(key, await anyio.to_thread.run_sync(_compressed, content, coding))
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, key: tuple[str, ...], content: bytes) -> None:
        self._kept[key] = content
        self.size += len(content)
        while self.size > self._limit and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self.size -= len(dropped)


def _compressed(content: bytes | Path, coding: str) -> bytes:
    return compress(content.read_bytes() if isinstance(content, Path) else content, coding)


class Compression:
    """Compresses what a browser accepts compressed. The application inside is asked for plain answers, so that
    Streamlit's own compression, which leaves out its files, does not do a part of it before.

    Args:
        uncompressed: paths whose answers are left as they are.
    """

    def __init__(self, app: ASGIApp, uncompressed: Collection[str] = ()) -> None:
        self._app = app
        self._uncompressed = frozenset(uncompressed)
        self._files = CompressedFiles()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back, smaller where the asker accepts that."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        codings = accepted_codings(", ".join(headers.getlist("accept-encoding")))
        plain = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        if scope["path"].rstrip("/") in self._uncompressed:
            await self._app(plain, receive, send)
            return
        answer = _Answer(send)
        if not codings & {"br", "gzip"} or scope["method"] == "HEAD" or "range" in headers:
            await self._app(plain, receive, answer.send)
            return
        coding = "br" if "br" in codings else "gzip"

        async def inner(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), PATHSEND: {}}
            await self._app({**scope, "extensions": extensions}, receive, _Files(send, self._files, coding).send)

        responder: ASGIApp = (
            BrotliResponder(inner, SMALLEST)
            if coding == "br"
            else GZipResponder(inner, SMALLEST, GZIP_LEVEL, thread_minimum_size=THREAD_MINIMUM)
        )
        await responder(plain, receive, answer.send)


class BrotliResponder(IdentityResponder):
    """Starlette's `GZipResponder` with another coding."""

    content_encoding = "br"

    def __init__(self, app: ASGIApp, minimum_size: int) -> None:
        super().__init__(app, minimum_size)
        self._compressor = brotli.Compressor(mode=brotli.MODE_TEXT, quality=ANSWER_QUALITY)

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        """The next part of the answer, compressed."""
        if len(body) < THREAD_MINIMUM:
            return self._next(body, more_body)
        return await anyio.to_thread.run_sync(self._next, body, more_body)

    def _next(self, body: bytes, more_body: bool) -> bytes:
        compressed = self._compressor.process(body)
        return bytes(compressed + (self._compressor.flush() if more_body else self._compressor.finish()))


class _Answer:
    """Says on every answer of text that it depends on the accepted codings, and that a compressed one is another
    representation of the same thing."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            if is_text(headers.get("content-type", "")):
                headers.add_vary_header("Accept-Encoding")
            if "content-encoding" in headers and headers.get("etag", "").startswith('"'):
                headers["etag"] = f"W/{headers['etag']}"
        await self._send(message)


class _Files:
    """Sends public files and other public content from what was compressed before; all else as it comes."""

    def __init__(self, send: Send, files: CompressedFiles, coding: str) -> None:
        self._send = send
        self._files = files
        self._coding = coding
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            # Only an answer of known length is held back until its content is there: a stream begins at once.
            if "content-length" in Headers(raw=message["headers"]):
                self._start = message
            else:
                await self._send(message)
        elif kind == PATHSEND:
            await self._send_file(Path(message["path"]))
        elif self._start is not None:
            await self._send_body(self._start, message)
        else:
            await self._send(message)

    async def _send_file(self, path: Path) -> None:
        start, self._start = self._start, None
        if start is None:
            raise RuntimeError("a file was sent without its length")
        headers = Headers(raw=start["headers"])
        if self._may_be_kept(start):
            # By the file, not by the address: any number of addresses may lead to one file.
            content = await self._files.get((str(path), headers.get("etag", "")), self._coding, path)
            await self._send_compressed(start, content)
            return
        await self._send(start)
        async with await anyio.open_file(path, "rb") as file:
            while chunk := await file.read(CHUNK):
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_body(self, start: Message, message: Message) -> None:
        self._start = None
        content = message.get("body", b"")
        is_public = "public" in Headers(raw=start["headers"]).get("cache-control", "")
        if is_public and not message.get("more_body", False) and self._may_be_kept(start):
            digest = hashlib.blake2b(content, digest_size=20).hexdigest()
            await self._send_compressed(start, await self._files.get((digest,), self._coding, content))
            return
        await self._send(start)
        await self._send(message)

    def _may_be_kept(self, start: Message) -> bool:
        """Whether the answer is the same for everybody: it says how it may be cached, and sets no cookie."""
        headers = Headers(raw=start["headers"])
        caching = headers.get("cache-control", "")
        length = headers["content-length"]
        return (
            start["status"] == 200
            and is_text(headers.get("content-type", ""))
            and "content-encoding" not in headers
            and "set-cookie" not in headers
            and bool(caching)
            and "private" not in caching
            and "no-store" not in caching
            and length.isdigit()
            and SMALLEST <= int(length) <= LARGEST_KEPT
        )

    async def _send_compressed(self, start: Message, content: bytes) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-encoding"] = self._coding
        headers["content-length"] = str(len(content))
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": content, "more_body": False})
