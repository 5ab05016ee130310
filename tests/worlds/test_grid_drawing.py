"""The grids' pictures and text: what each overlay shows, and that nothing else changes."""

from collections.abc import Iterator, Sequence

import numpy as np
import pygame
import pytest
from numpy.typing import NDArray

from il_envs.drawing.canvas import SIZE, Canvas, Layer
from il_envs.drawing.panels import TEXT
from il_envs.drawing.text import lettering
from il_envs.engine.single import WorldEnv
from il_envs.learning.policy import ExpertPolicy
from il_envs.views import States
from il_envs.world import get_world
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.picture import ground, marks, panel, scene
from il_envs.worlds.grid.picture.board import Board, heat, heat_colour
from il_envs.worlds.grid.picture.board import picture as still_picture
from il_envs.worlds.grid.register import MOVES
from il_envs.worlds.grid.text import text

GRIDS = (
    *("CliffChain", "RiskyBridge", "FourRooms", "FourRoomsMoved"),
    *("Macrocells", "Objectworld", "Binaryworld"),
)
Picture = NDArray[np.int64]
every_grid = pytest.mark.parametrize("name", GRIDS)


@pytest.fixture(autouse=True)
def _dummy_display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.font.init()
    yield
    pygame.display.quit()


def board_of(name: str) -> Board:
    world = get_world(name)
    return scene.board_of(world.dynamics.params("training").tobytes(), int(world.spaces.action.n))


def episode(name: str, steps: int, random: bool = False, seed: int = 1) -> tuple[States, float]:
    """States of an expert's episode (or a random one), [steps + 1], and its return."""
    env = WorldEnv(name)
    env.reset(seed=seed)
    env.action_space.seed(seed)
    expert = ExpertPolicy(env)
    states, total = [env.state], 0.0
    for _ in range(steps):
        action = env.action_space.sample() if random else expert.predict()[0][0]
        total += env.step(action)[1]
        states.append(env.state)
    return np.stack(states), total


def at(name: str, cells: Sequence[int], step: int = 0) -> States:
    """States in these cells at successive steps from `step` on."""
    states = np.zeros(len(cells), get_world(name).dynamics.state)
    states["cell"], states["step"] = cells, step + np.arange(len(cells))
    return states


def picture(name: str, history: States) -> Picture:
    world = get_world(name)
    canvas = Canvas(world, world.dynamics.params("training"))
    canvas.begin(history[0])
    for state in history[1:]:
        canvas.add(state)
    return canvas.pixels().astype(np.int64)


def still(board: Board) -> Picture:
    pixels = pygame.surfarray.array3d(still_picture(board))
    return pixels.transpose(1, 0, 2).astype(np.int64)


def region(board: Board, cell: int, room: int = 0) -> tuple[slice, slice]:
    """The pixels of a cell, and `room` more around it."""
    corner = board.corners(np.array([cell]))[0]
    left, top = int(corner.real), int(corner.imag)
    width, height = board.cell
    return slice(top - room, top + height + room), slice(left - room, left + width + room)


def middle(board: Board, cell: int) -> tuple[int, int]:
    point = board.middles(np.array([cell]))[0]
    return int(point.imag), int(point.real)


@every_grid
def test_board_and_panel_fit_beside_each_other(name: str) -> None:
    board = board_of(name)
    corner, size = board.panel
    assert board.corner.real > 8
    assert board.corner.imag > 8
    end = board.corner + board.size
    assert end.real + 8 < corner.real if not board.is_wide else end.imag + 8 < corner.imag
    assert (corner + complex(*size)).real <= SIZE[0]
    assert (corner + complex(*size)).imag <= SIZE[1]


def test_heat_is_even_and_neutral_at_zero() -> None:
    share = np.linspace(-1.0, 1.0, 41)
    colours = heat(share).astype(float)
    assert tuple(colours[20]) == ground.FLOOR
    away = np.linalg.norm(colours - colours[20], axis=1)
    assert (np.diff(away[20:]) > 0.0).all()
    assert (np.diff(away[:21]) < 0.0).all()
    lightness = np.cbrt((colours / 255.0) ** 2.2 @ [0.2126, 0.7152, 0.0722])
    for arm in (lightness[20:], lightness[20::-1]):
        assert (np.diff(arm) < 0.0).all()
        assert np.diff(arm).min() > 2.5 * np.diff(arm).max()  # no step far larger than another
    assert colours[-1, 0] - colours[-1, 2] > 100  # orange
    assert colours[0, 2] - colours[0, 1] > 60  # purple


