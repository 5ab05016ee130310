"""The command il-recordings: what it prints, and the one line for each mistake."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import minari
import pytest

from il_envs.learning import recorded_episode
from il_envs.learning.recorded_episode import read_episode
from il_envs.learning.recordings import read_recording, recording_names
from il_envs.play.commands import recordings as recordings_command
from tests.play.conftest import Outcome
from tests.recording import record

Command = Callable[..., Outcome]


@pytest.fixture
def recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Call the command with these arguments, in a folder of its own."""
    monkeypatch.setenv("IL_ENVS_DATA", str(tmp_path))
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))

    def call(*arguments: str) -> Outcome:
        try:
            code = recordings_command.main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        return Outcome(code, *capsys.readouterr())

    return call


def test_list_has_a_line_for_each_recording(recordings: Command) -> None:
    assert recordings("list").stdout.startswith("no recordings in ")
    paths = [record("anna", "Walk", seed) for seed in (1, 2)]
    record("berta", "DriftCar", 1, steps=12, split="held_out", player="Berta")
    episodes = [read_episode(path) for path in paths]
    mean = sum(episode.total_reward for episode in episodes) / 2
    heading, *lines = recordings("list").stdout.splitlines()
    assert " ".join(heading.split()) == "name world split episodes steps mean return who last"
    assert lines[0].split() == [
        "anna", episodes[0].world_id, "training", "2", str(sum(map(len, episodes))), f"{mean:.2f}",
        "Anna", f"{episodes[1].date:%Y-%m-%d}",
    ]  # fmt: skip
    assert lines[1].split()[:5] == ["berta", "il_envs/DriftCar-v0", "held_out", "1", "12"]


def test_show_says_how_each_episode_was_played(recordings: Command) -> None:
    record("anna", "DriftCar", 7)
    record(
        "anna",
        "DriftCar",
        8,
        steps=4,
        gentle_start=True,
        details=lambda step: {
            "controller": "policy" if step else "person",
            "speed": 0.5 + 0.25 * step,
            "assisted": step == 3,
        },
    )
    title, _, first, second = recordings("show", "anna").stdout.splitlines()
    assert title.startswith("anna: il_envs/DriftCar-v0, training split, in ")
    assert "time is up" in first
    assert first.split()[-4:] == ["person", "100%", "1", "Anna"]
    assert "cut short" in second
    assert "person 25%, policy 75%" in second
    assert "0.5 to 1.25" in second
    assert second.endswith("assisted 25%, gentle start")


def test_verify_fails_for_an_edit(recordings: Command) -> None:
    path, _ = record("anna", "Walk", 1), record("anna", "Walk", 2)
    good = recordings("verify", "anna")
    assert (good.exit_code, good.stdout) == (
        0, "2 of 2 episodes replay to the same states and rewards\n",
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + b" ")
    bad = recordings("verify", "anna")
    assert bad.exit_code == 1
    assert bad.stdout.splitlines()[0].startswith(f"{path}: damaged or edited")
    assert bad.stdout.splitlines()[1].startswith("1 of 2 episodes replay")


def test_merge_and_discard(recordings: Command) -> None:
    for name in ("anna", "berta"):
        record(name, "Walk", 1)
    assert recordings("merge", "both", "anna", "berta").stdout.startswith("both: 2 episodes, ")
    assert recordings("discard", "both", "2").stdout == "1 episode of 2 discarded\n"
    assert len(read_recording("both").episodes) == 1
    assert recording_names() == ["anna", "berta", "both"]


def test_to_minari_writes_a_dataset(recordings: Command) -> None:
    record(
        "anna", "DriftCar", 3, steps=20,
        details=lambda step: {"controller": "person" if step < 8 else "policy"},
    )  # fmt: skip
    assert recordings("to-minari", "anna", "anna/all-v0").stdout == (
        "wrote 20 transitions to the dataset anna/all-v0\n"
    )
    assert minari.load_dataset("anna/all-v0").total_steps == 20
    assert recordings("to-minari", "anna", "anna/own-v0", "--person-only").exit_code == 0
    assert minari.load_dataset("anna/own-v0").total_steps == 8


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        ((), 2, "the following arguments are required: COMMAND"),
        (("lst",), 2, "invalid choice: 'lst'"),
        (("show",), 2, "the following arguments are required: NAME"),
        (("show", "nobody"), 1, "the recording 'nobody' has no episode in "),
        (("show", "../x"), 1, "'../x' cannot be a recording's name"),
        (("discard", "anna"), 2, "discard takes either numbers of episodes or --damaged"),
        (("discard", "anna", "1", "--damaged"), 2, "either numbers of episodes or --damaged"),
        (("discard", "nobody", "--damaged"), 1, "there is no recording 'nobody' in "),
        (("discard", "anna", "one"), 2, "argument EPISODE: invalid int value: 'one'"),
        (("discard", "anna", "2"), 1, "the recording 'anna' has no episode 2; it has 1, from 1 on"),
        (("merge", "anna", "anna"), 1, "there is a recording 'anna'; choose another name"),
        (("to-minari", "anna", "nameless"), 1, "a dataset's name ends in its version"),
    ],
)
def test_a_mistake_is_one_line(
    recordings: Command, arguments: tuple[str, ...], code: int, problem: str
) -> None:
    record("anna", "Walk", 1)
    outcome = recordings(*arguments)
    assert outcome.exit_code == code
    assert problem in outcome.stderr
    assert outcome.stderr.startswith("il-recordings")
    assert outcome.stderr.count("\n") == 1


