"""Each algorithm looks the same in every figure, and colours are apart for colour-blind readers."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from leaderboard.figures.styles import COLOURS, RESERVED, SHAPES, styles

SIGHTS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
"""What is left of linear RGB colours (Machado, Oliveira and Fernandes 2009, "A physiologically
based model for simulation of color vision deficiency", severity 1)."""
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""From linear sRGB (IEC 61966-2-1)."""
APART = 15.0
"""A difference in CIELAB that is seen at a glance; 2.3 is just noticeable (Mahy et al. 1994)."""


def linear(colour: str) -> NDArray[np.float64]:
    """Linear RGB of "#rrggbb"."""
    encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB of linear RGB, for the white of sRGB."""
    ratio = XYZ @ np.clip(rgb, 0.0, 1.0) / XYZ.sum(1)
    root = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def difference(first: str, second: str, sight: str) -> float:
    """CIE 1976 difference of two colours as somebody sees them."""
    seen = [lab(SIGHTS[sight] @ linear(colour)) for colour in (first, second)]
    return float(np.linalg.norm(seen[0] - seen[1]))


@pytest.mark.parametrize("sight", SIGHTS)
def test_all_colours_are_apart(sight: str) -> None:
    nearest = min(combinations(COLOURS, 2), key=lambda pair: difference(*pair, sight))
    assert difference(*nearest, sight) > APART, nearest


def test_the_measure_knows_colours_that_are_mixed_up() -> None:
    assert difference("#CC79A7", "#44AA99", "deuteranopia") < 5.0 < APART
    assert difference("#CC79A7", "#44AA99", "normal") > 50.0
    assert difference("#000000", "#FFFFFF", "protanopia") == pytest.approx(100.0, abs=0.1)


def test_all_colours_stand_out_from_the_page() -> None:
    luminance = [float(XYZ[1] @ linear(colour)) for colour in COLOURS]
    assert all(1.05 / (light + 0.05) > 2.2 for light in luminance)


def test_a_selection_changes_no_style() -> None:
    theirs = [f"method-{i}" for i in range(6)]
    every = styles(["bc", *theirs, "dagger"])
    for name in ("bc", "dagger", theirs[0]):
        assert styles([name])[name] == every[name]
    assert styles([*theirs])[theirs[2]] == every[theirs[2]]
    assert styles(["bc", *theirs, "dagger", "new"])[theirs[5]] == every[theirs[5]]


def test_reserved_styles_are_all_different_and_strangers_have_others() -> None:
    names = [name for row in RESERVED for name in row]
    free = len(COLOURS) * len(SHAPES) - len(names)
    strangers = [f"theirs-{i}" for i in range(free)]
    given = styles([*strangers, *names])
    assert len(set(given.values())) == len(given) == len(COLOURS) * len(SHAPES)
    assert len(styles([*strangers, "one-more"])) == free + 1
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "together",
    [
        ("bc", "bc-ensemble", "dagger", "dart"),
        ("bc", "gail", "airl", "gcl", "airl-state"),
        ("bc", "bc-mixture", "bc-cvae", "bc-flow", "bc-joint", "bc-autoregressive"),
        ("mail", "mail-saps", "maps-rl", "saps-rl", "mail-il", "bc"),
        ("ppo", "bc-ppo", "bc-ppo-penalty"),
        ("bc", "dagger", "maxent", "gcl"),
    ],
)
def test_those_of_a_profile_differ_in_colour(together: tuple[str, ...]) -> None:
    colours = {style.colour for style in styles(together).values()}
    assert len(colours) == len(together)
