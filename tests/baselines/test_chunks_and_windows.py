"""Learners that see windows and decide on chunks: the installed ones, and one that acts itself."""

from dataclasses import replace

import numpy as np
import pytest

from baselines import adversarial, dagger
from baselines.chunks_and_windows import bc_chunk, bc_window, dagger_window
from il_envs import Budget, Problem, get_world, with_chunks_and_windows
from il_envs.testing import check_algorithm
from tests.baselines.test_baselines import SMALL, SMALL_BC
from tests.baselines.test_restore import assert_acts_alike, restored, tiny

SMALL_LEARNERS = {
    "bc-chunk": replace(bc_chunk, config=replace(bc_chunk.config, learner=SMALL_BC)),
    "bc-window": replace(bc_window, config=replace(bc_window.config, learner=SMALL_BC)),
    "dagger-window": replace(
        dagger_window, config=replace(dagger_window.config, learner=SMALL["dagger"].config)
    ),
}


@pytest.mark.parametrize("name", SMALL_LEARNERS)
@pytest.mark.parametrize("place", ["DriftCar", "LaneKeeping", "Pillar"])
def test_contract(name, place):
    check_algorithm(SMALL_LEARNERS[name], get_world(place))


def trained(algorithm, labels=400, steps=4_000):
    problem = Problem(get_world("DriftCar"), algorithm.sources, Budget(labels, steps), seed=0)
    return algorithm.train(problem, 0, algorithm.config), problem.meter


@pytest.mark.parametrize("learner", [SMALL["bc"], SMALL["dagger"]], ids=["bc", "dagger"])
def test_in_ones_the_learned_policy_is_bitwise_the_learners_own(learner):
    own, meter = trained(learner)
    ones, same_meter = trained(with_chunks_and_windows(learner, "ones"))
    assert meter.as_dict() == same_meter.as_dict()
    assert own.tensors().keys() == ones.tensors().keys()
    for name, tensor in own.tensors().items():
        np.testing.assert_array_equal(tensor, ones.tensors()[name])
    assert_acts_alike(get_world("DriftCar"), own, ones)


def test_dagger_with_a_window_spends_its_budget_on_labels_of_what_it_saw_last():
    """The labels are those of the learner that sees the last observation alone, in the first round,
    which the expert drives in both."""
    shown = []

    class Kept(dagger.Collection):
        def fit(self, policy, updates, seed):
            shown.append(self._labelled.pairs())
            return super().fit(policy, updates, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dagger, "Collection", Kept)
        _, meter = trained(SMALL_LEARNERS["dagger-window"])
        trained(SMALL["dagger"])
    assert (meter.expert_labels, meter.demonstrations) == (400, 0)
    (windows, labels, _), (singles, same_labels, _) = shown[0], shown[3]
    assert windows.shape == (len(singles), 4 * 17)
    np.testing.assert_array_equal(windows[:, -17:], singles)
    np.testing.assert_array_equal(labels, same_labels)
    assert (windows[:, :17] != singles).any()


def test_a_learner_that_acts_itself_takes_no_more_steps_than_it_may():
    """GAIL, whose discriminator is told of whole chunks, and whose PPO decides on them."""
    learner = replace(adversarial.algorithm, config=tiny(adversarial.algorithm.config))
    algorithm = with_chunks_and_windows(learner, "gail-chunk", chunk=3, window=2)
    policy, meter = trained(algorithm, labels=300, steps=4_200)
    assert meter.demonstrations == 300
    assert 0 < meter.steps <= 4_200
    world = get_world("DriftCar")
    assert_acts_alike(world, policy, restored(algorithm, world, policy, algorithm.config))
    check_algorithm(algorithm, world)


def test_a_policy_of_other_chunks_is_not_restored():
    policy, _ = trained(SMALL_LEARNERS["bc-chunk"])
    other = replace(bc_chunk, config=replace(bc_chunk.config, chunk=2))
    with pytest.raises(RuntimeError, match="size mismatch"):
        other.restore(get_world("DriftCar"), policy.tensors(), other.config)
