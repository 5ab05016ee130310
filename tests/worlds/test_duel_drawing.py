"""Duel's picture and the lamp panel: what is shown is what happened."""

import numpy as np
import pygame
import pytest

from il_envs import WorldEnv, get_world, run_episodes
from il_envs.drawing.canvas import Canvas
from il_envs.drawing.neon import colours as neon
from il_envs.drawing.neon import lamps
from il_envs.drawing.text import lettering
from il_envs.testing import ExploringPolicy
from il_envs.views import States
from il_envs.worlds.duel.picture import panel as duel_panel
from il_envs.worlds.duel.picture import scene as duel_scene
from il_envs.worlds.duel.rules import CHORDS, FIRES, ROAMS, SHAPE, WINDS_UP, chord_name
from il_envs.worlds.shooter.pad import ROW, button_names

DUEL = get_world("Duel")
TWELVE, TWENTY = button_names(12), button_names(20)


def states_of(*situations: tuple[int, ...], chord: int = 0) -> States:
    """A history of situations, the last of which was reached with a chord."""
    history = np.zeros(len(situations), DUEL.dynamics.state)
    history["situation"] = [np.ravel_multi_index(place, SHAPE) for place in situations]
    history["step"] = np.arange(len(situations))
    history["chord"][-1] = chord
    return history


def picture(history: States) -> np.ndarray:
    """[height, width, 3]."""
    canvas = Canvas(DUEL, DUEL.dynamics.params("training"))
    canvas.begin(history[0])
    for state in history[1:]:
        canvas.add(state)
    return canvas.pixels().astype(np.int64)


def text_width(text: str, size: int) -> int:
    """Width of a line as `text.write` writes it, in pixels."""
    return lettering(text, size, (0, 0, 0)).get_width()


def pixel(shown: np.ndarray, place: complex) -> np.ndarray:
    return shown[round(place.imag), round(place.real)]


def lane(column: float, depth: float) -> complex:
    return complex(duel_scene.at(column, depth))


def test_the_last_step_is_what_the_kernels_did():
    for seed in range(30):
        env = WorldEnv("Duel", render_mode="rgb_array")
        env.reset(seed=seed)
        assert duel_scene.last_step(env._canvas.history) is None
        (episode,) = run_episodes(DUEL, "training", ExploringPolicy, [seed])
        hits = np.zeros(2)
        for action in episode.actions:
            _, _, _, _, info = env.step(action)
            _, done = duel_scene.last_step(env._canvas.history)
            hits += done.given, done.taken
            assert (info["hits_given"], info["hits_taken"]) == tuple(hits)


def test_a_restored_state_has_no_past():
    history = states_of((3, 3, 2, 1, ROAMS), (3, 0, 1, 1, ROAMS), chord=4)
    assert duel_scene.last_step(history) is not None
    history["step"][-1] += 1
    assert duel_scene.last_step(history) is None


def test_both_gunners_are_where_they_are():
    for mine, theirs in ((0, 6), (3, 3), (5, 1)):
        shown = picture(states_of((mine, theirs, 2, 1, ROAMS)))
        for column in range(7):
            middle = pixel(shown, lane(column, 0.0) + 2.0j)
            assert (middle.min() > 150) == (column == mine)
            middle = pixel(shown, lane(column, 1.0) - 2.0j)
            assert (middle.min() > 150) == (column == theirs)


@pytest.mark.parametrize(("phase", "colour"), [(WINDS_UP, neon.WARNING), (FIRES, neon.FOE)])
def test_the_lane_of_a_coming_bolt_is_lit(phase, colour):
    dark = picture(states_of((1, 4, 2, 1, ROAMS)))
    lit = picture(states_of((1, 4, 2, 1, phase)))
    for column in range(7):
        place = lane(column + 0.35, 0.4)
        added = pixel(lit, place) - pixel(dark, place)
        if column == 4:
            assert added.argmax() == np.argmax(colour)
            assert added.max() > 8
        else:
            assert np.abs(added).max() <= 4


