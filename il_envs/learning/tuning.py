"""Search spaces, declared beside the settings that are tuned, and the best settings of a study.

A study is made by `leaderboard tune`. Its record is a file beside the algorithm's module, and the
algorithm's settings come from it:

    @dataclass(frozen=True)
    class Config:
        penalty: float = tunable(1e-3, 1e-6, 1.0, log=True)

    algorithm = tuned(Algorithm("mine", ..., config=Config(), ...), __file__)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from il_envs.learning.algorithm import Algorithm
from il_envs.learning.study_record import REMEDY, read_record

Number = TypeVar("Number", int, float)
Value = TypeVar("Value")
Config = TypeVar("Config")

KEY = "il_envs.tuning"
"""Where the metadata of a dataclass's field holds its space."""


@dataclass(frozen=True)
class Interval:
    """The numbers from `low` to `high`, whole ones if `low` is; drawn on a log scale or not."""

    low: float
    high: float
    log: bool = False

    @property
    def is_whole(self) -> bool:
        """True if it holds whole numbers alone."""
        return isinstance(self.low, int)

    def value(self, number: Any) -> Any:
        """A number, as JSON may have it, as a value of the setting.

        Raises:
            ValueError: if it is not in the interval.
        """
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or not self.low <= number <= self.high:
            raise ValueError(f"{number!r} is not {self}")
        if self.is_whole and number != int(number):
            raise ValueError(f"{number!r} is not a whole number")
        return int(number) if self.is_whole else float(number)

    def __str__(self) -> str:
        return f"from {self.low:g} to {self.high:g}" + (", log scale" if self.log else "")


@dataclass(frozen=True)
class Choices:
    """A few values."""

    values: tuple[Any, ...]

    def value(self, value: Any) -> Any:
        """The choice that equals a value; a list, as JSON has it, equals a tuple.

        Raises:
            ValueError: if there is none.
        """
        for choice in self.values:
            if type(choice) is not bool and isinstance(value, bool):
                continue  # which equals 0 or 1
            if choice == (tuple(value) if isinstance(value, list) else value):
                return choice
        raise ValueError(f"{value!r} is not {self}")

    def __str__(self) -> str:
        return "one of " + ", ".join(map(repr, self.values))


Space = Interval | Choices


def tunable(default: Number, low: Number, high: Number, *, log: bool = False) -> Number:
    """A field of a config, with the interval in which it is tuned.

    Args:
        default: the value where nothing is tuned, and the first that a study tries.
        low, high: the ends of the interval, which belong to it.
        log: whether to draw on a log scale.

    Raises:
        ValueError: if there is no such interval, or the default is outside of it.
    """
    interval = Interval(low, high, log)
    if not low < high or (log and low <= 0):
        raise ValueError(f"there is nothing to search {interval}")
    return _field(default, interval)


def tunable_choice(default: Value, choices: Sequence[Value]) -> Value:
    """A field of a config, with the values among which it is tuned.

    Args:
        default: the value where nothing is tuned, and the first that a study tries.
        choices: two values or more, immutable ones that JSON knows; a tuple is a list there.

    Raises:
        ValueError: if there are fewer, or the default is not among them.
    """
    if len(choices) < 2:
        raise ValueError(f"there is nothing to choose among {list(choices)}")
    return _field(default, Choices(tuple(choices)))


def _field(default: Any, space: Space) -> Any:
    space.value(default)
    return field(default=default, metadata={KEY: space})


def search_space(config: Any) -> dict[str, Space]:
    """The spaces of a config's settings by their paths, such as "ppo.learning_rate".

    A setting whose value is outside of its space is left out: a variant of an algorithm holds it.
    """
    spaces: dict[str, Space] = {}
    for member in fields(config):
        value = getattr(config, member.name)
        if is_dataclass(value):
            inner = search_space(value)
            spaces |= {f"{member.name}.{path}": space for path, space in inner.items()}
        elif KEY in member.metadata and _holds(member.metadata[KEY], value):
            spaces[member.name] = member.metadata[KEY]
    return spaces


def _holds(space: Space, value: Any) -> bool:
    try:
        space.value(value)
    except ValueError:
        return False
    return True


def setting(config: Any, path: str) -> Any:
    """The value of the setting at a path."""
    for name in path.split("."):
        config = getattr(config, name)
    return config


def with_settings(config: Config, settings: Mapping[str, Any]) -> Config:
    """A config with other values of tunable settings.

    Args:
        settings: values by path, as JSON has them.

    Raises:
        ValueError: if one cannot be tuned, or the value is outside of its space.
    """
    spaces = search_space(config)
    for path, value in settings.items():
        if path not in spaces:
            raise ValueError(f"{path} is no setting that can be tuned; {', '.join(spaces)} are")
        try:
            config = _changed(config, path.split("."), spaces[path].value(value))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    return config


def _changed(config: Any, path: Sequence[str], value: Any) -> Any:
    name, *rest = path
    inner = _changed(getattr(config, name), rest, value) if rest else value
    return replace(config, **{name: inner})


def record_path(name: str, module: str | Path) -> Path:
    """The file that holds the study of an algorithm: `tuning/NAME.json` beside its module.

    Args:
        name: the algorithm's.
        module: the file of the module that defines it.
    """
    return Path(module).parent / "tuning" / f"{name}.json"


def tuned(algorithm: Algorithm[Config], module: str) -> Algorithm[Config]:
    """The algorithm with the best settings of its recorded study; itself if there is none.

    Args:
        module: the file of the module that defines it, `__file__`.

    Raises:
        ValueError: if the record is damaged or contradicts itself, is that of another algorithm, or
            has settings that the algorithm has not.
    """
    # A submission is imported through a link, whose name its author does not know.
    path = record_path(algorithm.name, Path(module).parent.resolve() / Path(module).name)
    record = read_record(path)
    if record is None:
        return algorithm
    tuned_one = record["study"]["algorithm"]
    if tuned_one != algorithm.name:
        raise ValueError(f"{path} is of a study of {tuned_one}, not of {algorithm.name}; {REMEDY}")
    try:
        config = with_settings(algorithm.config, record["settings"])
    except ValueError as error:
        raise ValueError(
            f"{path} has a setting that {algorithm.name} cannot have, whose search space may have "
            f"changed since: {error}; {REMEDY}"
        ) from error
    return replace(algorithm, config=config)