def test_a_damaged_recording_does_not_hide_the_others(recordings: Command) -> None:
    record("anna", "Walk", 1).write_bytes(b"")
    record("berta", "Walk", 1)
    outcome = recordings("list")
    assert outcome.exit_code == 1
    assert "berta" in outcome.stdout
    assert outcome.stderr.startswith(
        "il-recordings: the recording 'anna' has no episode that can be"
    )
    assert outcome.stderr.count("\n") == 1


def test_damaged_files_are_deleted_on_request_and_no_others(recordings: Command) -> None:
    whole, edited = record("anna", "Walk", 1), record("anna", "Walk", 2)
    edited.write_bytes(edited.read_bytes() + b" ")
    unfinished = whole.with_name(".0.tmp")
    unfinished.touch()
    outcome = recordings("discard", "anna", "--damaged")
    assert outcome.stdout.splitlines() == [f"discarded {unfinished}", f"discarded {edited}"]
    assert list(whole.parent.iterdir()) == [whole]
    assert recordings("discard", "anna", "--damaged") == (0, "no file is damaged\n", "")


def test_an_emptied_recording_is_none(recordings: Command) -> None:
    record("berta", "Walk", 1)
    for emptied in (("discard", "anna", "1"), ("discard", "anna", "--damaged")):
        path = record("anna", "Walk", 1)
        if "--damaged" in emptied:
            path.write_bytes(b"")
        assert recordings(*emptied).exit_code == 0
        assert recording_names() == ["berta"]
        assert not path.parent.exists()
    path.parent.mkdir()  # as a game leaves it in which no episode ended
    assert recordings("merge", "anna", "berta").exit_code == 0


def test_a_recording_of_several_worlds_names_the_file_that_is_too_many(
    recordings: Command,
) -> None:
    first, other = record("anna", "Walk", 1), record("berta", "DriftCar", 1, steps=3)
    moved = other.rename(first.parent / other.name)
    later = max(first, moved, key=lambda path: path.name)
    outcome = recordings("show", "anna")
    assert outcome.exit_code == 1
    assert outcome.stderr.endswith(f"need a recording of their own; move {later}\n")


def test_a_data_folder_that_is_a_file_is_one_line(
    recordings: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("IL_ENVS_DATA", str(file))
    outcome = recordings("list")
    assert outcome.exit_code == 1
    assert outcome.stderr == (
        f"il-recordings: {file} is not a folder; recordings are kept in {file}/recordings\n"
    )


def test_files_that_only_cannot_be_read_here_are_not_deleted_as_damaged(
    recordings: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = record("anna", "Walk", 1)
    with monkeypatch.context() as later:
        later.setattr(recorded_episode, "FORMAT", 2)
        newer = record("berta", "Walk", 2)
    newer = newer.rename(path.with_name(newer.name))
    renamed = record("anna", "Walk", 3).rename(path.with_name("best.npz"))
    folder = path.with_name("folder.npz")
    folder.mkdir()
    assert recordings("discard", "anna", "--damaged").stdout == "no file is damaged\n"
    assert {path, newer, renamed, folder} == set(path.parent.iterdir())
    told = recordings("list").stderr
    assert f"{newer}: of the format 2, this reads 1" in told
    assert f"ignored {folder}: Is a directory" in told


@pytest.mark.parametrize("header", [{"id": "abc"}, {"player": 5}, {"seed": -1}, {"split": "x"}])
def test_a_header_that_makes_no_sense_is_damaged_and_hides_nothing(
    recordings: Command, header: dict[str, object]
) -> None:
    record("berta", "Walk", 1)
    path = record("anna", "Walk", 1)
    path.write_bytes(recorded_episode.encoded(replace(read_episode(path), **header)))
    outcome = recordings("list")
    assert outcome.exit_code == 1
    assert "berta" in outcome.stdout
    assert outcome.stderr.count("\n") == 1
    (name,) = header
    assert f"damaged: {name} is " in outcome.stderr
