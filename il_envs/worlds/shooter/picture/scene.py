"""The shooter seen from above: the arena in the light of what the player sees, and the fight.

A picture is a function of the episode's history alone. Points of the plane are complex numbers in
metres, as in `camera.py`.
"""

from math import pi, sin

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import ghosts
from il_envs.drawing.canvas import Canvas, Ghost, Layer, lay
from il_envs.drawing.history import latest, now
from il_envs.drawing.neon import colours
from il_envs.drawing.neon.colours import FOE, ME, faded
from il_envs.drawing.neon.effects import paint_vignette
from il_envs.drawing.neon.light import add_glow, arc, line, shine, streak
from il_envs.drawing.shapes import corners
from il_envs.views import States
from il_envs.worlds.shooter.arena import HEALTH, PICKUPS, SIZE, middle
from il_envs.worlds.shooter.enemies import ALERT, MUZZLE
from il_envs.worlds.shooter.pad import CROUCH
from il_envs.worlds.shooter.picture import effects, events, figures, hud, region
from il_envs.worlds.shooter.picture.camera import SCALE, Camera, follow, jumps
from il_envs.worlds.shooter.picture.effects import Frame
from il_envs.worlds.shooter.picture.ground import APRON, CELL_PIXELS, WALL_HEIGHT, Ground, ground_of
from il_envs.worlds.shooter.player import (
    CROUCH_RADIUS,
    PICKUP_WAIT,
    RELOAD_STEPS,
    USE_STEPS,
    eye,
    pickup_in_reach,
    weapon_in_hand,
)
from il_envs.worlds.shooter.records import ENEMY_HEALTH

NORTH_WEST = 1j * SIZE  # m, the corner of the arena that is top left
HEALTH_RING, RELOAD_RING, SHIELD_RING = 0.80, 0.72, 0.66  # m, radius around a body
WAIT_RING, USE_RING = 0.60, 0.72  # m, radius around a pickup
AIM_LINE = 9.0  # m, at most
TURN = 2.0 * pi


