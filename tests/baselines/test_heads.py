"""Distributions over actions with several modes, as heads of a policy network."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import logsumexp

from baselines import latent_bc
from baselines.bc import BCConfig, fit, hold_out
from baselines.heads import HEADS, PLAIN, action_head
from baselines.heads.head import LikelihoodHead
from baselines.heads.mixture import COMPONENTS
from baselines.heads.point import TOLERANCE
from baselines.networks import NetworkPolicy
from il_envs import get_world
from il_envs.buttons import joint_chords, joint_index
from il_envs.testing import check_algorithm
from tests.baselines.test_baselines import SMALL_BC

BOX, BUTTONS = gym.spaces.Box(-1, 1, (2,)), gym.spaces.MultiBinary(3)
OBSERVED = gym.spaces.Box(-1, 1, (4,))
PAIRS = [
    (name, space)
    for name, head in HEADS.items()
    for space in (BOX, BUTTONS)
    if isinstance(space, head.kinds)
]
FOR_BUTTONS = [name for name, space in PAIRS if space is BUTTONS]
LIKELIHOODS = [name for name in FOR_BUTTONS if issubclass(HEADS[name], LikelihoodHead)]


def _policy(name, space, seed=0):
    policy = NetworkPolicy(OBSERVED, space, (16,), seed, name)
    policy.encoder.fit(np.random.default_rng(0).normal(3.0, 2.0, (50, 4)))
    return policy


def _observations(rows):
    return np.random.default_rng(1).normal(3.0, 2.0, (rows, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "world"),
    [(name, "LaneKeeping") for name, space in PAIRS if space is BOX]
    + [(name, world) for name in FOR_BUTTONS for world in ("Buttons", "Duel")],
)
def test_contract(name, world):
    algorithm = getattr(latent_bc, name)
    small = replace(SMALL_BC, head=name)
    check_algorithm(replace(algorithm, config=small), get_world(world))


@pytest.mark.parametrize(("name", "space"), PAIRS, ids=str)
class TestEveryHead:
    def test_modes_and_samples_are_valid_and_repeat(self, name, space):
        for deterministic in (True, False):
            first, second = (
                _policy(name, space).predict(_observations(400), deterministic=deterministic)[0]
                for _ in range(2)
            )
            np.testing.assert_array_equal(first, second)
            assert all(space.contains(action) for action in first)
        assert not np.array_equal(first, _policy(name, space, 1).predict(_observations(400))[0])

    def test_tensors_round_trip(self, name, space):
        policy, other = _policy(name, space), _policy(name, space, seed=5)
        rows = np.stack([space.sample() for _ in range(9)]).astype(np.float32)
        policy.head.normalise(torch.tensor(rows))
        other.load_tensors(policy.tensors())
        expected = policy.predict(_observations(40), deterministic=True)[0]
        actual = other.predict(_observations(40), deterministic=True)[0]
        np.testing.assert_array_equal(actual, expected)

    def test_it_learns_two_ways_where_the_plain_head_mixes_them(self, name, space):
        """All is seen in one state: two actions, half of the time each.

        2,000 draws. The bound on the shares of the two is 6 deviations of a fair coin's, and room
        for the fit. A variational autoencoder keeps some draws between the two (7% here).
        """
        ways = (
            np.array([[1, 0, 1], [0, 1, 0]], np.int8)
            if space is BUTTONS
            else np.array([[0.5, -0.3], [-0.5, 0.3]], np.float32)
        )
        missed = {kind: self._missed(kind, space, ways) for kind in (name, PLAIN)}
        assert missed[name].mean() < 0.12
        assert missed[PLAIN].mean() > 0.6

    def _missed(self, name, space, ways):
        """Which of 2,000 draws are neither way; fails if one way is taken much more often."""
        rows = 2_000
        seen = np.zeros((rows, 4), np.float32)
        seen[:, 0] = np.linspace(-1.0, 1.0, rows)  # of no use
        shown = ways[np.random.default_rng(0).integers(2, size=rows)]
        policy = NetworkPolicy(OBSERVED, space, (64,), 0, name)
        policy.encoder.fit(seen)
        policy.head.normalise(torch.tensor(shown))
        held_out = hold_out(np.arange(rows), 0.1)
        config = replace(BCConfig(), head=name, patience=100)
        fit(policy, seen, shown, held_out, config, updates=1_500, seed=0)
        drawn, _ = policy.predict(seen)
        near = np.abs(drawn[:, None] - ways).max(2) < 0.2
        if name != PLAIN:
            assert near.mean(0) == pytest.approx(0.5, abs=0.13)
        return ~near.any(1)


class TestChords:
    @pytest.mark.parametrize("name", FOR_BUTTONS)
    def test_probabilities_are_those_of_the_samples(self, name):
        policy, rows = _policy(name, BUTTONS), _observations(4)
        probabilities = policy.action_probabilities(rows, step=7)
        assert (probabilities.dtype, probabilities.shape) == (np.float64, (4, 8))
        np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=1e-12)
        samples = joint_index(policy.predict(np.repeat(rows, 5_000, 0))[0]).reshape(4, 5_000)
        shares = np.stack([(samples == chord).mean(1) for chord in range(8)], 1)
        np.testing.assert_allclose(shares, probabilities, atol=0.03)  # 4 deviations

    @pytest.mark.parametrize("name", LIKELIHOODS)
    def test_probabilities_are_the_likelihoods(self, name):
        policy, rows = _policy(name, BUTTONS), _observations(1)
        with torch.no_grad():
            outputs = policy.body(policy.encoder(rows))
            likelihoods = [
                np.exp(-policy.head.negative_log_likelihood(outputs, torch.tensor(c[None])).item())
                for c in joint_chords(3)
            ]
        np.testing.assert_allclose(
            policy.action_probabilities(rows, step=0)[0], likelihoods, rtol=1e-5
        )


class TestMixture:
    def _head_and_rows(self):
        head, generator = action_head(BOX, "mixture"), torch.Generator().manual_seed(0)
        outputs = torch.randn(50, head.outputs, generator=generator)
        return head, outputs, torch.rand(50, 2, generator=generator)

    def test_the_likelihood_is_that_of_a_mixture_of_gaussians(self):
        head, outputs, actions = self._head_and_rows()
        head.normalise(torch.rand(500, 2, generator=torch.Generator().manual_seed(1)) - 0.5)
        logits = outputs[:, :COMPONENTS].numpy()
        offsets = outputs[:, COMPONENTS:].reshape(50, COMPONENTS, 2).numpy()
        weights = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        means = head.centres.numpy() + offsets
        log_densities = stats.norm.logpdf(actions.numpy()[:, None], means, TOLERANCE).sum(2)
        exact = -logsumexp(np.log(weights) + log_densities, axis=1).mean()
        assert head.negative_log_likelihood(outputs, actions).item() == pytest.approx(exact, 1e-5)

    def test_its_centres_are_those_of_the_clusters(self):
        """Eight tight clusters, of which k-means finds most: it may put two centres into one
        cluster, and one between two others."""
        head, random = action_head(BOX, "mixture"), np.random.default_rng(0)
        clusters = random.permutation(np.linspace(-0.9, 0.9, COMPONENTS))
        middles = np.stack([clusters, np.sort(clusters)], 1)
        rows = np.repeat(middles, 200, 0) + random.normal(0.0, 0.01, (1_600, 2))
        head.normalise(torch.tensor(random.permutation(rows)))
        nearest = np.abs(head.centres.numpy()[:, None] - middles).max(2).min(0)
        assert (nearest < 0.01).sum() >= COMPONENTS // 2
        assert nearest.max() < 0.15  # neighbours are 0.26 apart

    @pytest.mark.parametrize("different", [1, 2, 5])
    def test_with_fewer_different_chords_several_components_have_the_same_centre(self, different):
        head = action_head(BUTTONS, "mixture")
        chords = joint_chords(3)[:different]
        head.normalise(torch.tensor(np.tile(chords, (40, 1))))
        centres = np.unique(head.centres.numpy().round(3), axis=0)
        assert len(centres) == different
        assert set(np.unique(np.abs(centres))) == {np.float32(2.944)}  # the logit of .05


def test_draws_of_points_have_no_noise():
    head = action_head(BOX, "mixture").component
    outputs = torch.tensor([[0.3, -2.0]])
    drawn = head.choose(outputs, torch.Generator().manual_seed(0))
    assert drawn.tolist() == [[pytest.approx(0.3), -1.0]]


def test_the_loss_of_a_variational_autoencoder_bounds_the_likelihood():
    """-log p is the mean over all latent vectors of the prior, the loss a mean over 2,000 rows."""
    policy = _policy("cvae", BUTTONS)
    rows = _observations(1)
    probabilities = policy.action_probabilities(rows, step=0)[0]
    with torch.no_grad():
        outputs = policy.body(policy.encoder(np.repeat(rows, 2_000, 0)))
        for chord, probability in zip(joint_chords(3), probabilities, strict=True):
            actions = torch.tensor(chord).expand(2_000, -1)
            loss = policy.head.loss(outputs, actions, torch.Generator().manual_seed(0)).item()
            assert loss > -np.log(probability) - 0.02
            assert loss < -np.log(probability) + 5.0


def test_a_buttons_probability_given_those_before_it_ignores_those_after_it():
    head = action_head(gym.spaces.MultiBinary(5), "autoregressive")
    outputs = torch.randn(1, head.outputs, generator=torch.Generator().manual_seed(0))
    chords = joint_chords(5)
    with torch.no_grad():
        joint = head.probabilities(outputs)[0]
        for k in range(5):
            given = torch.tensor([[1.0, 0.0, 1.0, 1.0, 0.0]])
            same = (chords[:, :k] == given.numpy()[0, :k]).all(1)
            pressed = joint[same & (chords[:, k] == 1)].sum() / joint[same].sum()
            logits = head._logits(outputs, given)[0, k]
            assert torch.sigmoid(logits).item() == pytest.approx(pressed, rel=1e-5)


class TestRefusals:
    def test_an_unknown_head(self):
        with pytest.raises(ValueError, match="there is no head 'gaussian'; there are plain, mixt"):
            action_head(BOX, "gaussian")

    @pytest.mark.parametrize(
        ("name", "space"),
        [
            ("joint", BOX),
            ("mixture", gym.spaces.Discrete(3)),
            ("joint", gym.spaces.MultiBinary(20)),
            ("joint", gym.spaces.MultiBinary([2, 2])),
            ("flow", gym.spaces.Box(-1, 1, (2, 2))),
        ],
    )
    def test_a_space_it_is_not_for(self, name, space):
        with pytest.raises(TypeError, match=f"the head '{name}' is for .* in one dim|most 12 butt"):
            action_head(space, name)

    def test_continuous_actions_have_no_probability_each(self):
        policy = _policy("flow", BOX)
        with pytest.raises(TypeError, match="have a probability each"):
            policy.action_probabilities(_observations(1), 0)

    def test_no_mean_of_several_flows(self):
        with pytest.raises(TypeError, match="FlowHead"):
            action_head(BOX, "flow").average(torch.zeros(2, 1, 64))
