"""Messages cross as they are, and what is no message is refused before anything is allocated."""

import json
import random
import socket
import tracemalloc

import numpy as np
import pytest

from il_envs.remote.channel import DTYPES, PREFIX, Channel, ClosedError, Message, ProtocolError
from tests.remote.connected import channels


def received(sent, most=2**20):
    """What a channel makes of these bytes, after which the sender has gone."""
    near, far = socket.socketpair()
    near.sendall(sent)
    near.close()
    try:
        return Channel(far, most).receive()
    finally:
        far.close()


def message(header, content=b"", sizes=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text_size, size = sizes or (len(text), len(content))
    return PREFIX.pack(text_size, size) + text + b"\0" * (-len(text) % 8) + content


def test_messages_cross_as_they_are():
    random_numbers = np.random.default_rng(0)
    arrays = {
        dtype: random_numbers.integers(0, 2, (3, 5)).astype(dtype) for dtype in sorted(DTYPES)
    } | {
        "none": np.zeros((4, 0, 2), np.float32),
        "scalar": np.array(3.5),
        "strided": np.arange(20)[::3],
        "transposed": np.arange(6.0).reshape(2, 3).T,
        "special": np.array([np.nan, np.inf, -0.0]),
    }
    fields = {"text": "ä\u2028", "number": 2**60, "nothing": None, "list": [1, {"a": True}]}
    with channels() as (near, far):
        for _ in range(3):
            near.send(Message("something", fields, arrays))
        near.send(Message("empty"))
        for _ in range(3):
            got = far.receive()
            assert (got.kind, got.fields) == ("something", fields)
            assert got.arrays.keys() == arrays.keys()
            for name, array in arrays.items():
                assert got.arrays[name].dtype == array.dtype
                assert got.arrays[name].tobytes() == array.tobytes()
                assert got.arrays[name].shape == array.shape
                assert got.arrays[name].flags.writeable
                assert got.arrays[name].flags.aligned
        assert far.receive() == Message("empty")


def test_what_holds_no_numbers_is_not_sent():
    with channels() as (near, _):
        for array in (np.array([{}]), np.array(["a"]), np.zeros(1, np.complex128)):
            with pytest.raises(ValueError, match="x is an array of"):
                near.send(Message("something", {}, {"x": array}))


def test_booleans_are_0_or_1():
    got = received(message(["kind", {}, [["x", "|b1", [3]]]], b"\0\1\7" + bytes(5)))
    assert got.arrays["x"].tobytes() == b"\0\1\1"


@pytest.mark.parametrize(
    "sent",
    [
        message(b"{]"),
        message(b"\xff\xfe"),
        message(b"[" * 100_000 + b"]" * 100_000),
        message({"kind": "step"}),
        message(["kind", {}]),
        message([1, {}, []]),
        message(["kind", [], []]),
        message(["kind", {}, {}]),
        message(["kind", {}, ["x"]]),
        message(["kind", {}, [["x", "|O", [1]]]], bytes(8)),
        message(["kind", {}, [["x", "<c16", [1]]]], bytes(16)),
        message(["kind", {}, [["x", ["<f8"], [1]]]], bytes(8)),
        message(["kind", {}, [[1, "<f8", [1]]]], bytes(8)),
        message(["kind", {}, [["x", "<f8", [-1]]]], bytes(8)),
        message(["kind", {}, [["x", "<f8", [1.0]]]], bytes(8)),
        message(["kind", {}, [["x", "<f8", [True]]]], bytes(8)),
        message(["kind", {}, [["x", "<f8", 1]]], bytes(8)),
        message(["kind", {}, [["x", "<f8", [10**30]]]], bytes(8)),
        message(["kind", {}, [["x", "<f8", [2**40, 2**40]]]], bytes(8)),
        message(["kind", {}, [["x", "<f8", [1] * 9]]], bytes(8)),
        message(["kind", {}, [["x", "<f8", [2]]]], bytes(8)),
        message(["kind", {}, [["x", "<f8", [1]]]], bytes(16)),
        message(["kind", {}, [["x", "|u1", [1]]]], bytes(4)),
        message(["kind", {}, [["x", "<f8", [1]], ["x", "<f8", [1]]]], bytes(16)),
        message(["kind", {}, []], sizes=(2**20 + 1, 0)),
        message(["kind", {}, []], sizes=(2**32 - 1, 0)),
        message(["kind", {}, []], sizes=(14, 2**20 + 1)),
        message(["kind", {}, []], sizes=(14, 2**64 - 1)),
    ],
)
def test_what_is_no_message_is_refused(sent):
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError) as error:
            received(sent)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not isinstance(error.value, ClosedError)
    assert most < 20 * 2**20


@pytest.mark.parametrize("kept", [0, 5, 12, 30])
def test_a_message_that_ends_early_says_that_the_other_has_gone(kept):
    with pytest.raises(ClosedError):
        received(message(["kind", {}, [["x", "<f8", [100]]]], bytes(800))[:kept])


def test_sending_to_one_who_has_gone_says_so():
    with channels() as (near, far):
        far._connection.close()
        with pytest.raises(ClosedError):
            near.send(Message("something", {}, {"x": np.zeros(100_000)}))


def test_changed_messages_are_messages_or_refused():
    good = message(
        ["step", {"env": 0, "rows": [1, 2.5, None]}, [["x", "<f4", [2, 3]], ["y", "|b1", [1]]]],
        bytes(24) + bytes(8),
    )
    random_numbers = random.Random(0)
    refused = 0
    for _ in range(5_000):
        changed = bytearray(good)
        for _ in range(random_numbers.randint(1, 4)):
            place = random_numbers.randrange(len(changed))
            changed[place] = random_numbers.randrange(256)
        try:
            received(bytes(changed))
        except ProtocolError:
            refused += 1
    assert 1_000 < refused < 5_000