def paint(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the picture of the last state of the canvas's history."""
    arena = params[state["arena"]]
    ground = ground_of(arena.tobytes())
    history, share = latest(canvas, jumps)
    camera = follow(history, share)
    frame = Frame(canvas.surface, Layer(canvas.surface.get_size()), camera, history, share)
    look = complex(*eye(state, arena))
    heading = complex(state["heading_cos"], state["heading_sin"])
    seen = region.seen_enemies(state, arena)
    mask = region.light_mask(camera, arena["wall"], look, heading, ground.corners)

    _paint_floor(canvas.surface, ground, camera, mask)
    effects.paint_embers(frame)
    _paint_pickups(frame, arena)
    effects.paint_trail(frame)
    _paint_enemies(frame, seen)
    names = _paint_ghosts(canvas, arena, camera)
    if state["health"] > 0.0:
        _paint_player(frame, arena, look, heading)
    _paint_tops(canvas.surface, ground, camera, mask)
    effects.paint_shots(frame)
    effects.paint_bullets(frame)
    effects.paint_ends(frame, arena["wall"])
    effects.paint_deaths(frame)
    effects.paint_arrivals(frame)
    if state["health"] > 0.0:
        effects.paint_muzzle(frame, look, heading)
    else:
        effects.paint_blast(frame, look, effects.BLAST_RADIUS, effects.BLAST_STEPS // 4, ME)
    shine(frame.lines, canvas.surface)
    for ghost, place in names:
        ghosts.write_name(canvas.surface, ghost, place)
    paint_vignette(canvas.surface, effects.hurt(history, share))
    hud.paint(state, params, canvas, seen)


def _paint_floor(
    surface: pygame.Surface, ground: Ground, camera: Camera, mask: pygame.Surface
) -> None:
    """The floor and the sides of the walls, lit where the player sees them."""
    surface.fill(colours.VOID)
    light = pygame.Surface(surface.get_size(), depth=32)
    corner = camera.pixels(NORTH_WEST) - APRON * CELL_PIXELS * (1 + 1j)
    place = (round(corner.real), round(corner.imag))
    surface.blit(ground.floor, place)
    light.blit(ground.light, place)
    inward = (camera.target - ground.sides[:, 0]) * np.conjugate(ground.outward)
    sides = ground.sides[inward.real > 0.0]
    quads = np.concatenate([camera.pixels(sides), camera.pixels(sides[:, ::-1], WALL_HEIGHT)], 1)
    width, height = surface.get_size()
    seen = (quads.real.max(axis=1) > -2.0) & (quads.real.min(axis=1) < width + 2.0)
    seen &= (quads.imag.max(axis=1) > -2.0) & (quads.imag.min(axis=1) < height + 2.0)
    for quad in quads[seen]:
        outline = corners(quad)
        pygame.draw.polygon(surface, colours.SIDE, outline)
        pygame.draw.polygon(light, colours.SIDE_LIGHT, outline)
    _add_light(surface, light, mask)


def _paint_tops(
    surface: pygame.Surface, ground: Ground, camera: Camera, mask: pygame.Surface
) -> None:
    """The tops of the walls, their rims lit where the player sees the walls."""
    corner = camera.pixels(NORTH_WEST, WALL_HEIGHT)
    place = (round(corner.real), round(corner.imag))
    lay(ground.tops, surface, place)
    light = pygame.Surface(surface.get_size(), depth=32)
    light.blit(ground.rims, place)
    _add_light(surface, light, mask)


def _add_light(surface: pygame.Surface, light: pygame.Surface, mask: pygame.Surface) -> None:
    light.blit(mask, (0, 0), special_flags=pygame.BLEND_RGB_MULT)
    surface.blit(light, (0, 0), special_flags=pygame.BLEND_RGB_ADD)


def _lay_figure(surface: pygame.Surface, sheet: pygame.Surface, middle: complex) -> None:
    half = sheet.get_width() / 2
    lay(sheet, surface, (round(middle.real - half), round(middle.imag - half)))


def _paint_pickups(frame: Frame, arena: np.void) -> None:
    """Pickups, and rings that fill while they come back or are being taken."""
    state, in_reach = frame.history[-1], pickup_in_reach(frame.history[-1], arena)
    for k in range(PICKUPS):
        colour = colours.HEALTH if k % 2 == HEALTH else colours.ROUNDS
        at = frame.camera.pixels(complex(*middle(arena["pickup"][k])))
        wait = int(state["pickup_wait"][k])
        if wait == 0:
            pulse = 0.5 + 0.2 * sin(0.2 * now(frame.history, frame.share) + k)
            add_glow(frame.surface, at, 1.3 * SCALE, colour, pulse)
        _lay_figure(frame.surface, figures.pickup(k % 2, wait == 0), at)
        if wait > 0:
            share = 1.0 - wait / PICKUP_WAIT
            arc(frame.lines, at, WAIT_RING * SCALE, 2.0, faded(colour, 0.18))
            arc(frame.lines, at, WAIT_RING * SCALE, 2.0, faded(colour, 0.5), 0.0, TURN * share)
        elif k == in_reach:
            share = state["using"] / USE_STEPS
            arc(frame.lines, at, USE_RING * SCALE, 4.0, faded(colour, 0.25))
            arc(frame.lines, at, USE_RING * SCALE, 4.0, colour, 0.0, TURN * share)


def _paint_enemies(frame: Frame, seen: NDArray[np.bool_]) -> None:
    """Enemies: those in sight with their health and aim, the others as outlines in the dark."""
    state, lines = frame.history[-1], frame.lines
    player = complex(state["x"], state["y"])
    hits = events.hits(frame.history[-3:])
    flashes = {hit.number: 2 - hit.age for hit in hits}
    rounds = frame.history["enemies"]["rounds"]
    has_fired = rounds[-1] < rounds[-2:][0]
    for number in np.flatnonzero(state["enemies"]["health"] > 0.0).tolist():
        enemy = state["enemies"][number]
        place, velocity = complex(events.places(enemy)), complex(events.velocities(enemy))
        aim = player - place if enemy["alert"] > 0 or velocity == 0.0 else velocity
        turn, at = figures.turn_of(aim), frame.camera.pixels(place)
        if not seen[number]:
            _lay_figure(frame.surface, figures.unseen_enemy(turn), at)
            continue
        flash = flashes.get(number, 0)
        add_glow(frame.surface, at, 1.5 * SCALE, FOE, 0.45 + 0.15 * flash)
        _lay_figure(frame.surface, figures.enemy(turn, flash, bool(enemy["rounds"] == 0)), at)
        share = enemy["health"] / ENEMY_HEALTH
        arc(lines, at, HEALTH_RING * SCALE, 2.4, faded(FOE, 0.2))
        arc(lines, at, HEALTH_RING * SCALE, 2.4, faded(FOE, 0.85), 0.0, TURN * share)
        ray = SCALE * np.conjugate(aim / abs(aim))
        if has_fired[number]:
            add_glow(frame.surface, at + MUZZLE * ray, 26.0, colours.BULLET, 0.9)
        if enemy["alert"] > 0 and enemy["rounds"] > 0:
            ready = min(int(enemy["alert"]) / ALERT, 1.0)
            tip = frame.camera.pixels(player) - 0.5 * ray
            line(lines, at + 0.9 * ray, tip, 1.2, faded(FOE, 0.12 + 0.3 * ready))


def _paint_ghosts(canvas: Canvas, arena: np.void, camera: Camera) -> list[tuple[Ghost, complex]]:
    """Paint the ghosts in this arena; returns them with the places of their names."""
    names = []
    for ghost, recent, _ in ghosts.present(canvas, steps=2):
        state = recent[-1]
        if state["arena"] == canvas.history["arena"][-1]:
            at = camera.pixels(complex(*eye(state, arena)))
            turn = figures.turn_of(complex(state["heading_cos"], state["heading_sin"]))
            sheet = figures.player(turn, weapon_in_hand(state), bool(state["held"][CROUCH]))
            corner = at - sheet.get_width() * (0.5 + 0.5j)
            ghosts.lay_ghost(sheet, canvas.surface, corner, ghost.colour)
            names.append((ghost, at - 26j))
    return names


def _paint_player(frame: Frame, arena: np.void, look: complex, heading: complex) -> None:
    """The player: its body at the place to which it leans, its feet if they are elsewhere, its aim,
    its shield and the progress of reloading."""
    state, camera, lines = frame.history[-1], frame.camera, frame.lines
    feet, at = camera.pixels(complex(state["x"], state["y"])), camera.pixels(look)
    add_glow(frame.surface, at, 1.7 * SCALE, ME, 0.75)
    if feet != at:
        line(lines, feet, at, 5.0, faded(ME, 0.35))
        arc(lines, feet, 0.2 * SCALE, 2.0, faded(ME, 0.6))
    reach = float(region.reaches(arena["wall"], look, np.array([heading]), AIM_LINE)[0])
    streak(lines, camera.pixels(look + reach * heading), at, 2.5, faded(ME, 0.35))
    is_crouching = bool(state["held"][CROUCH])
    sheet = figures.player(figures.turn_of(heading), weapon_in_hand(state), is_crouching)
    _lay_figure(frame.surface, sheet, at)
    if is_crouching:
        arc(lines, at, CROUCH_RADIUS * SCALE, 1.4, faded(ME, 0.6))
    if state["shielded"]:
        strength = 1.0 if state["damage_taken"] > 0.0 else 0.75
        left = -float(np.angle(heading))  # bearing of the player's left side
        ring = SHIELD_RING * SCALE
        arc(lines, at, ring, 6.0, faded(colours.SHIELD, 0.5 * strength), left, pi)
        arc(lines, at, ring + 1.5, 2.5, faded(colours.SHIELD, strength), left, pi)
        front = at + 0.4 * SCALE * heading.conjugate()
        add_glow(frame.surface, front, 1.3 * SCALE, colours.SHIELD, 0.6 * strength)
    if state["reloading"]:
        share = state["reloading"] / RELOAD_STEPS
        arc(lines, at, RELOAD_RING * SCALE, 3.0, faded(colours.ROUNDS, 0.2))
        arc(lines, at, RELOAD_RING * SCALE, 3.0, colours.ROUNDS, 0.0, TURN * share)