@every_grid
def test_each_cell_has_the_colour_of_its_reward(name: str) -> None:
    board = board_of(name)
    world = get_world(name)
    expected = world.dynamics.params("training")["reward"][:, : world.spaces.action.n].max(axis=1)
    pixels = still(board)
    plain = np.isin(board.params["tile"], (tiles.FLOOR, tiles.WATER, tiles.BRIDGE, tiles.ABYSS))
    for cell in np.flatnonzero(plain):
        colour = heat_colour(expected[cell] / np.abs(expected).max())
        shaded = 0.8 if name.startswith("FourRooms") else 0.99  # the shadows of walls
        if expected[cell] != 0.0 or board.params["tile"][cell] == tiles.FLOOR:
            seen = pixels[middle(board, cell)]
            assert (seen <= np.array(colour) + 1).all()
            assert (seen >= shaded * np.array(colour) - 3).all()


def test_each_kind_of_tile_has_a_look_of_its_own() -> None:
    looks = {}
    for name in GRIDS:
        board = board_of(name)
        pixels = still(board)
        for tile in np.unique(board.params["tile"]):
            cell = int(np.flatnonzero(board.params["tile"] == tile)[0])
            crop = pygame.surfarray.make_surface(pixels[region(board, cell)].astype(np.uint8))
            small = pygame.surfarray.array3d(pygame.transform.smoothscale(crop, (16, 16)))
            looks[int(tile)] = small.astype(float)
    assert sorted(looks) == list(range(len(tiles.CHARACTERS)))
    for first in looks:
        for second in looks:
            if first < second:
                assert np.abs(looks[first] - looks[second]).mean() > 4.0


