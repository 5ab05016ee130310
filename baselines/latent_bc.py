"""Behaviour cloning of an expert with more than one mind.

The mean of two ways past an obstacle is the obstacle, and independent buttons press half of one
chord and half of another. These algorithms are behaviour cloning with a distribution over actions
that has several modes: a mixture, a conditional variational autoencoder, a flow, and for buttons an
autoregressive and a joint distribution. Each is a head of the same network, in `baselines/heads/`,
trained as behaviour cloning trains it.
"""

from dataclasses import replace

from baselines import bc
from baselines.bc import BCConfig
from baselines.heads import HEADS
from il_envs import Algorithm


def cloning_with(head: str, summary: str) -> Algorithm[BCConfig]:
    """Behaviour cloning with the head of that name, in the worlds whose actions it is for."""

    return replace(
        bc.algorithm,
        name=f"bc-{head}",
        summary=f"behaviour cloning: {summary}",
        config=replace(bc.algorithm.config, head=head),
        applies_to=lambda world: HEADS[head].fits(world.spaces.action),
        tuned_as="bc",
    )


mixture = cloning_with("mixture", "a mixture of points, or of independent buttons")
cvae = cloning_with("cvae", "a conditional variational autoencoder")
flow = cloning_with("flow", "a flow from noise to actions")
autoregressive = cloning_with("autoregressive", "each button given those before it")
joint = cloning_with("joint", "every chord of buttons by its number")
