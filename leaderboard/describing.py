"""Algorithms as a run knows them. The code of one that is not installed runs in another process,
which describes it, and never in that of the run."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from il_envs.learning.installed import installed_algorithms
from il_envs.learning.metering import Budget
from il_envs.remote.channel import Message, ProtocolError
from il_envs.remote.contents import Terms, model_parts
from il_envs.world import WORLDS
from leaderboard import UsageError, UserError
from leaderboard.algorithms.contender import NO_SETTINGS, Contender
from leaderboard.algorithms.submission import code_of, load, require_folder_of_algorithm
from leaderboard.files import first_fault
from leaderboard.running.process import CrashedError, Worker, algorithm_process
from leaderboard.texts import one_line

MOST = 2**20  # bytes, of a message's arrays
SECONDS = 60.0
"""Time within which an algorithm describes itself."""
MISTAKES = {"UserError": UserError, "UsageError": UsageError, "UnknownNameError": UsageError}
"""What is wrong with an algorithm, or with its settings, by the name that crosses."""


def find(origin: str, settings: Mapping[str, str] = NO_SETTINGS) -> Contender:
    """An algorithm by the name of its entry point or the path of its folder.

    Args:
        settings: other settings, as `settings.Settings`.

    Raises:
        UserError: if there is no algorithm, or it is not a valid one.
        UnknownNameError: if no algorithm of that name is installed, or it has no such setting.
    """
    if origin in installed_algorithms():
        return load(origin, settings)
    require_folder_of_algorithm(origin)
    try:
        return _described(origin, settings)
    except CrashedError as error:
        raise UserError(f"{origin}: does not say what it is: {error}") from error
    except OSError as error:
        raise UserError(f"{origin}: has no process to say what it is: {error}") from error
    except ProtocolError as error:
        raise UserError(f"{origin}: does not say what it is: {one_line(str(error))}") from error


def find_all(origins: Iterable[str]) -> list[Contender]:
    """Several algorithms.

    Raises:
        UserError: if two have the same name, or one is not valid.
        UnknownNameError: if a name is not installed.
    """
    contenders: dict[str, Contender] = {}
    for origin in dict.fromkeys(origins):
        contender = find(origin)
        name = contender.name
        if name in contenders:
            raise UserError(f"{origin} and {contenders[name].origin} are both named {name!r}")
        contenders[name] = contender
    return list(contenders.values())


def configured(contender: Contender, settings: Mapping[str, str]) -> Contender:
    """A contender with other settings, in the worlds in which it was.

    Raises:
        UsageError: if a value is not one of the setting's.
        UnknownNameError: if there is no such setting.
    """
    return find(contender.origin, settings).within(contender.worlds) if settings else contender


def _described(origin: str, settings: Mapping[str, str]) -> Contender:
    folder = str(Path(origin).resolve())
    asked = {"origin": folder, "settings": dict(settings), "worlds": len(WORLDS)}
    terms = [Terms(world, frozenset(), Budget(0, 0)) for world in WORLDS.values()]
    with algorithm_process(Message("describe", asked), terms, MOST, SECONDS) as worker:
        message = _answer(worker)
    mistake = MISTAKES.get(str(message.fields.get("error")))
    if message.kind == "refused" and mistake is not None:
        raise mistake(one_line(str(message.fields.get("message"))).replace(folder, origin))
    if message.kind != "described":
        raise ProtocolError(f"a message {one_line(message.kind)!r}")
    told: dict[str, Any] = {**message.fields, "origin": folder, "code": ""}
    try:
        contender = Contender.model_validate(told)
    except ValidationError as error:
        raise ProtocolError(first_fault(error)) from error
    code = code_of(origin, contender.name)
    return contender.model_copy(update={"code": code}).within(WORLDS)


def _answer(worker: Worker) -> Message:
    """The answer of a process that may ask for models of known worlds before."""
    while (message := worker.channel.receive()).kind == "model":
        world = WORLDS.get(str(message.fields.get("world")))
        if world is None or world.truth.model is None:
            raise ProtocolError("a model of a world that has none")
        worker.channel.send(Message("answer", *model_parts(world.known_model())))
    return message