def test_walls_are_darker_than_floor_and_throw_a_shadow() -> None:
    board = board_of("FourRooms")
    pixels = still(board)
    wall = 5  # the top of the wall between the upper rooms
    assert board.params["tile"][wall] == tiles.WALL
    assert pixels[middle(board, wall)].sum() < 0.6 * pixels[middle(board, wall - 1)].sum()
    rows, columns = region(board, wall + 1)
    shaded = pixels[rows, columns.start + 3][board.cell[1] // 2].sum()
    assert shaded < 0.9 * pixels[middle(board, wall + 1)].sum()


@every_grid
def test_arrows_are_the_experts_probabilities(name: str) -> None:
    board = board_of(name)
    world = get_world(name)
    step = world.dynamics.max_episode_steps // 2
    expert = world.truth.reference().policy[step]
    vectors = scene.arrows(board, board.policy(step))
    model = world.truth.model()
    stays = np.ones(board.params.size, bool)
    for action in range(board.actions):
        stays &= model.transition[
            action * model.states + np.arange(model.states), np.arange(model.states)
        ] == 1.0  # fmt: skip
    assert (board.acts == ~stays).all()
    assert (vectors[stays] == 0.0).all()
    assert not board.acts[board.params["tile"] == tiles.WALL].any()
    if name == "CliffChain":
        moves = np.array([1.0, 1.0j])
    else:
        moves = np.array([right + 1j * down for down, right in MOVES])
    assert np.array_equal(board.directions, moves)
    wanted = np.where(board.acts[:, None], expert * moves, 0.0)
    if name == "Macrocells":
        wanted = wanted.sum(axis=1, keepdims=True)
    assert vectors.shape == wanted.shape
    assert np.abs(vectors - wanted).max() < scene.LEAST
    seen = np.abs(wanted) > 1.1 * scene.LEAST
    assert np.abs(vectors - wanted)[seen].max() < 1e-5


@pytest.mark.parametrize("name", ["CliffChain", "RiskyBridge", "FourRooms", "Macrocells"])
def test_painted_arrows_have_their_heads_where_the_expert_goes(name: str) -> None:
    board = board_of(name)
    start = int(np.flatnonzero(board.acts)[0])
    inked = (still(board) - picture(name, at(name, [start]))).sum(axis=2)
    vectors = scene.arrows(board, board.policy(0))
    largest = vectors[np.arange(len(vectors)), np.abs(vectors).argmax(axis=1)]
    near = np.abs(board.middles(np.arange(len(vectors))) - board.middles(np.array([start])))
    cells = np.flatnonzero((np.abs(largest) > 0.85) & (near > 2.5 * board.unit))
    assert len(cells) > 8
    for cell in cells:
        area = region(board, cell)
        ink = np.maximum(inked[area], 0)
        down, right = np.indices(ink.shape)
        place = right + 1j * down + (0.5 + 0.5j) - complex(*board.cell) / 2
        ahead = (largest[cell].conjugate() * place).real
        edge = 0.15 * board.unit
        assert ink[ahead > edge].sum() > 1.1 * ink[ahead < -edge].sum()


def test_a_likelier_move_has_a_longer_and_darker_arrow() -> None:
    for is_mean in (False, True):
        sheets = [
            pygame.surfarray.array_alpha(marks.arrow((40, 40), level, 0, is_mean)).astype(int)
            for level in (2, 6, 10, 14, 20)
        ]
        assert (np.diff([sheet.max() for sheet in sheets]) > 0).all()
        assert (np.diff([(sheet.max(axis=1) > 20).sum() for sheet in sheets]) > 0).all()


def test_arrows_follow_the_step_and_stay_after_the_end() -> None:
    last = get_world("FourRooms").dynamics.max_episode_steps - 1
    one, two, after, later = (
        picture("FourRooms", at("FourRooms", [0], step))[:, :650]
        for step in (0, last, last + 1, 200)
    )
    assert not np.array_equal(one, two)
    assert np.array_equal(two, after)
    assert np.array_equal(two, later)


@every_grid
def test_moving_the_agent_changes_its_two_cells_alone(name: str) -> None:
    board = board_of(name)
    free = np.flatnonzero(board.acts)
    first, second = int(free[0]), int(free[-1])
    changed = (picture(name, at(name, [first])) != picture(name, at(name, [second]))).any(axis=2)
    for cell in (first, second):
        assert changed[region(board, cell)].mean() > 0.15
        changed[region(board, cell, room=int(0.2 * board.unit) + 6)] = False
    assert not changed.any()


def test_the_agent_looks_where_it_went() -> None:
    board = board_of("Macrocells")
    here = 10 * 32 + 10
    views = []
    for before in (here - 1, here + 1, here - 32, here + 32):
        assert abs(scene.heading(np.array([before, here, here]), 32)) == 1.0
        views.append(picture("Macrocells", at("Macrocells", [before, here]))[region(board, here)])
    for k, view in enumerate(views):
        assert not any(np.array_equal(view, other) for other in views[k + 1 :])
    assert scene.heading(np.array([here]), 32) == 1j
    assert scene.heading(np.array([here - 1, here, here]), 32) == 1.0
    assert scene.heading(np.array([here + 32, here]), 32) == -1j


def test_visited_cells_are_marked_the_darker_the_oftener() -> None:
    board = board_of("FourRooms")
    way = [0, 1, 1, 1, 2, 3]
    pixels = picture("FourRooms", at("FourRooms", way))

    def border(cell: int) -> int:
        rows, columns = region(board, cell)
        return int(pixels[rows.start + 2, columns.start + board.cell[0] // 4].sum())

    untouched = still(board)[region(board, 4)][2, board.cell[0] // 4].sum()
    assert border(4) == untouched
    assert border(1) < border(0) < untouched - 30
    assert border(2) == border(0)
    assert (np.diff(marks.border_level(np.array([1, 2, 5, 20, 100]))) > 0).all()
    assert marks.border_level(100) <= marks.LEVELS


def test_the_path_fades() -> None:
    board = board_of("Macrocells")

    def ink(cells: Sequence[int]) -> Picture:
        surface = pygame.Surface(SIZE)
        surface.fill((128, 128, 128))
        scene._paint_path(surface, board, np.array(cells))
        pixels = pygame.surfarray.array3d(surface).transpose(1, 0, 2).astype(int)
        return np.abs(pixels - 128).sum(axis=2)

    way = list(range(330, 346))
    pixels = ink(way)
    along = [pixels[region(board, cell)].sum() for cell in way[1:-1]]
    assert (np.diff(along) > 0).all()
    pixels[region(board, way[0])] = 0
    for cell in way:
        pixels[region(board, cell)] = 0
    assert not pixels.any()
    assert ink([*way, *way[-1:] * (scene.TRAIL_STEPS + 5)]).sum() == 0
    assert ink(way[:1]).sum() == 0


def test_the_path_is_rounded_and_keeps_its_ends() -> None:
    corners = np.array([0, 10, 10 + 10j, 20 + 10j], np.complex128)
    points, along = scene.smooth(corners)
    assert (points[0], points[-1]) == (corners[0], corners[-1])
    assert (np.diff(along) >= 0.0).all()
    assert (along[0], along[-1]) == (0.0, 3.0)
    assert np.abs(points - corners[1]).min() > 1.0
    turn = np.angle(np.diff(points)[1:] / np.diff(points)[:-1])
    assert np.abs(turn).max() < 0.5


@every_grid
@pytest.mark.parametrize("random", [False, True])
def test_the_return_is_that_of_the_episode(name: str, random: bool) -> None:
    history, total = episode(name, get_world(name).dynamics.max_episode_steps, random, seed=3)
    board = board_of(name)
    assert scene.total_reward(board, history) == pytest.approx(total, abs=1e-9)
    assert scene.total_reward(board, history[:1]) == 0.0
    assert scene.total_reward(board, history[2:]) is None


def test_a_return_that_cells_do_not_tell_is_left_out() -> None:
    history, _ = episode("FourRooms", 10)
    params = get_world("FourRooms").dynamics.params("training").copy()
    params["reward"][:, 0] -= 1.0  # of moving up, which slipping may have done as well
    board = Board(params, 4)
    assert scene.total_reward(board, history) is None
    numbers = []
    for total in (None, 3.0):
        canvas = Canvas(get_world("FourRooms"), params)
        panel.paint(canvas, board, 10, total)
        numbers.append(pygame.surfarray.array3d(canvas.surface))
    assert not np.array_equal(*numbers)


def test_nothing_is_drawn_of_before_a_restored_state() -> None:
    after = at("FourRooms", [0, 1, 2], step=7)
    expected = picture("FourRooms", after)
    before = at("FourRooms", [97, 98], step=5)  # on time, but a room away
    earlier = at("FourRooms", [0, 0], step=2)
    for history in (before, earlier):
        assert np.array_equal(picture("FourRooms", np.concatenate([history, after])), expected)
    whole = at("FourRooms", [0, 0, 0, 1, 2], step=5)
    assert not np.array_equal(picture("FourRooms", whole), expected)


@every_grid
def test_lines_of_the_panel_do_not_overlap(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    board = board_of(name)
    world = get_world(name)
    boxes: list[pygame.Rect] = []

    def write(
        surface: pygame.Surface, text: str, place: complex, size: int, colour: object, align: str
    ) -> None:
        if surface is canvas.surface:
            place -= board.panel[0]
        box = lettering(text, size, TEXT).get_rect()
        setattr(box, align, (round(place.real), round(place.imag)))
        boxes.append(box)

    swatches: list[pygame.Rect] = []
    paint_swatches = panel._paint_swatches

    def remember(layer: Layer, corner: complex, title: str, labels: list[str]) -> list[panel.Line]:
        for k in range(len(labels)):
            place = corner + complex(k * panel.SPACING, panel.HEADING)
            swatches.append(pygame.Rect((place.real, place.imag), (panel.SWATCH, panel.SWATCH)))
        return paint_swatches(layer, corner, title, labels)

    monkeypatch.setattr(panel, "_paint_swatches", remember)
    monkeypatch.setattr(panel, "write", write)
    canvas = Canvas(world, world.dynamics.params("training"))
    panel._still.cache_clear()
    panel.paint(canvas, board, world.dynamics.max_episode_steps, -88.88)
    panel._still.cache_clear()
    assert len(boxes) > 15
    assert len(swatches) == 8
    boxes += swatches
    inside = pygame.Rect((0, 0), board.panel[1]).inflate(-16, -8)
    for k, box in enumerate(boxes):
        assert inside.contains(box)
        assert box.collidelist(boxes[k + 1 :]) == -1


def test_the_panel_counts_steps_and_return() -> None:
    left = int(board_of("RiskyBridge").panel[0].real)
    pictures = [
        picture("RiskyBridge", at("RiskyBridge", cells, step))[:, left:]
        for cells, step in (([27], 0), ([27], 1), ([27, 27], 0), ([18, 18], 0))
    ]
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])
    assert np.array_equal(pictures[2], pictures[3])
    assert panel.signed(-12.0, 0) == "\N{MINUS SIGN}12"
    assert panel.signed(-0.001, 2) == "0.00"


def test_text_shows_the_grid_the_agent_and_the_step() -> None:
    params = get_world("RiskyBridge").dynamics.params("training")
    state = at("RiskyBridge", [28], step=4)[0]
    assert text(state, params) == (
        ".........\n"
        ".........\n"
        "..~~~~~..\n"
        ".@=====.G\n"
        "..~~~~~..\n"
        ".........\n"
        ".........\n"
        "step 4\n"
    )  # fmt: skip
    params = get_world("CliffChain").dynamics.params("training")
    state = at("CliffChain", [22], step=20)[0]
    assert text(state, params) == f"{'.' * 21}\n{'v@' + 'v' * 19}\nstep 20\n"


def test_every_tile_has_a_character_and_a_name() -> None:
    assert len(tiles.NAMES) == len(tiles.CHARACTERS) == tiles.object_tile(1, 1) + 1
    assert tiles.NAMES[tiles.object_tile(0, 1)] == "outer 1, inner 2"
    assert len(set(tiles.NAMES)) == len(tiles.NAMES)
