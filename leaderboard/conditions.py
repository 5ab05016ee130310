"""Conditions of a run that the command line sets: labels and steps instead of the profile's, and
settings of algorithms instead of their own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_type_hints

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from il_envs.world import UnknownNameError
from leaderboard import UsageError, require_at_least
from leaderboard.profiles import Profile
from leaderboard.submission import Contender

Settings = Mapping[str, str]
"""Values as the command line gives them, by the path of a field, such as "ppo.learning_rate"."""


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
        UsageError: if a text is not of that form, or the value not of the setting's type.
        UnknownNameError: if there is no such algorithm in the run, or no such setting of it.
    """
    contenders = list(contenders)
    settings: dict[str, dict[str, str]] = {c.algorithm.name: {} for c in contenders}
    for text in texts:
        target, equals, value = text.partition("=")
        name, dot, path = target.partition(".")
        if not (equals and dot and path):
            raise UsageError(f"--set {text}: must be ALGORITHM.SETTING=VALUE")
        if name not in settings:
            raise UnknownNameError("algorithm of this run", name, list(settings))
        settings[name][path] = value
    for contender in contenders:
        yield configured(contender, settings[contender.algorithm.name])


def configured(contender: Contender, settings: Settings) -> Contender:
    """A contender with other settings.

    Raises:
        UsageError: if a value is not of its setting's type.
        UnknownNameError: if the algorithm has no such setting.
    """
    algorithm = contender.algorithm
    config = algorithm.config
    for path, text in settings.items():
        config = _changed(config, path.split("."), text, algorithm.name)
    return replace(contender, algorithm=replace(algorithm, config=config), settings=dict(settings))


def _changed(config: Any, path: Sequence[str], text: str, owner: str) -> Any:
    """A frozen dataclass with another value of the field at a path."""
    name, *rest = path
    where = f"{owner}.{name}"
    names = [field.name for field in fields(config)]
    if name not in names:
        raise UnknownNameError(f"setting of {owner}", name, names)
    present = getattr(config, name)
    if bool(rest) != is_dataclass(present):
        hint = f"such as {fields(present)[0].name}" if is_dataclass(present) else "it has none"
        raise UsageError(f"--set {where}: settings of its own are set one by one; {hint}")
    value = _changed(present, rest, text, where) if rest else _parsed(config, name, text, where)
    try:
        return replace(config, **{name: value})
    except (TypeError, ValueError) as error:
        raise UsageError(f"--set {where}={text}: {error}") from error


def _parsed(config: Any, name: str, text: str, where: str) -> Any:
    """A text as a value of a field's type: as JSON, or else as it stands."""
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(get_type_hints(type(config))[name])
    except (NameError, PydanticUserError) as error:
        raise UsageError(f"--set {where}: cannot be set from a command line") from error
    try:
        return adapter.validate_json(text)
    except ValidationError:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            raise UsageError(f"--set {where}={text}: {error.errors()[0]['msg']}") from error
