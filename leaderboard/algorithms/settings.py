"""Settings of algorithms that the command line sets, instead of their own."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from math import isfinite
from typing import Any, get_type_hints

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from il_envs.learning.algorithm import Algorithm
from il_envs.learning.tuning import KEY, Interval, Space, setting
from il_envs.world import UnknownNameError
from leaderboard import UsageError

Settings = Mapping[str, str]
"""Values as the command line gives them, by the path of a field, such as "ppo.learning_rate"."""


def configured(
    algorithm: Algorithm[Any], settings: Settings
) -> tuple[Algorithm[Any], dict[str, str]]:
    """An algorithm with other settings, and their texts, which are the same for all texts that mean
    the same value.

    Raises:
        UsageError: if a value is not of its setting's type, not finite, or negative where the
            algorithm's own value and search space are not.
        UnknownNameError: if the algorithm has no such setting.
    """
    config = algorithm.config
    for path, text in settings.items():
        config = _changed(config, path.split("."), text, algorithm.name)
    texts = {path: _text(setting(config, path)) for path in settings}
    return replace(algorithm, config=config), texts


def _changed(config: Any, path: Sequence[str], text: str, owner: str) -> Any:
    """A frozen dataclass with another value of the field at a path."""
    name, *rest = path
    where = f"{owner}.{name}"
    names = [field.name for field in fields(config)]
    if not names:
        raise UsageError(f"--set {where}: {owner} has no settings")
    if name not in names:
        raise UnknownNameError(f"setting of {owner}", name, names)
    present = getattr(config, name)
    if rest and not is_dataclass(present):
        raise UsageError(f"--set {'.'.join((where, *rest))}: {where} has no settings of its own")
    if not rest and is_dataclass(present):
        hint = ", ".join(field.name for field in fields(present)) or "it has none"
        raise UsageError(f"--set {where}: its settings are set one by one: {hint}")
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
        value = adapter.validate_json(text)
        is_mixed = _is_mixed(json.loads(text), value)
    except ValidationError:
        try:
            value, is_mixed = adapter.validate_python(text), False
        except ValidationError as error:
            raise UsageError(f"--set {where}={text}: {error.errors()[0]['msg']}") from error
    (field,) = (field for field in fields(config) if field.name == name)
    fault = "must be a number, not true or false" if is_mixed else ""
    if fault := fault or _fault(value, getattr(config, name), field.metadata.get(KEY)):
        raise UsageError(f"--set {where}={text}: {fault}")
    return value


def _fault(value: Any, present: Any, space: Space | None) -> str:
    """Why a value of a setting's type is none that it can have; empty if it is.

    Args:
        present: the value that it has.
        space: the space in which it is tuned, if any.
    """
    numbers = _numbers(value)
    if not all(isfinite(number) for number in numbers if isinstance(number, float)):
        return "must be finite"
    if min(numbers, default=0) < 0:
        known = [*_numbers(present), *([space.low] if isinstance(space, Interval) else [])]
        if min(known, default=0) >= 0:
            return "must not be negative"
    return ""


def _is_mixed(given: Any, value: Any) -> bool:
    """Whether JSON has true or false where the value that it was taken for has a number."""
    if isinstance(given, list) and isinstance(value, list | tuple):
        return any(map(_is_mixed, given, value))
    return isinstance(given, bool) and bool(_numbers(value))


def _numbers(value: Any) -> list[float]:
    """The numbers in a value, those in tuples and lists among them."""
    if isinstance(value, list | tuple):
        return [number for part in value for number in _numbers(part)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def _text(value: Any) -> str:
    """A value as a text that is taken for the same one: JSON, or a string as it stands."""
    if isinstance(value, str):
        with suppress(ValueError):
            json.loads(value)
            return json.dumps(value)
        return value
    return json.dumps(to_jsonable_python(value))
