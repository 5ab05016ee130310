"""Films of the best, the median and the worst episode of a row, with the expert's ghost."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from il_envs.play.video import Cut, write_film
from il_envs.world import get_world
from leaderboard.cells import has_evidence
from leaderboard.site.rows import BoardRow
from leaderboard.watching import film_of_evaluation

SHOWN = Cut(size=(320, 200), rate=12.0, longest=8.0)


class Clip(NamedTuple):
    """A film of an episode.

    Attributes:
        which: best, median or worst.
        file: its name.
        told: seed and return, in words.
    """

    which: str
    file: str
    told: str


def clips_of(row: BoardRow, folder: Path) -> list[Clip]:
    """The films of a row, which are made if they are not there; none where its actions are not
    here, or the world has no picture.

    Args:
        folder: where the films are.

    Raises:
        UserError: if an episode does not replay.
        OSError: if one cannot be written.
    """
    here = [s for s in row.scored if s.cell.episodes and has_evidence(s.results.folder, s.cell)]
    if not here or not get_world(row.world).views.pictures:
        return []
    scored = here[0]
    returns = np.array([episode.total_reward for episode in scored.cell.episodes])
    order = np.argsort(returns, kind="stable")
    chosen = {"best": order[-1], "median": order[len(order) // 2], "worst": order[0]}
    clips = []
    for which, number in chosen.items():
        name = f"{row.page.removesuffix('.html')}-{which}.mp4"
        if not (folder / name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            spec = scored.cell.spec
            film = film_of_evaluation(
                scored.results, spec.algorithm, get_world(spec.world), int(number), spec.seed
            )
            write_film(film, folder / name, cut=SHOWN)
        episode = scored.cell.episodes[number]
        clips.append(Clip(which, name, f"seed {episode.seed}, return {episode.total_reward:.3f}"))
    return clips
