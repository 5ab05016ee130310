"""Conditions of a run that the command line sets: labels and steps instead of the profile's, and
settings of algorithms instead of their own."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from il_envs.world import UnknownNameError
from leaderboard import UsageError, require_at_least
from leaderboard.algorithms.contender import Contender
from leaderboard.describing import configured
from leaderboard.profiles import Profile


def profile_with(profile: Profile, labels: Sequence[int], steps: int | None) -> Profile:
    """A profile with other numbers of labels and steps, and a name that says so.

    Args:
        labels: numbers of labels; none for the profile's.
        steps: environment steps in every world; None for the profile's.

    Raises:
        UsageError: if a number is below 1.
    """
    changes: dict[str, Any] = {}
    said = []
    if labels:
        changes["labels"] = tuple(sorted(set(labels)))
        said.append(f"{', '.join(f'{count:,}' for count in changes['labels'])} labels")
    if steps is not None:
        changes |= {"steps": steps, "steps_of_worlds": {}}
        said.append(f"{steps:,} steps")
    for option, numbers in (("--labels", labels), ("--steps", () if steps is None else (steps,))):
        if numbers:
            require_at_least(option, min(numbers))
    if not said:
        return profile
    changes["name"] = f"{profile.name} with {' and '.join(said)}"
    return profile.model_copy(update=changes)


def with_settings(contenders: Iterable[Contender], texts: Iterable[str]) -> Iterator[Contender]:
    """The contenders with the settings that texts such as "bc.updates=10000" give them.

    Raises:
        UsageError: if a text is not of that form, or the value not one of the setting's.
        UnknownNameError: if there is no such algorithm in the run, or no such setting of it.
    """
    contenders = list(contenders)
    settings: dict[str, dict[str, str]] = {c.name: {} for c in contenders}
    for text in texts:
        target, equals, value = text.partition("=")
        name, dot, path = target.partition(".")
        if not (equals and dot and path):
            raise UsageError(f"--set {text}: must be ALGORITHM.SETTING=VALUE")
        if name not in settings:
            raise UnknownNameError("algorithm of this run", name, list(settings))
        settings[name][path] = value
    for contender in contenders:
        yield configured(contender, settings[contender.name])
