"""Shooter: hold any set of buttons at once, in a fight against waves of enemies.

What it tests: concurrent actions. A good player runs, turns, aims, fires and dodges in the same
twentieth of a second. Buttons act while they are held and only then, so a policy that presses one
at a time has to divide its time among them (Harmer et al. 2018, "Imitation Learning with Concurrent
Actions in 3D Games", whose game is not public).

The arena is 24 x 24 m with walls on a grid of 1.5 m; 24 arenas to train in, 12 held out. Waves of
3, 4, 5 and then 6 enemies hunt the player along shortest paths, circle it and shoot, and take cover
to reload; there are 8 waves. Health and ammunition pickups return 15 s after they are taken.

Observation of Shooter, Box(189), and of Shooter20, Box(197), float32, from -1 to 1, in the frame of
the body. A distance d is given as nearness, 2 m / (2 m + d), which is 0 where there is nothing. The
36 rays are 10 degrees apart, anticlockwise from straight ahead; a ray detects the wall along its
middle, and everything nearer than that wall that reaches to within 5 degrees of the ray:

| entry | meaning | unit |
|---|---|---|
| 4 k ... 4 k + 3 | ray k: nearness of a wall, an enemy, a bullet and a pickup | |
| 144 | health | 100 |
| 145, 146 | rounds in the magazine and in reserve | 40, 160 |
| 147 | share of the reload that is done | |
| 148, 149 | energy of the shield and to dash | |
| 150 | share of the time that a pickup takes to use | |
| 151, 152 | own velocity ahead and to the left | 12.5 m/s |
| 153 | time until the weapon can fire again | 1.5 s |
| 154 | enemies left in the wave | 6 |
| 155 | wave | 8 |
| 156 | time left | 60 s |
| 157 | whether a pickup is in reach | |
| 158, 159, 160 | way to the nearest enemy: its direction, ahead and left, and nearness | |
| 161 ... 164 | nearest enemy in sight: whether there is one, its direction, and nearness | |
| 165, 166, 167 | its velocity ahead and to the left, and its health | 12.5 m/s, 60 |
| 168 | the bullet that will be near first: how soon, from 1 for now to 0 | 1.5 s |
| 169, 170 | where it will pass, ahead and to the left | 1.5 m |
| 171, 172, 173 | way to the nearest health: its direction and nearness | |
| 174, 175, 176 | way to the nearest ammunition, likewise | |
| 177 ... | the buttons held in the last step | 0, 1 |

Action, MultiBinary(12) in Shooter and ShooterPixels, all of these in Shooter20, MultiBinary(20):

| entry | button | what it does while it is held |
|---|---|---|
| 0, 1, 2, 3 | forward, back, strafe left, strafe right | run at 4 m/s |
| 4, 5 | turn left, turn right | turn at 150 degrees/s, which is 7.5 degrees a step |
| 6 | fire | a round each step: 6 of an enemy's 60 health, 30 m/s |
| 7 | reload | refill the magazine, in 1 s altogether; the gun is silent |
| 8 | sprint | forward at 6 m/s, but shots go astray |
| 9 | dash | 12 m/s, for 0.2 s; its energy takes 4 s to return |
| 10 | shield | stops 90% of the damage from the front, at half speed, for 1.25 s |
| 11 | use | take the pickup within 1 m, in 0.4 s |
| 12, 13 | lean left, lean right | eye and gun move 0.5 m to the side |
| 14 | crouch | half speed, but a target of 0.25 m instead of 0.4 m |
| 15 | alternate fire | with fire: a second barrel, 0.3 m to the left, fires too |
| 16 | weapon 1 | the gun above, which is in hand when no weapon's button is held |
| 17 | weapon 2 | a shotgun: 5 pellets of 14, 4 rounds, twice a second |
| 18 | weapon 3 | a rifle: 60 at 60 m/s, 4 rounds, every 0.8 s |
| 19 | weapon 4 | a launcher: 60 within 2.5 m in open sight, 16 m/s, 8 rounds, every 1.5 s |

An enemy's bullet flies at 11 m/s and takes 20 of 100 health. At most 16 bullets of either side are
in the air; a round fired beyond them is lost without a bullet.

Reward: damage done, divided by an enemy's 60 health, so that the return of an episode is the number
of enemies destroyed, fractions included. Terminates when health is 0 or the last wave is cleared;
truncates after 1200 steps (60 s). A step is 0.05 s, in which physics takes three.

`info`: `kills`, `wave` (waves cleared), `health`, `accuracy` (hits on enemies per round; in
Shooter20 a shot can use several rounds and hit several times), `is_success` (1 when the last wave
is cleared and the player is alive).

ShooterPixels is Shooter seen through the player's eyes: its observation is a picture, Box(120, 160,
3), uint8, with bars for health, shield and dash on the left and rounds, reserve and reload on the
right. It does not show what is behind the player, so the expert is not a function of it.

Experts: `scripted` (a function of Shooter's observation alone), `noisy` (each button is wrong in 4%
of the steps), `lagged` (reacts 0.2 s late, except in its turns).
"""

from dataclasses import replace

import gymnasium as gym
import numpy as np

from il_envs.engine.banks import redraw_with
from il_envs.views import View, Views
from il_envs.world import Dynamics, Spaces, World, register
from il_envs.worlds.shooter import dynamics, first_person, view
from il_envs.worlds.shooter.arena import bank
from il_envs.worlds.shooter.expert import EXPERTS
from il_envs.worlds.shooter.pad import FULL_PAD, SMALL_PAD, button_names, play_keys
from il_envs.worlds.shooter.records import CONTROL_PERIOD, MAX_EPISODE_STEPS, STATE

PICTURE_SIZE = (120, 160, 3)  # pixels down, pixels across, colours
PICTURES = "il_envs.worlds.shooter.picture"
BETWEEN = f"{PICTURES}.motion:between"
FROM_ABOVE = View(f"{PICTURES}.scene:paint", f"{PICTURES}.pointer:aim_from_above", BETWEEN)
FIRST_PERSON = View(
    f"{PICTURES}.first_person_scene:paint", f"{PICTURES}.pointer:aim_first_person", BETWEEN
)


def _world(name: str, pad: int) -> World:
    return World(
        name=name,
        documentation=__doc__,
        dynamics=Dynamics(
            state=STATE,
            params=bank,
            reset=dynamics.reset,
            step=dynamics.step,
            observe=view.observe,
            measure=dynamics.measure,
            measures=dynamics.MEASURES,
            control_period=CONTROL_PERIOD,
            max_episode_steps=MAX_EPISODE_STEPS,
        ),
        spaces=Spaces(
            observation=gym.spaces.Box(-1.0, 1.0, (view.HELD + pad,)),
            action=gym.spaces.MultiBinary(pad),
            action_names=button_names(pad),
        ),
        experts=EXPERTS,
        views=Views(
            pictures=(FROM_ABOVE, FIRST_PERSON),
            sounds=f"{PICTURES}.sounds:cues",
            keys=play_keys(pad),
            goal="clear the waves, stay alive",
        ),
        redraw=redraw_with(bank),
    )


shooter = register(_world("Shooter", SMALL_PAD))
shooter20 = register(_world("Shooter20", FULL_PAD))
shooter_pixels = register(
    replace(
        shooter,
        name="ShooterPixels",
        dynamics=replace(shooter.dynamics, observe=first_person.paint),
        spaces=replace(shooter.spaces, observation=gym.spaces.Box(0, 255, PICTURE_SIZE, np.uint8)),
        views=replace(shooter.views, pictures=(FIRST_PERSON, FROM_ABOVE)),
    )
)
