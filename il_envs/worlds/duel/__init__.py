"""Duel: a shoot-out of two gunners with five buttons, small enough to be solved exactly.

What it tests: the value of pressing several buttons at once. The optimal policy presses chords: it
side-steps while firing, dodges while reloading, and reloads behind the shield. It is known exactly,
and so are the best policy restricted to chords of at most one button, the best one with independent
buttons, and the soft-optimal one (`il_envs.concurrency_references`). Where a bolt must be dodged
either to the left or to the right, independent buttons cannot represent what a joint policy can.

The two face each other across seven columns. In each step, in this order:
- I side-step, from the end columns only inwards. Left and right together are a stumble: I stay, and
  no other button works.
- My shield goes up if it is whole. Behind it I cannot fire.
- A round goes into my magazine if I reload and it is not full. While I hold reload I cannot fire.
- I fire if there is a round. The opponent is hit if it is in a column in which I begin or end the
  step: a shot fired while side-stepping sweeps two columns.
- If the opponent is at the phase `fires` its bolt comes down its column, and hits me if I end the
  step there. A raised shield stops the bolt and breaks. Both of us may be hit in the same step.
- A gunner that was hit comes back: I in the middle with an empty magazine, the opponent in any
  column at least three from mine, roaming.
- Otherwise the opponent moves and goes on to its next phase. Roaming, it steps away from my column
  with probability 0.6 and towards it with 0.2 (in my column, to either side with 0.3 each), and
  winds up next with probability 0.8. Winding up, it steps towards my column with probability 0.8,
  and fires next. Firing, it stays, and roams next.
- A shield that was broken before the step is whole again with probability 0.2.

Observation, Discrete(882): the situation, numbered as (((mine * 7 + theirs) * 3 + rounds) * 2 +
shield) * 3 + phase, with

    part    range   meaning
    mine    0 to 6  my column, from the left
    theirs  0 to 6  the opponent's column
    rounds  0 to 2  rounds in my magazine
    shield  0 or 1  whether my shield is whole
    phase   0 to 2  the opponent roams, winds up, fires

Action, MultiBinary(5), each button held (1) or not (0), for this step only:

    entry  button  effect
    0      left    one column to the left
    1      right   one column to the right
    2      fire    shoot up my column
    3      reload  one round into the magazine
    4      shield  stop a bolt

The model's action is the number of the chord, button k being bit k (`buttons.joint_index`).

Reward: 1 for hitting the opponent, -1 for being hit. An episode starts in the middle, with a full
magazine and a whole shield, the opponent roaming in any column, and takes 40 steps of 0.25 s.
"""

import gymnasium as gym

from il_envs.views import PlayKey, View, Views
from il_envs.world import Dynamics, Spaces, Truth, World, register
from il_envs.worlds.duel import dynamics
from il_envs.worlds.duel.rules import BUTTONS, HORIZON, SITUATIONS
from il_envs.worlds.duel.text import text

KEYS = (
    ("left", "step left", "pad left"),
    ("right", "step right", "pad right"),
    ("space", "fire", "a"),
    ("down", "reload", "x"),
    ("up", "shield", "b"),
)
"""For each button the keyboard key, what it does, and the gamepad's control."""

duel = register(
    World(
        name="Duel",
        documentation=__doc__,
        dynamics=Dynamics(
            state=dynamics.STATE,
            params=dynamics.params,
            reset=dynamics.reset,
            step=dynamics.step,
            observe=dynamics.observe,
            measure=dynamics.measure,
            measures=dynamics.MEASURES,
            control_period=0.25,
            max_episode_steps=HORIZON,
        ),
        spaces=Spaces(
            observation=gym.spaces.Discrete(SITUATIONS),
            action=gym.spaces.MultiBinary(len(BUTTONS)),
            action_names=BUTTONS,
        ),
        experts=dynamics.EXPERTS,
        views=Views(
            pictures=(View("il_envs.worlds.duel.picture.scene:paint"),),
            sounds="il_envs.worlds.duel.picture.sounds:cues",
            text=text,
            keys=tuple(
                PlayKey(key, k, 1.0, label, pad=pad) for k, (key, label, pad) in enumerate(KEYS)
            ),
            goal="hit without being hit",
        ),
        truth=Truth(model=dynamics.model, reference=dynamics.reference),
    )
)
