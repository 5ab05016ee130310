"""Brief effects in the picture from above: shots, sparks, explosions, trails, rings."""

from dataclasses import dataclass
from math import exp, sin

import numpy as np
import pygame

from il_envs.drawing.canvas import Colour, Layer
from il_envs.drawing.history import now, scattered, steps_ago
from il_envs.drawing.neon import colours
from il_envs.drawing.neon.colours import FOE, SPARK, faded
from il_envs.drawing.neon.effects import paint_flash
from il_envs.drawing.neon.light import add_glow, arc, line, streak
from il_envs.drawing.shapes import disc
from il_envs.views import States
from il_envs.worlds.shooter.picture import events
from il_envs.worlds.shooter.picture.camera import SCALE, Camera, Points, positions
from il_envs.worlds.shooter.picture.events import places, velocities
from il_envs.worlds.shooter.records import CONTROL_PERIOD

BARREL = 0.52  # m, from the eye to where the gun flashes
TRAIL_STEPS = 10  # that the trail of a dash lives
SPARK_STEPS, SPARKS = 6, 5  # that sparks live, and how many there are
BLAST_STEPS, SHARDS = 16, 11  # that an explosion lives, and its pieces
BLAST_RADIUS = 1.5  # m, of the explosion of a body
ARRIVAL_STEPS = 12  # that rings around new enemies live
EMBER_STEPS = 40  # in which the embers of a fallen enemy fade
HURT_STEPS, HURT_MEMORY, HURT_DAMAGE = 30, 0.35, 45.0  # steps, s, and for the deepest red
WEAK = 35.0  # health, below which the picture stays red


@dataclass(frozen=True)
class Frame:
    """A picture that is being painted.

    Attributes:
        lines: layer of what shines; painting replaces the pixels below.
        history: the states whose events are shown, the current one last.
        share: how much of the last step has passed.
    """

    surface: pygame.Surface
    lines: Layer
    camera: Camera
    history: States
    share: float

    def ago(self, age: int) -> float:
        """How long ago something happened, in steps, that is whole steps old when the last one is
        over; negative while that is not yet."""
        return age - 1 + self.share


def paint_trail(frame: Frame) -> None:
    """A ribbon where the player dashed."""
    recent = frame.history[-TRAIL_STEPS - 1 :]
    at = frame.camera.pixels(positions(recent))
    for radius, strength in ((0.30, 0.22), (0.18, 0.42), (0.07, 1.0)):
        for k in np.flatnonzero(recent["dashing"][1:]):
            fresh = min((int(k) + 3 - frame.share) / len(recent), 1.0) ** 2
            colour = faded(colours.DASH, strength * fresh)
            disc(frame.lines, at[k], radius * SCALE, colour)
            line(frame.lines, at[k], at[k + 1], 2.0 * radius * SCALE, colour)


def paint_shots(frame: Frame) -> None:
    """Tracers of the player's bullets, as long as their path in one step."""
    shots, heads, tails = _flights(frame, own=True)
    for head, tail, blast in zip(heads, tails, shots["blast"], strict=True):
        width = 8.0 if blast > 0.0 else 4.0
        add_glow(frame.surface, head, 22.0, colours.SHOT, 0.35)
        streak(frame.lines, tail, head, width, faded(colours.SHOT, 0.7))
        disc(frame.lines, head, 0.5 * width, colours.SHOT)
        streak(frame.lines, 0.4 * tail + 0.6 * head, head, 0.5 * width, colours.WHITE)


def paint_bullets(frame: Frame) -> None:
    """The enemies' bullets, which are slow enough to be dodged."""
    _, heads, tails = _flights(frame, own=False)
    for head, tail in zip(heads, tails, strict=True):
        add_glow(frame.surface, head, 34.0, colours.BULLET, 0.35)
        streak(frame.lines, tail, head, 9.0, faded(colours.BULLET, 0.7))
        disc(frame.lines, head, 5.5, colours.BULLET)
        disc(frame.lines, head, 3.0, colours.BULLET_CORE)


def _flights(frame: Frame, own: bool) -> tuple[events.Bullets, Points, Points]:
    """The bullets in flight, and the ends of their paths in one step in the picture."""
    bullets = events.bullets_of(frame.history[-1], own)
    flown = CONTROL_PERIOD * events.ages(frame.history, own, frame.share)
    tails = places(bullets) - flown * velocities(bullets)
    return bullets, frame.camera.pixels(places(bullets)), frame.camera.pixels(tails)


def paint_muzzle(frame: Frame, look: complex, heading: complex) -> None:
    """The flash of the player's gun when rounds left it in the last step, and its afterglow."""
    fired = np.diff(frame.history["fired"][-3:]) > 0
    if not fired.any():
        return
    muzzle = frame.camera.pixels(look + BARREL * heading)
    if not fired[-1]:
        add_glow(frame.surface, muzzle, 26.0, colours.MUZZLE, 0.4)
        return
    paint_flash(
        frame.surface, frame.lines, muzzle, heading.conjugate(), int(frame.history["step"][-1])
    )