def test_a_shot_is_seen_in_the_columns_that_it_swept():
    left_and_fire, fire = 0b101, 0b100
    for chord, mine, swept in ((fire, 3, {3}), (left_and_fire, 2, {2, 3})):
        shown = picture(states_of((3, 6, 2, 1, ROAMS), (mine, 6, 1, 1, ROAMS), chord=chord))
        bright = {c for c in range(7) if pixel(shown, lane(c, 0.5)).min() > 150}
        assert bright == swept


def test_a_bolt_ends_at_the_shield():
    before, shield = (2, 2, 2, 1, FIRES), 0b10000
    stopped = picture(states_of(before, (2, 2, 2, 0, ROAMS), chord=shield))
    dodged = picture(states_of(before, (3, 2, 2, 1, ROAMS), chord=0b10))
    for depth, far_too in ((0.5, True), (-0.04, False)):
        assert pixel(dodged, lane(2, depth)).min() > 150
        assert (pixel(stopped, lane(2, depth)).min() > 150) == far_too


def test_the_expert_is_shown_as_it_is():
    params, policy = DUEL.dynamics.params("training"), DUEL.truth.reference().policy
    history = states_of((3, 3, 0, 0, FIRES))
    for step in (0, 17, 39, 40):
        history["step"] = step
        shown = duel_panel.expert_probability(history[0], params)
        exact = policy[min(step, 39), history["situation"][0]]
        np.testing.assert_allclose(shown, exact, atol=2.0**-19)


def test_chords_have_names():
    assert chord_name(0) == "nothing"
    assert chord_name(0b10101) == "left + fire + shield"


@pytest.mark.parametrize(
    ("names", "columns"),
    [(TWELVE[:4], 2), (DUEL.spaces.action_names, 5), (TWELVE, ROW), (TWENTY, ROW)],
    ids=["four", "five", "twelve", "twenty"],
)
class TestLamps:
    def _paint(self, names, columns, held):
        surface = pygame.Surface((400, 400), depth=32)
        surface.fill(neon.BACKDROP)
        lamps.paint(surface, (50, 50), names, columns, held)
        return pygame.surfarray.array3d(surface).astype(np.int64)

    def test_labels_fit_and_the_panel_fits_into_a_corner(self, names, columns):
        pygame.font.init()
        height = lamps.height_of(names, columns)
        assert height <= 160
        places = lamps._places(names, columns)
        for name, (corner, size) in zip(names, places, strict=True):
            assert text_width(name, lamps.FONT) + 4 <= size.real
            assert corner.real >= lamps.EDGE
            assert corner.imag >= lamps.EDGE
            assert corner.real + size.real <= lamps.WIDTH - lamps.EDGE
            assert corner.imag + size.imag <= height - lamps.EDGE
        assert len({corner for corner, _ in places}) == len(names)
        assert {corner.real for corner, _ in places[:columns]} == {c.real for c, _ in places}
        assert len({corner.imag for corner, _ in places[:columns]}) == 1

    def test_those_that_are_held_shine(self, names, columns):
        pygame.font.init()
        held = np.arange(len(names)) % 3 == 0
        shown = self._paint(names, columns, held)
        for is_held, (corner, size) in zip(held, lamps._places(names, columns), strict=True):
            left, top = round(50 + corner.real + size.real / 2), round(50 + corner.imag) + 3
            assert (shown[left, top].max() > 200) == is_held
            assert (shown[left, top].max() < 120) != is_held

    def test_no_lamp_shines_where_none_is_held(self, names, columns):
        pygame.font.init()
        shown = self._paint(names, columns, np.zeros(len(names), bool))
        lit = self._paint(names, columns, np.ones(len(names), bool))
        assert shown.max() < 160
        assert (lit - shown).sum() > 1e5


def test_every_chord_is_painted():
    pictures = {
        picture(states_of((3, 3, 1, 1, FIRES), (3, 3, 1, 1, ROAMS), chord=chord)).tobytes()
        for chord in range(len(CHORDS))
    }
    assert len(pictures) == 32
