"""Messages over a socket: a kind, fields of JSON, and arrays of numbers.

A message is a prefix of two lengths, a header of JSON, and the bytes of the arrays, each of which
begins at a multiple of eight. Lengths, dtypes and shapes are checked before anything is allocated,
so that a process may receive from one that it does not trust.
"""

import json
import os
import select
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

PREFIX = struct.Struct("<IQ")
"""Bytes of the header, and of the arrays."""
MOST_HEADER = 2**20  # bytes
ALIGNMENT = 8  # bytes
JOINED = 2**16  # bytes; messages below it are sent at once
BOOL = "|b1"
DTYPES = (
    BOOL, "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8",
)  # fmt: skip
SIZES = {dtype: np.dtype(dtype).itemsize for dtype in DTYPES}  # bytes
MOST_DIMENSIONS = 8
LOOK_OUT = 5e-4  # s
KEPT_HEADER = 4_096  # bytes; a header below it is kept, so as not to be read again
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_PADDING = [b"\0" * (-size % ALIGNMENT) for size in range(ALIGNMENT)]


class ProtocolError(ValueError):
    """A message that is none, or is none that may be sent at this point."""


class ClosedError(ProtocolError):
    """The other process has ended, or has closed its end."""


@dataclass(frozen=True)
class Message:
    """A message.

    Attributes:
        kind: what it is about.
        fields: of JSON.
        arrays: by their names.
    """

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def array(self, name: str) -> NDArray[Any]:
        """The array of that name.

        Raises:
            ProtocolError: if there is none.
        """
        if name not in self.arrays:
            raise ProtocolError(f"{self.kind}: there is no array {name}")
        return self.arrays[name]


class Channel:
    """One end of a connection.

    Args:
        connection: a stream.
        most: bytes of the arrays of a message, above which it is refused.
    """

    def __init__(self, connection: socket.socket, most: int) -> None:
        self._connection = connection
        self._most = most
        self._arrivals = select.poll()
        self._arrivals.register(connection, select.POLLIN)

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            ClosedError: if the other process has closed its end.
            ValueError: if an array holds no numbers.
        """
        arrays = {name: _portable(name, array) for name, array in message.arrays.items()}
        kinds = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
        header = _ENCODER.encode([message.kind, message.fields, kinds]).encode()
        parts: list[Any] = [header, _PADDING[len(header) % ALIGNMENT]]
        size = 0
        for array in arrays.values():
            parts += [array.reshape(-1).view(np.uint8), _PADDING[array.nbytes % ALIGNMENT]]
            size += _padded(array.nbytes)
        parts.insert(0, PREFIX.pack(len(header), size))
        if size < JOINED:
            parts = [b"".join(parts)]
        try:
            for part in parts:
                self._connection.sendall(part)
        except OSError as error:
            raise ClosedError("the other process has gone") from error

    def receive(self) -> Message:
        """The next message.

        Raises:
            ClosedError: if there is none and the other process has closed its end.
            ProtocolError: if it is none, or too large.
        """
        self._look_out()
        header_size, size = PREFIX.unpack(self._bytes(PREFIX.size))
        if header_size > MOST_HEADER or size > self._most:
            raise ProtocolError(
                f"a message of {header_size} + {size} bytes; most are {MOST_HEADER} + {self._most}"
            )
        content = self._bytes(_padded(header_size) + size)
        header = bytes(content[:header_size])
        # Most messages of an episode begin with the same header.
        told = _kept_header(header) if header_size < KEPT_HEADER else _header(header)
        return Message(told.kind, told.fields, _arrays(told, content, _padded(header_size)))

    def ask(
        self,
        kind: str,
        fields: Mapping[str, Any] | None = None,
        arrays: Mapping[str, NDArray[Any]] | None = None,
    ) -> Message:
        """Send a message, and receive the next one.

        Raises:
            ClosedError, ProtocolError, ValueError: as `send` and `receive`.
        """
        self.send(Message(kind, fields or {}, arrays or {}))
        return self.receive()

    def _look_out(self) -> None:
        """Look whether a message comes at once: to be woken up by one takes longer than that. Other
        processes go first."""
        end = time.perf_counter() + LOOK_OUT
        while not self._arrivals.poll(0) and time.perf_counter() < end:
            os.sched_yield()

    def _bytes(self, size: int) -> bytearray:
        content = bytearray(size)
        view = memoryview(content)
        while view:
            try:
                count = self._connection.recv_into(view, len(view), socket.MSG_WAITALL)
            except OSError as error:
                raise ClosedError("the other process has gone") from error
            if not count:
                raise ClosedError("the other process has gone")
            view = view[count:]
        return content


def _padded(size: int) -> int:
    return size + -size % ALIGNMENT


def _portable(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """An array as it is sent: contiguous, little-endian."""
    if array.dtype.str in DTYPES and array.flags.c_contiguous:
        return array
    portable = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
    if portable.dtype.str not in DTYPES:
        raise ValueError(f"{name} is an array of {array.dtype}, must be one of numbers")
    return portable


@dataclass(frozen=True)
class _Header:
    """What a header tells: a kind, fields, and the name, dtype, count and shape of each array."""

    kind: str
    fields: Mapping[str, Any]
    arrays: tuple[tuple[str, str, int, tuple[int, ...]], ...]


def _header(text: bytes) -> _Header:
    try:
        kind, fields, kinds = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ProtocolError("a message whose header is none") from error
    if not (isinstance(kind, str) and isinstance(fields, dict) and isinstance(kinds, list)):
        raise ProtocolError("a message whose header is none")
    arrays = []
    for each in kinds:
        if not isinstance(each, list) or len(each) != 3:
            raise ProtocolError("a message with an array that is none")
        name, dtype, shape = each
        if not isinstance(name, str) or dtype not in DTYPES or not _is_shape(shape):
            raise ProtocolError("a message with an array that is none")
        arrays.append((name, dtype, prod(shape), tuple(shape)))
    if len({name for name, *_ in arrays}) < len(arrays):
        raise ProtocolError("a message with two arrays of one name")
    return _Header(kind, MappingProxyType(fields), tuple(arrays))


_kept_header = lru_cache(maxsize=256)(_header)


def _arrays(told: _Header, content: bytearray, start: int) -> dict[str, NDArray[Any]]:
    """The arrays that a header tells of, views of the content from `start` on."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, dtype, count, shape in told.arrays:
        size = count * SIZES[dtype]
        if start + size > len(content):
            raise ProtocolError("a message with arrays that do not fit its size")
        values = np.frombuffer(content, dtype if dtype != BOOL else np.uint8, count, start)
        # A byte that is neither 0 nor 1 would be counted as what it is.
        arrays[name] = (values if dtype != BOOL else values != 0).reshape(shape)
        start += _padded(size)
    if start != len(content):
        raise ProtocolError("a message with arrays that do not fit its size")
    return arrays


def _is_shape(shape: object) -> bool:
    return (
        isinstance(shape, list)
        and len(shape) <= MOST_DIMENSIONS
        and all(type(length) is int and 0 <= length < 2**48 for length in shape)
    )
