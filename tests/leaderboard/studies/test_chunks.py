"""The study of action chunks: the expert's plan, the growth of errors, and what is written."""

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from il_envs import Algorithm, ExpertPolicy, Policy, WorldVectorEnv
from il_envs.worlds.lane_keeping.dynamics import CONTROL, GAIN, TRANSITION
from leaderboard.studies import chunks, error_growth
from leaderboard.studies.error_growth import SIZE, STEPS, doubling_steps

CAR, LANE = chunks.STUDIES


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(chunks, "EPISODES", 2)
    monkeypatch.setattr(error_growth, "EPISODES", 4)


def test_in_a_world_without_noise_the_plan_is_what_the_expert_does():
    at_once, planned = (chunks.planned_episodes(CAR, chunk) for chunk in (1, 7))
    assert [e.state_hash for e in planned] == [e.state_hash for e in at_once]
    assert [e.decisions for e in planned] == [-(-len(e) // 7) for e in planned]
    assert [e.decisions for e in at_once] == [len(e) for e in at_once]


def test_in_gusts_the_plan_is_what_the_expert_would_do_if_there_were_none():
    """u_k = -K (A - BK)^k x, where x is the state in which the chunk begins."""
    env = WorldVectorEnv("LaneKeeping", 3, autoreset_mode="Disabled")
    observation, _ = env.reset(seed=0)
    policy, memory = chunks.PlanningExpert(env, LANE, 4), None
    for step in range(12):
        if step % 4 == 0:
            ahead = observation
        action, memory = policy.predict(observation, memory)
        np.testing.assert_allclose(action, -ahead @ GAIN.T, atol=1e-12)
        ahead = ahead @ (TRANSITION - CONTROL @ GAIN).T
        observation, *_ = env.step(action)
    assert np.abs(ahead - observation).max() > 0.01  # the gusts


@pytest.mark.parametrize("react", [False, True])
def test_an_error_grows_as_the_linear_model_says(react):
    env = WorldVectorEnv("LaneKeeping", 4, autoreset_mode="Disabled")
    env.reset(seed=0)
    signs = -np.sign(ExpertPolicy(env, "mean").predict()[0])
    matrix = TRANSITION - CONTROL @ GAIN if react else TRANSITION
    error, scale = 2.0 * SIZE * signs @ CONTROL.T, env.observe().std(0)
    distances = []
    for _ in range(STEPS + 1):
        distances.append(np.linalg.norm(error / scale, axis=1))
        error = error @ matrix.T
    exact = np.stack(distances, 1) / distances[0][:, None]
    measured = error_growth._growth(env, "mean", react)
    np.testing.assert_allclose(measured, exact, rtol=1e-6)


def test_a_car_in_a_drift_doubles_its_errors_and_who_reacts_does_not():
    growths = error_growth.error_growths("DriftCar", "scripted", sideslip=0.3)
    assert 4.0 < doubling_steps(growths.open_loop) < 10.0
    assert np.median(growths.reacting[:, -1]) < 0.2
    everywhere = error_growth.error_growths("DriftCar", "scripted")
    assert len(growths.open_loop) < len(everywhere.open_loop) == 4 * len(error_growth.MOMENTS)


def test_the_doubling_of_an_exponential():
    growth = 2.0 ** (np.arange(STEPS + 1) / 6.0)
    assert doubling_steps(growth[None]) == pytest.approx(6.0)
    assert doubling_steps(1.0 / growth[None]) == pytest.approx(-6.0)


@dataclass(frozen=True)
class Nothing:
    """No settings."""


def centred(problem, seed, config):
    """A policy that always executes the middle of the action space."""

    class Centred:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            return np.zeros((len(observation), *problem.action_space.shape)), None

    policy: Policy = Centred()
    return policy


@pytest.fixture
def tiny(monkeypatch):
    learner = Algorithm("bc", "", frozenset({"demonstrations"}), Nothing(), centred)
    monkeypatch.setattr(chunks, "find_algorithm", lambda name: learner)
    monkeypatch.setattr(chunks, "CHUNKS", (1, 4))
    monkeypatch.setattr(chunks, "SEEDS", 2)


@pytest.mark.usefixtures("tiny")
def test_the_command_writes_table_and_picture_and_does_no_row_twice(tmp_path, monkeypatch, capsys):
    from leaderboard.cli import main

    monkeypatch.setattr(sys, "argv", ["leaderboard", "chunks", "--out", str(tmp_path / "chunks")])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code in (0, None)
    rows = pd.read_csv(tmp_path / "chunks" / "chunks.csv")
    assert list(rows.columns) == list(chunks.ChunkRow.model_fields)
    keys = [tuple(row) for row in rows[["world", "who", "executed", "seed"]].to_numpy()]
    assert sorted(keys) == sorted(
        (study.world, who, executed, seed)
        for study in chunks.STUDIES
        for executed in (1, 4)
        for who, seed in (
            (chunks.EXPERT, 0), *((who, k) for who in (chunks.CLONE, chunks.PARTLY) for k in (0, 1))
        )
    )  # fmt: skip
    lane = rows[rows["world"] == "LaneKeeping"].set_index(["who", "executed"])
    for who in (chunks.CLONE, chunks.PARTLY):
        assert (lane.loc[(who, 4), "decisions"] == 32).all()  # of 125 steps
        assert (lane.loc[(who, 1), "decisions"] == 125).all()
    picture = tmp_path / "chunks" / "chunks.svg"
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")
    printed = capsys.readouterr().out
    assert "LaneKeeping: spectral radius, open loop: 1, as in theory" in printed
    assert "DriftCar: bc, 4 actions at once, return: " in printed
    assert "NOT" not in printed

    def not_again(*arguments):
        raise AssertionError("it was there")

    monkeypatch.setattr(chunks, "rows_of", not_again)
    table = tmp_path / "chunks" / "chunks.csv"
    complete = table.read_text()
    paths, _ = chunks.write_chunks(tmp_path / "chunks")
    assert table.read_text() == complete
    assert [path.name for path in paths] == ["chunks.csv", "chunks.svg"]


@pytest.mark.usefixtures("tiny")
def test_a_training_of_which_one_row_is_missing_is_done_again(tmp_path, monkeypatch):
    chunks.write_chunks(tmp_path)
    table = tmp_path / "chunks.csv"
    complete = sorted(table.read_text().splitlines())
    partly = f'LaneKeeping,"{chunks.PARTLY}"'
    lines = [line for line in table.read_text().splitlines() if not line.startswith(partly)]
    table.write_text("\n".join(lines))
    done, rows_of = [], chunks.rows_of
    monkeypatch.setattr(chunks, "rows_of", lambda keys: done.append(keys[0]) or rows_of(keys))
    chunks.write_chunks(tmp_path)
    assert done == [("LaneKeeping", chunks.CLONE, 4, seed) for seed in (0, 1)]
    assert sorted(table.read_text().splitlines()) == complete


def test_who_plans_where_the_gusts_are_would_know_them_in_advance():
    knowing = chunks.planned_episodes(replace(LANE, plans_in="LaneKeeping"), 8)
    blind = chunks.planned_episodes(LANE, 8)
    for one, other in zip(knowing, blind, strict=True):
        assert one.total_reward > other.total_reward
