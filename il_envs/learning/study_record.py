"""Records of studies of tuning, as they are read: no part of one contradicts another.

That finds a slip of whoever edits a record by hand, and no forgery: draws, scores and settings that
were all changed to fit each other are those of another study.
"""

import json
from collections.abc import Mapping, Sequence
from math import isclose
from pathlib import Path
from statistics import fmean
from typing import Any

REMEDY = "restore the file, or remove it and tune anew"
"""What to do about a record that cannot be used."""


def read_record(path: Path) -> dict[str, Any] | None:
    """The record of a study in a file, as JSON has it; None if there is none.

    Raises:
        ValueError: in a line, if it cannot be read, or if its parts do not fit each other.
    """
    try:
        record = json.loads(path.read_bytes())
        fault = contradiction(record)
    except FileNotFoundError:
        return None
    except OSError as error:
        fault = f"cannot be read ({error.strerror})"
    except json.JSONDecodeError as error:
        fault = f"is not whole, or not JSON (line {error.lineno}, column {error.colno})"
    except KeyError as error:
        fault = f"is no record of a study, or not a whole one: it has no {error}"
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError):
        fault = "is no record of a study, or not a whole one"
    if fault:
        raise ValueError(f"{path} {fault}; {REMEDY}")
    assert isinstance(record, dict)
    return record


def contradiction(record: Mapping[str, Any]) -> str:
    """What does not fit in a record, in words that go on from its name; empty if everything does.

    Raises:
        KeyError, TypeError, AttributeError: if a part is missing, or of another kind.
    """
    study, draws, confirmation = record["study"], record["draws"], record["confirmation"]
    if not isinstance(study["algorithm"], str):
        return "is of a study of no algorithm"
    if not draws:
        return "has no draws"
    numbers = [draw["number"] for draw in draws]
    if numbers != sorted(set(numbers)):
        return "has draws that are not in the order of their numbers"
    first = draws[0]
    if not _are_same(first["settings"], study["first"]):
        return "has a first draw whose settings are not the study's first ones"
    for draw in draws:
        seeds = study["stop_after"] if draw["is_stopped"] else study["seeds"]
        if fault := _fault_of_scores(draw, seeds, study["worlds"]):
            return f"has {fault}"
    if record["best"] not in numbers:
        return f"has {record['best']!r} as its best draw, which is the number of none of them"
    best = max((draw for draw in draws if not draw["is_stopped"]), key=lambda draw: draw["score"])
    if record["best"] != best["number"]:
        return f"has {record['best']} as its best draw, but by the scores {best['number']} is"
    if fault := _fault_of_confirmation(confirmation, first, best, study):
        return fault
    is_kept = confirmation is not None and not is_better(
        confirmation["first"]["score"],
        confirmation["best"]["score"],
        confirmation["best"]["failures"],
    )
    which, chosen = ("first", first) if is_kept else ("best", best)
    if not _are_same(record["settings"], chosen["settings"]):
        return (
            f"has other settings than its {which} draw, number {chosen['number']}, whose settings "
            "are to be taken by its scores"
        )
    return ""


def is_better(first: float, best: float, failures: Sequence[str]) -> bool:
    """Whether the best draw takes the place of the first one, by their scores with fresh seeds.

    Args:
        failures: of the best draw's trainings with these seeds.
    """
    return not failures and best > first


def _fault_of_confirmation(
    confirmation: Mapping[str, Any] | None,
    first: Mapping[str, Any],
    best: Mapping[str, Any],
    study: Mapping[str, Any],
) -> str:
    if confirmation is None:
        return "" if best is first else "has no confirmation of its best draw"
    if best is first:
        return "has a confirmation, though its first draw is the best"
    begin, seeds = study["seeds"], confirmation["seeds"]
    count = len(seeds) if study.get("confirm") is None else study["confirm"]
    if not count or seeds != list(range(begin, begin + count)):
        return "has a confirmation with other seeds than its study says"
    for which, draw in (("first", first), ("best", best)):
        again = confirmation[which]
        if again["number"] != draw["number"] or not _are_same(again["settings"], draw["settings"]):
            return f"has a confirmation of another draw than the {which} one"
        if fault := _fault_of_scores(again, count, study["worlds"]):
            return f"has a confirmation with {fault}"
    return ""


def _fault_of_scores(draw: Mapping[str, Any], seeds: int, worlds: Sequence[str]) -> str:
    name, scores = f"draw number {draw['number']}", draw["scores"]
    if sorted(scores) != sorted(worlds) or any(len(each) != seeds for each in scores.values()):
        return f"{name} without a score for each of its seeds in each world"
    mean = fmean(score for each in scores.values() for score in each)
    if not isclose(draw["score"], mean, rel_tol=1e-9, abs_tol=1e-12):
        return f"{name} whose score {draw['score']} is not the mean {mean} of those of its seeds"
    return ""


def _are_same(settings: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    return json.dumps(settings, sort_keys=True) == json.dumps(others, sort_keys=True)
