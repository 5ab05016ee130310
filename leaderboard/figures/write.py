"""Writing every figure of a folder of results, as SVG files beside them."""

from pathlib import Path

import matplotlib as mpl

from leaderboard.figures.curves import (
    compounding_error,
    learning_curve,
    score_by_labels,
    survival_by_labels,
)
from leaderboard.figures.divergences import divergence
from leaderboard.figures.drawing import STYLE, save
from leaderboard.figures.maps import support_maps
from leaderboard.figures.profiles import performance_profiles
from leaderboard.figures.reward_pictures import reward_pictures
from leaderboard.figures.scores import scores
from leaderboard.figures.support import outside_support
from leaderboard.runs import Results


def write_figures(results: Results, extension: str = "svg") -> list[Path]:
    """Write every figure for which there is data beside the results; returns the paths.

    Raises:
        UserError: if traces are missing, damaged, or of another version of their world.
        OSError: if a figure cannot be written.
    """
    paths = []
    with mpl.rc_context(STYLE):
        for name, make in (
            ("compounding_error", compounding_error),
            ("survival", survival_by_labels),
            ("score", scores),
            ("score_by_labels", score_by_labels),
            ("performance_profiles", performance_profiles),
            ("divergence", divergence),
            ("learning_curve", learning_curve),
            ("outside_support", outside_support),
        ):
            figure = make(results)
            if figure is not None:
                paths.append(results.folder / f"{name}.{extension}")
                save(figure, paths[-1])
        for name, figure in (reward_pictures(results) | support_maps(results)).items():
            paths.append(results.folder / f"{name}.{extension}")
            save(figure, paths[-1])
    return paths
