"""The pictures of Gauntlet and Pillar: functions of the history, that show what is going on."""

import numpy as np
import pygame
import pytest

from il_envs import ExpertPolicy, WorldEnv, run_episodes
from il_envs.drawing.canvas import SIZE, Canvas
from il_envs.drawing.neon import instruments, lamps
from il_envs.drawing.panels import MARGIN
from il_envs.play.hands import Hands
from il_envs.views import States
from il_envs.worlds.gauntlet.dynamics import BACK, FIRE, FORWARD
from il_envs.worlds.gauntlet.picture import corridor as gauntlet_corridor
from il_envs.worlds.gauntlet.picture import panel as gauntlet_panel
from il_envs.worlds.gauntlet.picture import scene as gauntlet_scene
from il_envs.worlds.pillar.dynamics import LEAN_LEFT, LEAN_RIGHT, STRAFE_LEFT, STRAFE_RIGHT
from il_envs.worlds.pillar.picture import panel as pillar_panel
from il_envs.worlds.pillar.picture import scene as pillar_scene
from tests.play.player import begun, down
from tests.worlds.lane_histories import (
    WORLDS,
    Chords,
    around,
    body,
    camera_at,
    changed,
    played,
    seen,
    still,
)
from tests.worlds.shooter.shooter_histories import Picture

LEFT, RIGHT = (STRAFE_LEFT, LEAN_LEFT), (STRAFE_RIGHT, LEAN_RIGHT)
BEGINNINGS: dict[str, Chords] = {
    "Gauntlet": 20 * ((FORWARD, FIRE),),
    "Pillar": (LEFT, LEFT, *12 * ((),), RIGHT),
}


@pytest.mark.parametrize("name", WORLDS)
class TestBoth:
    def test_nothing_is_drawn_of_before_a_restored_state(self, name: str) -> None:
        history = played(name, *BEGINNINGS[name])
        after = history[-2:]
        assert not np.array_equal(seen(name, history), seen(name, after))
        later = history.copy()
        later["step"][-2:] += 7
        assert np.array_equal(seen(name, later), seen(name, later[-2:]))
        for jump in (3, -3):
            elsewhere = history.copy()
            elsewhere[{"Gauntlet": "x", "Pillar": "pillars"}[name]][:-2] += jump
            assert np.array_equal(seen(name, elsewhere), seen(name, after))

    def test_lamps_shine_while_their_buttons_are_held(self, name: str) -> None:
        names, history = WORLDS[name].spaces.action_names, still(name)
        columns = {"Gauntlet": 3, "Pillar": 2}[name]
        top = SIZE[1] - MARGIN - lamps.height_of(names, columns)
        for button in range(len(names)):
            held = history.copy()
            held["held"][-1, button] = 1
            shown = seen(name, held)
            for k, (corner, size) in enumerate(lamps._places(names, columns)):
                place = MARGIN + 1j * top + corner + size.real / 2 + 3j
                assert (around(shown, place, 1).max() > 200) == (k == button)

    def test_it_is_played_to_its_end_in_a_window(self, name: str, window: pygame.Surface) -> None:
        game, hands = begun(WORLDS[name], seed=3), Hands(WORLDS[name], {})
        for key in {"Gauntlet": ["w", "space"], "Pillar": ["a", "q"]}[name]:
            hands.handle(down(key))
        while game.phase != "over":
            game.advance(WORLDS[name].dynamics.control_period, hands)
            if game.step % 20 == 0:
                game.draw()
        game.draw()
        game.finish()
        assert game.step == WORLDS[name].dynamics.max_episode_steps
        assert game.results[0].ratio == pytest.approx(1.0)


def panels(name: str, history: States) -> Picture:
    """The instruments on black, [width, height, 3]."""
    world = WORLDS[name]
    canvas = Canvas(world, world.dynamics.params("training"))
    if name == "Gauntlet":
        gauntlet_panel.paint(canvas, history)
    else:
        pillar_panel.paint(canvas, history[-1], pillar_scene.sides(history))
    return pygame.surfarray.array3d(canvas.surface)


def banner(name: str, history: States) -> Picture:
    top = instruments.BANNER_TOP
    return panels(name, history)[250:710, top - 30 : top + 30]


