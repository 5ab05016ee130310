"""Random values, arrays and changes of texts."""

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u8", "?")
SHAPES: tuple[tuple[int, ...], ...] = (
    (), (0,), (1,), (2,), (3,), (2, 2), (2, 1), (1, 2), (2, 3), (2, 12), (0, 2), (2, 0), (2, 2, 2),
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 3, 7, 255, 256, 10**6, 2**31, 2**63, -(2**63), 10**30, 0.0, -0.0, 0.5, 1.0, 1.5,
    1e-320, 1e300, float("nan"), float("inf"), -float("inf"),
)  # fmt: skip
VALUES = (
    None,
    True,
    False,
    "",
    "a",
    "DriftCar",
    "SameStep",
    "é\x00\x1b[2J",
    [],
    {},
    [[]],
    [1],
    {"a": 1},
)


class Nonsense:
    """A source of nonsense.

    Args:
        seed: whatever it gives is a function of it.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)

    def value(self) -> Any:
        """Anything that JSON can tell."""
        return self.random.choice((*VALUES, *NUMBERS))

    def array(self, like: NDArray[Any] | None = None) -> NDArray[Any]:
        """An array of numbers; often one that is like another, but for an entry, a dtype or a
        shape."""
        if like is None or self.random.random() < 0.5:
            shape, dtype = self.random.choice(SHAPES), self.random.choice(DTYPES)
            values = self.numpy.standard_normal(shape) * 10.0 ** self.random.randint(-1, 3)
            with np.errstate(all="ignore"):
                return np.asarray(values).astype(dtype)
        changed = np.array(like)
        with np.errstate(all="ignore"):
            if changed.size and self.random.random() < 0.6:
                number = float(self.random.choice(NUMBERS))
                changed = changed.astype(np.float64)
                changed.flat[self.random.randrange(changed.size)] = number
            if self.random.random() < 0.5:
                changed = changed.astype(self.random.choice(DTYPES))
            if self.random.random() < 0.2:
                changed = changed[..., None]
        return changed

    def changed(self, content: bytes) -> bytes:
        """Bytes with some of them changed, left out, doubled, or cut off."""
        bytes_ = bytearray(content)
        for _ in range(self.random.randint(1, 4)):
            place = self.random.randrange(len(bytes_) + 1)
            way = self.random.random()
            if way < 0.5 and place < len(bytes_):
                bytes_[place] = self.random.randrange(256)
            elif way < 0.7:
                del bytes_[place : place + self.random.randint(1, 40)]
            elif way < 0.85:
                bytes_[place:place] = bytes_[place : place + self.random.randint(1, 40)]
            elif way < 0.9:
                del bytes_[place:]
        return bytes(bytes_)

    def edited(self, told: Any) -> Any:
        """JSON with one of its parts replaced, left out or added."""
        if isinstance(told, dict) and told and self.random.random() < 0.9:
            name = self.random.choice(list(told))
            way = self.random.random()
            if way < 0.1:
                return {key: value for key, value in told.items() if key != name}
            if way < 0.15:
                return told | {str(self.value()): self.value()}
            return told | {name: self.edited(told[name])}
        if isinstance(told, list) and told and self.random.random() < 0.8:
            place = self.random.randrange(len(told))
            return [*told[:place], self.edited(told[place]), *told[place + 1 :]]
        return self.value()
