"""Recordings: what is written is read again, edits show, and nothing else is lost."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from il_envs import Demonstrations, ExpertPolicy, RandomPolicy, WorldEnv, get_world, run_episodes
from il_envs.learning import recorded_episode
from il_envs.learning.recorded_episode import (
    ARRAYS,
    CONTROLLERS,
    HEADER,
    RecordedEpisode,
    RecordingError,
    RecordingWarning,
    encoded,
    read_episode,
    signed,
)
from il_envs.learning.recorder import Recorder
from il_envs.learning.recordings import (
    discard_episodes,
    merge_recordings,
    read_recording,
    recording_names,
    recordings_folder,
    verify_recording,
)
from tests.recording import record

CAR = get_world("DriftCar")


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("IL_ENVS_DATA", str(tmp_path))
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"IL_ENVS_DATA": "/own"}, "/own/recordings"),
        ({"XDG_DATA_HOME": "/shared"}, "/shared/il_envs/recordings"),
        ({"HOME": "/home/anna"}, "/home/anna/.local/share/il_envs/recordings"),
    ],
)
def test_where_recordings_lie(monkeypatch, variables, folder):
    for name in ("IL_ENVS_DATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert recordings_folder() == Path(folder)


def test_demonstrations_are_those_of_the_same_actions(world):
    record("anna", world.name, 5)
    shown = Demonstrations.from_recording("anna")
    episodes = tuple(run_episodes(world, "training", ExpertPolicy, [5]))
    assert shown.content_hash == Demonstrations(
        world.name, "training", "Anna", episodes
    ).content_hash  # fmt: skip
    for ours, theirs in zip(shown.episodes, episodes, strict=True):
        assert ours.state_hash == theirs.state_hash
        for name in world.dynamics.measures:
            np.testing.assert_array_equal(ours.measures[name], theirs.measures[name])
    assert Demonstrations.from_recording("anna", person_only=True).content_hash == (
        shown.content_hash
    )


def test_everything_that_is_given_is_read_again():
    label = np.array([0.5, -0.25], np.float32)
    path = record(
        "anna",
        "DriftCar",
        9,
        steps=12,
        split="held_out",
        gentle_start=True,
        details=lambda step: {
            "controller": CONTROLLERS[step % 3],
            "label": label if step % 3 == 1 else None,
            "speed": 0.5 if step < 6 else 1.0,
            "assisted": step == 11,
        },
    )
    episode = read_episode(path)
    assert (episode.world_id, episode.split, episode.seed, episode.player) == (
        "il_envs/DriftCar-v0", "held_out", 9, "Anna",
    )  # fmt: skip
    assert (episode.gentle_start, episode.terminated, episode.replay_ok) == (True, False, True)
    assert episode.controllers.tolist() == [0, 1, 2] * 4
    assert episode.labelled.tolist() == [False, True, False] * 4
    assert (episode.labels[1::3] == label).all()
    assert episode.speeds.tolist() == [0.5] * 6 + [1.0] * 6
    assert episode.assisted.tolist() == [False] * 11 + [True]
    np.testing.assert_allclose(episode.times, 0.04 * np.arange(1, 13))
    with np.load(path, allow_pickle=False) as archive:  # a plain archive
        header = json.loads(archive["header"].tobytes())
        assert set(archive) == {"header", *ARRAYS}
    assert header["controllers"] == list(CONTROLLERS)
    assert set(header) == {"format", "controllers", *HEADER}


def test_steps_of_the_person_are_cut_out_and_labels_replace_what_was_executed():
    label = np.array([0.5, -0.25], np.float32)
    policy, person = {"controller": "policy"}, {"controller": "person"}
    kinds = [person] * 3 + [policy] * 2 + [policy | {"label": label}] * 2 + [person] * 2 + [policy]
    record("anna", "DriftCar", 2, steps=10, details=lambda step: kinds[step])
    whole = Demonstrations.from_recording("anna").episodes[0]
    shown = Demonstrations.from_recording("anna", person_only=True)
    first, second = shown.episodes
    assert [len(part) for part in shown.episodes] == [3, 4]
    np.testing.assert_array_equal(first.observations, whole.observations[:4])
    np.testing.assert_array_equal(second.observations, whole.observations[5:10])
    np.testing.assert_array_equal(first.actions, whole.actions[:3])
    assert (second.actions[:2] == label).all()
    np.testing.assert_array_equal(second.actions[2:], whole.actions[7:9])
    np.testing.assert_array_equal(second.rewards, [np.nan, np.nan, *whole.rewards[7:9]])
    shown.check_spaces(CAR.spaces.observation, CAR.spaces.action)
    record("watched", "DriftCar", 2, steps=10, details=lambda step: policy)
    with pytest.raises(RecordingError, match="'watched' has no step at which a person acted"):
        Demonstrations.from_recording("watched", person_only=True)


def test_the_option_of_a_gentle_start_is_given_to_reset_again(monkeypatch):
    given = []
    reset = WorldEnv.reset

    def noticed(env, *, seed=None, options=None):
        given.append(options)
        return reset(env, seed=seed, options=options)

    record("anna", "DriftCar", 2, steps=3, gentle_start=True)
    record("berta", "DriftCar", 2, steps=3)
    monkeypatch.setattr(WorldEnv, "reset", noticed)
    assert verify_recording("anna") == verify_recording("berta") == []
    assert given == [{"gentle_start": True}, None]


def test_an_episode_that_does_not_replay_is_kept_with_a_warning():
    recorder, env = Recorder("anna", CAR, "training", "Anna"), WorldEnv("DriftCar")
    env.reset(seed=3)
    recorder.begin(4)
    for step in range(5):
        action = env.action_space.sample()
        recorder.add(action, env.step(action)[1], env.state, time=float(step))
    with pytest.warns(RecordingWarning, match="is kept, but its states do not replay from step 0"):
        path = recorder.finish(False)
    assert not read_episode(path).replay_ok
    with pytest.raises(RecordingError, match="states do not replay from step 0 on"):
        Demonstrations.from_recording("anna")


def test_nothing_is_written_of_an_episode_that_is_discarded_or_has_no_step(data):
    recorder = Recorder("anna", CAR, "training", "Anna")
    recorder.begin(1)
    assert recorder.finish(False) is None
    env = WorldEnv("DriftCar")
    env.reset(seed=1)
    recorder.begin(1)
    recorder.add(np.zeros(2), env.step(np.zeros(2, np.float32))[1], env.state, time=0.0)
    recorder.discard()
    with pytest.raises(RuntimeError, match="call begin"):
        recorder.add(np.zeros(2), 0.0, env.state, time=0.0)
    assert recorder.finish(False) is None
    assert recording_names() == []
    assert not (data / "recordings" / "anna").exists()


def test_the_last_episode_can_be_deleted_and_no_other():
    kept = record("anna", "Walk", 1)
    recorder, env = Recorder("anna", get_world("Walk"), "training", "Anna"), WorldEnv("Walk")
    assert recorder.delete_last() is None
    env.reset(seed=1)
    recorder.begin(1)
    recorder.add(1, env.step(1)[1], env.state, time=0.0)
    path = recorder.finish(False)
    assert len(read_recording("anna").episodes) == 2
    assert recorder.delete_last() == path
    assert recorder.delete_last() is None
    assert [episode.id for episode in read_recording("anna").episodes] == [kept.stem]


def test_a_full_disk_is_one_line_and_the_episode_can_be_written_later(monkeypatch):
    recorder, env = Recorder("anna", CAR, "training", "Anna"), WorldEnv("DriftCar")
    env.reset(seed=1)
    recorder.begin(1)
    recorder.add(np.zeros(2), env.step(np.zeros(2, np.float32))[1], env.state, time=0.0)

    def full(file):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RecordingError, match=r"cannot write to .*: No space left on device"):
            recorder.finish(False)
    assert list(recorder.folder.iterdir()) == []
    assert recorder.finish(False) is not None
    assert verify_recording("anna") == []


RECORDING = """
import os, signal, sys
from tests.recording import record
dies = sys.argv[1:] == ["dies"]
record("anna", "DriftCar", 0, steps=40)
print("written", flush=True)
if dies:
    os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