@pytest.mark.parametrize(
    ("name", "changes"),
    [("Gauntlet", [{"gates": 2}, {"wall": -5.6}]), ("Pillar", [{"pillars": 4}])],
)
def test_each_number_is_shown(name: str, changes: list[dict[str, float]]) -> None:
    history = still(name)
    others = [history[:-4], *(changed(history, 0, **fields) for fields in changes)]
    corner = (slice(MARGIN, 304), slice(MARGIN, MARGIN + instruments.HEIGHT))
    shown = {panels(name, each)[corner].tobytes() for each in (history, *others)}
    assert len(shown) == 1 + len(others)


def test_ends_are_written_over_the_pictures() -> None:
    last = {name: WORLDS[name].dynamics.max_episode_steps for name in WORLDS}
    ends = [
        banner("Gauntlet", still("Gauntlet", wall=0.0)),
        banner("Gauntlet", changed(still("Gauntlet"), -1, step=last["Gauntlet"])),
        banner("Pillar", still("Pillar", fallen=1)),
        banner("Pillar", still("Pillar", fallen=1, ahead=0)),
        banner("Pillar", changed(still("Pillar"), -1, step=last["Pillar"])),
    ]
    assert all(end.any() for end in ends)
    assert len({end.tobytes() for end in ends}) == len(ends)
    for name in WORLDS:
        assert not banner(name, still(name)).any()