def paint_ends(frame: Frame, wall: np.ndarray) -> None:
    """Sparks where bullets ended, thrown back, and explosions of those that explode."""
    for own, colour in ((True, colours.SHOT), (False, colours.BULLET)):
        for end in events.ended(frame.history, wall, own, BLAST_STEPS, frame.share):
            ago = frame.ago(end.age)
            if end.blast > 0.0:
                paint_blast(frame, end.place, end.blast, ago, colours.MUZZLE)
            if ago <= SPARK_STEPS - 1:
                _paint_sparks(frame, end, colour)


def _paint_sparks(frame: Frame, end: events.Ended, colour: Colour) -> None:
    at, share = frame.camera.pixels(end.place), (frame.ago(end.age) + 1) / SPARK_STEPS
    add_glow(frame.surface, at, 26.0 * (1.2 - share), colour, 0.6 * (1.0 - share))
    back = -end.velocity.conjugate() / max(abs(end.velocity), 1e-9)
    number = round(97.0 * end.place.real + 31.0 * end.place.imag)
    for k in range(SPARKS):
        ray = back * np.exp(1j * (2.4 * scattered(number + k) - 1.2))
        far = at + ray * SCALE * (0.15 + 0.8 * share * (0.4 + scattered(k + 1)))
        streak(frame.lines, far - ray * 9.0 * (1.0 - share), far, 2.2, faded(SPARK, 1.0 - share))


def paint_blast(frame: Frame, place: complex, radius: float, age: float, colour: Colour) -> None:
    """An explosion: a flash, a ring that grows, and pieces that fly."""
    left = 1.0 - (age + 1) / BLAST_STEPS
    if left <= 0.0:
        return
    at, reach = frame.camera.pixels(place), SCALE * radius * (1.0 - left**3)
    add_glow(frame.surface, at, SCALE * radius * (1.6 - 0.7 * left), colour, 0.9 * left**1.5)
    add_glow(frame.surface, at, SCALE * radius * 0.7 * left, colours.WHITE, left**2)
    arc(frame.lines, at, reach, 1.0 + 5.0 * left, faded(colour, left))
    number = round(97.0 * place.real + 31.0 * place.imag)
    for k in range(SHARDS):
        turn = 2.0 * np.pi * (k + 0.7 * scattered(number + k)) / SHARDS
        ray = complex(np.exp(1j * turn))
        far = at + ray * reach * (0.55 + 0.6 * scattered(number + 50 + k))
        streak(frame.lines, far - ray * 20.0 * left, far, 3.6 * left + 0.6, faded(colour, left))


def paint_deaths(frame: Frame) -> None:
    """An explosion for each enemy destroyed recently."""
    for death in events.deaths(frame.history[-BLAST_STEPS - 1 :]):
        paint_blast(frame, death.place, BLAST_RADIUS, frame.ago(death.age), FOE)


def paint_embers(frame: Frame) -> None:
    """A dim glow that stays on the floor where an enemy fell."""
    for death in events.deaths(frame.history):
        warmth = 0.12 + 0.5 * exp(-frame.ago(death.age) / EMBER_STEPS)
        at = frame.camera.pixels(death.place)
        add_glow(frame.surface, at, 0.9 * SCALE, colours.EMBERS, warmth)


def paint_arrivals(frame: Frame) -> None:
    """Rings that close around the enemies of a new wave."""
    for arrival in events.arrivals(frame.history[-ARRIVAL_STEPS - 1 :]):
        left = 1.0 - (frame.ago(arrival.age) + 1) / ARRIVAL_STEPS
        at = frame.camera.pixels(arrival.place)
        add_glow(frame.surface, at, 60.0, FOE, 0.8 * left)
        for size in (1.8, 1.1):
            arc(frame.lines, at, SCALE * (0.5 + size * left), 2.0, faded(FOE, left))


def hurt(history: States, share: float) -> float:
    """The redness of the picture, from 0 to 1, by recent damage; it pulses while health is low."""
    damage = history["damage_taken"][-HURT_STEPS:].copy()
    damage[-1] *= share
    age = CONTROL_PERIOD * steps_ago(damage.size, share)
    pain = float(damage @ np.exp(-age / HURT_MEMORY)) / HURT_DAMAGE
    state = history[-1]
    pulse = 0.75 + 0.25 * sin(0.45 * now(history, share))
    weakness = 0.55 * max(1.0 - float(state["health"]) / WEAK, 0.0) * pulse
    return min(pain + weakness, 0.7)
