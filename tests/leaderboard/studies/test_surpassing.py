"""The study of which algorithms do better than the demonstrator, with few labels."""

import numpy as np
import pytest

from il_envs import get_world, hard_optimal
from leaderboard.studies import surpassing
from leaderboard.studies.surpassing import Study


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(surpassing, "LABELS", 4_000)
    monkeypatch.setattr(surpassing, "DEMONSTRATIONS", 200)


def test_the_reward_of_who_errs_is_worth_more_than_he_gets_himself(capsys):
    study = Study("FourRooms", "hot", ("bc", "maxent"), steps=1, seeds=2)
    table = surpassing.surpassing([study])
    told = ["FourRooms: bc, 2 training seeds", "FourRooms: maxent, 2 training seeds"]
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if not line.startswith("il_envs: compil")] == told
    assert tuple(table.columns) == surpassing.COLUMNS
    names = dict(zip(table["algorithm"] + ", " + table["who acts"], table["return"], strict=True))
    assert set(names) == {
        "demonstrator (hot), expert", "bc, policy", "maxent, policy",
        "maxent, reward, optimised anew",
    }  # fmt: skip
    optimum = hard_optimal(get_world("FourRooms").known_model()).expected_return
    assert names["bc, policy"] < names["demonstrator (hot), expert"] + 1.0
    assert names["maxent, reward, optimised anew"] > 0.97 * optimum
    above = table.set_index("who acts")[surpassing.COLUMNS[-1]]["reward, optimised anew"]
    mean, low, high = (float(number.strip("[,]")) for number in above.split())
    assert 0.0 < low < mean < high


def test_where_returns_are_not_exact_episodes_are_run():
    study = Study("DriftCar", "noisy", ("do-nothing",), steps=1, seeds=2)
    returns = surpassing.demonstrator_returns(get_world("DriftCar"), study)
    assert len(returns) == surpassing.EPISODES
    own, anew = surpassing.learned_returns(get_world("DriftCar"), study, "do-nothing", 0)
    assert own < returns.mean()
    assert np.isnan(anew)