class TestGauntlet:
    def test_the_wall_is_where_it_is(self) -> None:
        for lead in (1.5, 3.0, 6.0):
            history = still("Gauntlet", wall=-lead)
            shown, view = seen("Gauntlet", history), camera_at(history)
            front, before = view.at(-lead + np.array([0.0, 2.4]), 3.9, gauntlet_corridor.NEAR)
            assert around(shown, front).min() > 150
            assert around(shown, before).mean() < 90

    def test_a_wall_far_away_is_but_a_number(self) -> None:
        near, far, farther = (
            seen("Gauntlet", still("Gauntlet", wall=-lead)) for lead in (12.0, 25.0, 30.0)
        )
        scene = slice(80, 430)
        assert np.array_equal(far[scene], farther[scene])
        assert not np.array_equal(far[430:], farther[430:])
        assert near[scene, :60, 0].mean() > far[scene, :60, 0].mean() + 20

    def test_the_edges_redden_as_it_comes(self) -> None:
        def red(lead: float) -> float:
            edge = seen("Gauntlet", still("Gauntlet", wall=-lead))[440:480, -12:]
            return float((edge[:, :, 0] - edge[:, :, 1]).mean())

        assert red(0.3) > red(1.2) + 15.0
        assert red(1.2) > red(3.0) + 15.0
        assert abs(red(3.0) - red(4.0)) < 1.0

    @pytest.mark.parametrize("hits", [1, 5, 11, 16])
    def test_a_gate_has_a_beam_for_each_hit_that_it_takes(self, hits: int) -> None:
        history = still("Gauntlet", hits=hits)
        shown, view = seen("Gauntlet", history), camera_at(history)
        x = gauntlet_scene.gate_place(1) + gauntlet_scene.BEYOND
        ups, away = gauntlet_scene.BEAMS, 8.0
        beams = view.at(x, ups, away)
        red = np.array([around(shown, complex(beam), 1)[:, :, 0].max() for beam in beams])
        lit = red > 200
        assert lit.sum() == hits
        heights = np.abs(ups - gauntlet_scene.BARREL)
        assert heights[lit].max() < heights[~lit].min(initial=np.inf)

    def test_a_gate_that_opens_bursts_and_stays_open(self) -> None:
        history = still("Gauntlet", steps=60)
        burst = gauntlet_scene.BURST_STEPS
        middle = complex(
            camera_at(history).at(
                gauntlet_scene.gate_place(1) + gauntlet_scene.BEYOND,
                gauntlet_scene.BARREL,
                gauntlet_corridor.MIDDLE,
            )
        )

        def green(steps_ago: int) -> float:
            part = around(seen("Gauntlet", changed(history, -1 - steps_ago, gates=1)), middle, 40)
            return float(part[:, :, 1].mean())

        assert green(0) > green(burst // 2) + 15.0
        assert green(burst // 2) > green(burst) + 2.0
        assert green(burst) == green(40)
        opened, closed = (seen("Gauntlet", h) for h in (changed(history, -41, gates=1), history))
        post = camera_at(history).at(
            gauntlet_scene.gate_place(1) + gauntlet_scene.BEYOND, 1.0, gauntlet_corridor.NEAR
        )
        assert around(opened, complex(post))[:, :, 1].max() > 140
        assert around(closed, complex(post))[:, :, 1].max() < 120

    def test_a_shot_goes_to_the_gate_that_it_hits(self) -> None:
        history = still("Gauntlet", hits=9, x=1.0, wall=-4.0)
        fired = history.copy()
        fired["held"][-1, FIRE] = 1
        hit = fired.copy()
        hit["hits"][:-1] = 10
        view, barrel = camera_at(history), gauntlet_scene.BARREL
        middle = gauntlet_corridor.MIDDLE
        gate = gauntlet_scene.gate_place(1) + gauntlet_scene.BEYOND
        way, end = (complex(view.at(x, barrel, middle)) for x in (gate - 3.0, gate))
        quiet, missed, struck = (seen("Gauntlet", h) for h in (history, fired, hit))
        assert around(struck, end).min() > 230
        assert around(struck, way, 8).max() > around(quiet, way, 8).max() + 100
        assert around(missed, end).min() < 150
        muzzle = complex(view.at(1.7, barrel, middle))
        assert around(missed, muzzle, 20).mean() > around(quiet, muzzle, 20).mean() + 30

    def test_shares_are_those_of_the_steps_in_which_a_button_was_held(self) -> None:
        chords: Chords = ((FORWARD,), (FORWARD, FIRE), (), (FORWARD, BACK))
        held = gauntlet_panel.shares(played("Gauntlet", *chords))
        assert held.tolist() == [0.75, 0.25, 0.25]
        assert gauntlet_panel.shares(played("Gauntlet")).tolist() == [0.0, 0.0, 0.0]
        assert pytest.approx({FORWARD: 0.75, FIRE: 0.4}) == gauntlet_panel.NEEDED

    def test_shares_are_shown_as_bars_and_end_to_end(self) -> None:
        left = SIZE[0] - MARGIN - gauntlet_panel.SHARES[0] + gauntlet_panel.LEFT
        top = SIZE[1] - MARGIN - gauntlet_panel.SHARES[1] + gauntlet_panel.TOP

        def bars(*chords: tuple[int, ...]) -> list[int]:
            shown = seen("Gauntlet", played("Gauntlet", *chords))
            whole, lit = gauntlet_panel.WHOLE, shown[top + 2 :, left:].max(axis=2) > 180
            rows = (lit[gauntlet_panel.ROW * k] for k in range(3))
            return [
                int(row[:end].sum())
                for row, end in zip(rows, (whole, whole, 2 * whole), strict=True)
            ]

        half = gauntlet_panel.WHOLE // 2
        mark = 2  # pixels, where no bar is
        alone = bars((FORWARD,), (FIRE,))
        assert alone == pytest.approx([half + mark, half, 2 * half + 1.5 * mark], abs=1)
        assert bars((FORWARD, FIRE)) == pytest.approx([2 * half, 2 * half, 4 * half], abs=1)


class TestPillar:
    def test_lateral_places_are_the_steps_aside_that_were_taken(self) -> None:
        for episode in run_episodes(WORLDS["Pillar"], "training", ExpertPolicy, range(5)):
            env = WorldEnv("Pillar")
            env.reset(seed=int(episode.seed))
            states = [env.state]
            for action in episode.actions:
                env.step(action)
                states.append(env.state)
            history = np.stack(states)
            steps = episode.actions[:, STRAFE_LEFT] * 0.5 - episode.actions[:, STRAFE_RIGHT] * 0.5
            np.testing.assert_array_equal(pillar_scene.lateral(history)[1:], np.cumsum(steps))
            taken = steps[steps != 0.0][1::2]  # the second of two to the same side
            assert pillar_scene.sides(history).tolist() == (2.0 * taken).tolist()[:20]

    @pytest.mark.parametrize("offset", [0.0, 0.5])
    def test_the_pillar_is_where_it_is(self, offset: float) -> None:
        for ahead in (12, 8, 4, 2):
            shown = seen("Pillar", still("Pillar", ahead=ahead, offset=offset))
            half, tall = pillar_scene.HALF, pillar_scene.TALL
            top = pillar_scene.Camera(0.0).at(
                np.array([half, -half]) - offset, tall, pillar_scene.PACE * ahead
            )
            for corner in top:
                red, green, _ = around(shown, complex(corner), 1).max(axis=(0, 1))
                assert red > 200 > green + 30
                outside = corner + 8.0 * (1.0 if corner == top[1] else -1.0)
                assert around(shown, complex(outside), 1)[:, :, 0].max() < 140

    @pytest.mark.parametrize(("chord", "side"), [(LEFT, 1), (RIGHT, -1)])
    def test_the_runner_steps_to_a_side_and_leans(
        self, monkeypatch: pytest.MonkeyPatch, chord: tuple[int, ...], side: int
    ) -> None:
        stands = body(played("Pillar", ()), monkeypatch)
        steps = body(played("Pillar", (), chord), monkeypatch)
        head, feet = (
            [float(np.nonzero(mask[rows])[1].mean()) for mask in (stands, steps)]
            for rows in (slice(325, 365), slice(450, 515))
        )
        assert side * (feet[0] - feet[1]) > 15.0
        assert side * (head[0] - head[1]) > side * (feet[0] - feet[1]) + 15.0
        upright_again = played("Pillar", (), chord, (), (), ())
        assert abs(pillar_scene.pose_of(upright_again).lean) < 0.05

    @pytest.mark.parametrize("side", [1, -1])
    def test_the_way_that_was_chosen_shines(self, side: int) -> None:
        def shine(offset: float, way: int) -> float:
            history = still("Pillar", ahead=8, offset=offset)
            view = pillar_scene.Camera(0.0)
            places = view.at(way - offset, 0.0, np.linspace(1.0, 4.0, 12))
            shown = seen("Pillar", history)
            return float(np.mean([around(shown, complex(place), 6).max() for place in places]))

        assert shine(0.5 * side, side) > shine(0.0, side) + 10.0
        assert shine(0.5 * side, -side) < shine(0.0, -side) - 20.0

    def test_a_pillar_that_was_passed_sinks_and_the_next_one_rises(self) -> None:
        history = played("Pillar", LEFT, LEFT, *10 * ((),), seed=1)
        passed = int(np.flatnonzero(np.diff(history["pillars"]))[0]) + 1

        def tall(steps: int, colour: int, columns: slice, rows: slice) -> int:
            shown = seen("Pillar", history[: passed + 1 + steps])[rows, columns]
            return int((shown[:, :, colour] > 200).any(axis=1).sum())

        behind = [tall(k, 1, slice(540, 720), slice(220, 505)) for k in range(4)]
        assert behind[0] > behind[1] > behind[2] > behind[3]
        ahead = [tall(k, 0, slice(468, 500), slice(230, 318)) for k in range(3)]
        assert ahead[0] < ahead[1] < ahead[2]

    @pytest.mark.parametrize(("offset", "side"), [(0.5, 1), (-0.5, -1)])
    def test_the_fallen_lie_on_the_side_they_were_on(
        self, monkeypatch: pytest.MonkeyPatch, offset: float, side: int
    ) -> None:
        upright, fallen = still("Pillar", offset=offset), still("Pillar", fallen=1, offset=offset)
        extent = []
        for mask in (body(upright, monkeypatch), body(fallen, monkeypatch)):
            rows, columns = np.nonzero(mask)
            extent.append((float(np.ptp(rows)), float(np.ptp(columns)), float(columns.mean())))
        assert extent[0][0] > 1.5 * extent[0][1]
        assert extent[1][1] > 1.2 * extent[1][0]
        assert side * (extent[0][2] - extent[1][2]) > 20.0

    def test_the_edges_redden_at_a_fall(self) -> None:
        fallen, upright = (seen("Pillar", still("Pillar", fallen=k))[:, :15, 0] for k in (1, 0))
        assert (fallen > upright + 30).mean() > 0.5

    def test_the_tally_has_a_mark_for_each_pillar_on_its_side(self) -> None:
        width, height = pillar_panel.TALLY

        def marks(*sides: int, passed: int) -> list[str]:
            canvas = Canvas(WORLDS["Pillar"], WORLDS["Pillar"].dynamics.params("training"))
            state = still("Pillar", pillars=passed)[-1]
            pillar_panel.paint(canvas, state, np.array(sides, np.int64))
            shown = pygame.surfarray.array3d(canvas.surface).astype(int)
            corner = complex(SIZE[0] - MARGIN - width, SIZE[1] - MARGIN - height)
            kinds = []
            for k in range(passed + 1):
                middle = corner + pillar_panel.EDGE + pillar_panel.STEP * (k + 0.5)
                red, _, blue = shown[round(middle.real), round(middle.imag + pillar_panel.ROW)]
                kinds.append("left" if blue > 200 else "right" if red > 200 else "none")
            return kinds

        assert marks(1, -1, -1, passed=3) == ["left", "right", "right", "none"]
        assert marks(-1, passed=3) == ["none", "none", "right", "none"]
        assert marks(passed=0) == ["none"]