for seed in range(1, 10_000):
    record("anna", "DriftCar", seed, steps=40)
    print("written", flush=True)
"""


def recording_process(*arguments):
    return subprocess.Popen(
        [sys.executable, "-c", RECORDING, *arguments], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("written", [1, 2, 5, 17])
def test_a_process_that_is_killed_loses_at_most_the_episode_it_is_in(written):
    with recording_process() as process:
        for _ in range(written):
            assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
        told = written + len(process.stdout.readlines())
    recording = read_recording("anna")
    assert told <= len(recording.episodes) <= told + 1
    assert verify_recording("anna") == []


def test_a_half_written_file_is_ignored_in_one_line_that_names_it(data):
    with recording_process("dies") as process:
        assert process.stdout.readlines() == ["written\n"]
    assert process.returncode == -signal.SIGKILL
    recording = read_recording("anna")
    (left,) = recording.folder.glob(".*")
    assert recording.unfinished == (f"{left}: half written",)
    assert verify_recording("anna") == []
    with pytest.warns(RecordingWarning, match=f"^ignored {left}: half written$"):
        assert len(Demonstrations.from_recording("anna")) == 40


@pytest.mark.parametrize(
    "damage", [b"", b"PK", b"not an archive", lambda content: content[: len(content) // 2]]
)
def test_a_damaged_file_is_ignored_in_one_line_that_names_it(damage):
    paths = [record("anna", "DriftCar", seed, steps=9) for seed in (1, 2)]
    content = paths[0].read_bytes()
    paths[0].write_bytes(damage(content) if callable(damage) else damage)
    (line,) = read_recording("anna").faults
    assert line.startswith(f"ignored {paths[0]}: damaged or edited")
    assert verify_recording("anna") == [line.removeprefix("ignored ")]
    with pytest.warns(RecordingWarning, match=str(paths[0])):
        assert Demonstrations.from_recording("anna").episodes[0].seed == 2
    paths[1].unlink()
    with pytest.raises(RecordingError, match=f"'anna' has no episode that can be read: {paths[0]}"):
        read_recording("anna")


def rewritten(path: Path, **changes: object) -> Path:
    """The file with an episode that is changed, under a digest that is right."""
    path.write_bytes(encoded(replace(read_episode(path), **changes)))
    return path


def test_an_episode_of_another_version_of_its_world_is_refused_by_name():
    path = rewritten(record("anna", "DriftCar", 1, steps=5), world_id="il_envs/DriftCar-v7")
    line = (
        f"recording 'anna', episode {path.stem}: recorded in il_envs/DriftCar-v7 of il-envs 0.1.0, "
        "this is il_envs/DriftCar-v0 of il-envs 0.1.0"
    )
    assert verify_recording("anna") == [line]
    with pytest.raises(RecordingError) as caught:
        Demonstrations.from_recording("anna")
    assert str(caught.value) == line
    with pytest.raises(RecordingError, match="is of il_envs/DriftCar-v7, training; episodes of"):
        record("anna", "DriftCar", 2)


def test_an_episode_whose_rules_have_changed_since_is_refused_by_name():
    path = record("anna", "DriftCar", 1, steps=5)
    states = read_episode(path).states.copy()
    states[3] += 1
    rewritten(path, states=states, suite="0.0.9")
    assert verify_recording("anna") == [
        f"recording 'anna', episode {path.stem}: its states do not replay from step 3 on: recorded "
        "in il_envs/DriftCar-v0 of il-envs 0.0.9, this is il_envs/DriftCar-v0 of il-envs 0.1.0"
    ]


def test_an_unknown_world_or_format_is_told(monkeypatch):
    path = rewritten(record("anna", "Walk", 1), world_id="theirs/Moon-v2")
    (line,) = verify_recording("anna")
    assert "recorded in theirs/Moon-v2 of il-envs 0.1.0; unknown world 'Moon'" in line
    monkeypatch.setattr(recorded_episode, "FORMAT", 2)
    path.write_bytes(encoded(replace(read_written(path, monkeypatch))))
    monkeypatch.undo()
    with pytest.raises(RecordingError, match=f"{path}: of the format 2, this reads 1"):
        read_episode(path)


def read_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedEpisode:
    with monkeypatch.context() as patch:
        patch.setattr(recorded_episode, "FORMAT", 1)
        return read_episode(path)


def edit_bytes(paths, draw):
    """Bytes changed, added, taken away or exchanged."""
    path = draw.choice(paths)
    content = bytearray(path.read_bytes())
    place, kind = draw.randrange(len(content)), draw.randrange(4)
    if kind == 0:
        content[place] ^= 1 << draw.randrange(8)
    elif kind == 1:
        content[place:place] = draw.randbytes(draw.randint(1, 8))
    elif kind == 2:
        del content[place : place + draw.randint(1, 8)]
    else:
        content = content[:place]
    path.write_bytes(content)


def edit_array(paths, draw):
    """An entry of an array changed, under the old digest."""
    path = draw.choice(paths)
    episode, name = read_episode(path), draw.choice(list(ARRAYS))
    changed = with_another_entry(getattr(episode, name), draw)
    content = encoded(replace(episode, **{name: changed}))
    path.write_bytes(content[:-64] + path.read_bytes()[-64:])


def edit_header(paths, draw):
    """The seed, the player or another entry of the header changed, under the old digest."""
    path = draw.choice(paths)
    episode = read_episode(path)
    change = draw.choice(
        [
            {"seed": episode.seed + draw.randint(1, 1_000)},
            {"player": episode.player + "e"},
            {"gentle_start": True},
            {"terminated": True},
            {"split": "held_out"},
            {"suite": "0.2.0"},
        ]
    )
    path.write_bytes(encoded(replace(episode, **change))[:-64] + path.read_bytes()[-64:])


def edit_and_sign(paths, draw):
    """What a replay knows changed, under a digest that is right."""
    path = draw.choice(paths)
    episode, kind = read_episode(path), draw.randrange(6)
    if kind == 0:
        rewritten(path, seed=episode.seed + draw.randint(1, 1_000))
    elif kind == 1:
        rewritten(path, terminated=True)
    elif kind == 2:
        rewritten(path, split="held_out")
    elif kind == 3:
        steps = draw.randrange(1, len(episode))
        rewritten(path, **{name: getattr(episode, name)[:steps] for name in ARRAYS})
    else:
        name = draw.choice(["actions", "rewards", "states"])
        rewritten(path, **{name: with_another_entry(getattr(episode, name), draw)})


def swap(paths, draw):
    """Two episodes exchanged: their files, or one array of each, under digests that are right."""
    one, other = draw.sample(paths, 2)
    if draw.random() < 0.3:
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
        return
    name, (first, second) = (
        draw.choice(["actions", "rewards", "states"]),
        map(read_episode, (one, other)),
    )
    rewritten(one, **{name: getattr(second, name)})
    rewritten(other, **{name: getattr(first, name)})


def with_another_entry(array, draw):
    changed = array.copy()
    flat = changed.reshape(-1)
    place = draw.randrange(flat.size)
    if changed.dtype == np.bool_:
        flat[place] ^= True
    elif changed.dtype == np.uint8:
        flat[place] ^= draw.randint(1, 255)
    else:
        value = flat[place]
        while flat[place] == value:
            flat[place] = draw.choice([value + 0.001, -value, draw.uniform(-1.0, 1.0)])
    return changed


def verifies(name):
    try:
        return not verify_recording(name)
    except RecordingError:
        return False


def test_a_thousand_edits_of_a_thousand_are_noticed(data):
    for seed in range(3):
        record(
            "anna", "DriftCar", seed, steps=40,
            details=lambda step: {"controller": "policy" if step < 9 else "person"},
        )  # fmt: skip
    assert verify_recording("anna") == []
    folder, original = data / "recordings" / "anna", data / "original"
    shutil.copytree(folder, original)
    draw = random.Random(0)
    unnoticed = []
    for number in range(1_000):
        edit = draw.choice([edit_bytes, edit_array, edit_header, edit_and_sign, swap])
        edit(sorted(folder.iterdir()), draw)
        if verifies("anna"):
            unnoticed.append((number, edit.__name__))
        for path in original.iterdir():
            shutil.copy(path, folder)
    assert unnoticed == []
    assert verify_recording("anna") == []


def test_no_contents_of_an_archive_stop_the_reading_of_the_others(data):
    kept = record("anna", "Walk", 1)
    header = np.frombuffer(b"{}", np.uint8)
    episode = read_episode(kept)
    arrays = {name: getattr(episode, name) for name in ARRAYS}
    for number, content in enumerate(
        (
            signed(header, {}),
            signed(np.frombuffer(b"[", np.uint8), arrays),
            encoded(replace(episode, rewards=episode.rewards[1:])),
            encoded(replace(episode, times=episode.times.astype(np.float32))),
            encoded(replace(episode, **{name: array[:0] for name, array in arrays.items()})),
        )
    ):
        (kept.parent / f"{number}.npz").write_bytes(content)
    recording = read_recording("anna")
    assert [episode.id for episode in recording.episodes] == [kept.stem]
    assert [line.split(".npz: ")[1][:7] for line in recording.unreadable] == ["damaged"] * 5


def test_merging_changes_no_source_and_takes_an_episode_once():
    for name, seed in (("anna", 1), ("berta", 2), ("anna", 3)):
        record(name, "Walk", seed, player=name.title())
    before = {path: path.read_bytes() for path in recordings_folder().rglob("*.npz")}
    merged = merge_recordings("both", ["anna", "berta", "anna"])
    assert [episode.seed for episode in merged.episodes] == [1, 2, 3]
    assert merged.style == "Anna, Berta"
    assert verify_recording("both") == []
    assert recording_names() == ["anna", "berta", "both"]
    assert {path: path.read_bytes() for path in before} == before
    with pytest.raises(RecordingError, match="there is a recording 'both'; choose another name"):
        merge_recordings("both", ["anna"])


def test_worlds_and_splits_are_not_mixed():
    record("walk", "Walk", 1)
    record("car", "DriftCar", 1, steps=3)
    record("held-out", "Walk", 1, split="held_out")
    for other in ("car", "held-out"):
        with pytest.raises(RecordingError, match="need a recording of their own"):
            merge_recordings("both", ["walk", other])
    assert recording_names() == ["car", "held-out", "walk"]
    for path in (recordings_folder() / "car").iterdir():
        shutil.copy(path, recordings_folder() / "walk")
    with pytest.raises(RecordingError, match=r"'walk' is of .*need a recording of their own"):
        read_recording("walk")


def test_only_the_named_episodes_are_discarded():
    for seed in range(4):
        record("anna", "Walk", seed)
    with pytest.raises(RecordingError, match="'anna' has no episode 5; it has 4, from 1 on"):
        discard_episodes(read_recording("anna"), [1, 5])
    discarded = discard_episodes(read_recording("anna"), [3, 1, 3])
    assert [episode.seed for episode in discarded] == [0, 2]
    assert [episode.seed for episode in read_recording("anna").episodes] == [1, 3]


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "ä", "a b", "-a"])
def test_what_cannot_be_a_name_is_refused(name):
    with pytest.raises(RecordingError, match="cannot be a recording's name"):
        Recorder(name, CAR, "training", "Anna")


@pytest.mark.parametrize("player", ["", " ", "Anna\nBerta"])
def test_a_players_name_is_one_line(player):
    with pytest.raises(RecordingError, match="cannot be a player's name"):
        Recorder("anna", CAR, "training", player)


def test_minari_writes_and_reads_a_recording():
    record("anna", "DriftCar", 4)
    shown = Demonstrations.from_recording("anna")
    shown.save("anna/drift-v0")
    assert Demonstrations.load("anna/drift-v0").content_hash == shown.content_hash
    theirs = Demonstrations.from_minari("anna/drift-v0")
    np.testing.assert_array_equal(theirs.actions, shown.actions)


def test_a_policy_that_plays_is_replayed_too():
    """Actions at random reach states that the expert never sees."""
    world = get_world("Shooter")
    episode = run_episodes(
        world, "training", lambda env: RandomPolicy(world.spaces.action, 0), [7]
    )[0]
    recorder, env = Recorder("random", world, "training", "nobody"), WorldEnv("Shooter")
    env.reset(seed=7)
    recorder.begin(7)
    for step, action in enumerate(episode.actions):
        recorder.add(
            action, env.step(action)[1], env.state, time=float(step), controller="policy"
        )  # fmt: skip
    recorder.finish(episode.terminated)
    (again,) = Demonstrations.from_recording("random").episodes
    assert again.state_hash == episode.state_hash
