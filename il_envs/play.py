"""Play a world by hand, against its expert: `il-play DriftCar-v0`.

The keys are the world's own (`World.play_keys`), so every world plays through this file: axes that
ramp while a key is held, buttons that are pressed in chords, and turns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal

import numpy as np
import pygame
import typer

from il_envs.canvas import TITLE, Canvas, Colour, Layer, open_window
from il_envs.gym_env import WorldEnv
from il_envs.held_keys import HeldKeys, Keyboard
from il_envs.panels import ACCENT, FAINT, TEXT, panel
from il_envs.policy import ExpertPolicy
from il_envs.rollout import run_episodes
from il_envs.world import Split, UnknownNameError, World, get_world

Command = Literal["quit", "restart", "pause", "help", "next"]
COMMANDS: tuple[tuple[Command, tuple[str, ...], str], ...] = (
    ("pause", ("p", "space"), "pause"),
    ("restart", ("r",), "restart"),
    ("help", ("h",), "show or hide the keys"),
    ("next", ("return", "enter"), "next episode, after the end"),
    ("quit", ("escape", "q"), "quit"),
)
"""The player's own keys; one that the world uses belongs to the world."""

FIRST_PAUSE, LATER_PAUSE = 4.0, 1.0  # s, before an episode begins by itself

KEY: Colour = (58, 62, 72)
PANEL_WIDTH, PANEL_TOP, ROUNDING = 460, 24, 14.0  # pixels
OPACITY = 0.86
HEAD, FOOT = 62, 44  # pixels, above and below a panel's rows
KEY_ROW, SCORE_ROW = 32.0, 44.0  # pixels; many keys are moved closer together


@dataclass(frozen=True)
class Result:
    """One finished episode: what the player and the expert collected from the same start."""

    seed: int
    total: float
    expert_total: float

    @property
    def ratio(self) -> float | None:
        """The player's share of the expert's return; None unless both are positive.

        Of costs the smaller share is the better one, and of a zero there is none.
        """
        if self.total <= 0.0 or self.expert_total <= 0.0:
            return None
        return self.total / self.expert_total

    @property
    def difference(self) -> float:
        """How much more than the expert the player collected."""
        return self.total - self.expert_total


class Game:
    """Episodes of one world, one after another, steered by held keys or by the expert.

    Attributes:
        phase: "ready" before the first step, "playing", "paused", or "over" at an episode's end.
        results: of the episodes finished so far.
        is_running: False once the player has quit.
    """

    def __init__(self, world: World, split: Split, seed: int, watch_expert: bool) -> None:
        self.world = world
        self.split = split
        self.seed = seed
        self.watched = "expert, watched" if watch_expert else "you"
        self.results: list[Result] = []
        self.is_running = True
        self.shows_help = False
        self._env = WorldEnv(world.name, split)
        self._expert = ExpertPolicy(self._env) if watch_expert else None
        self._canvas = Canvas(world, self._env.params)
        self._held = HeldKeys(world)
        self._begin(seed, FIRST_PAUSE)

    @property
    def state(self) -> np.void:
        """A copy of the world's state."""
        return self._env.state

    def _begin(self, seed: int, pause: float) -> None:
        self.seed = seed
        self.phase: Literal["ready", "playing", "paused", "over"] = "ready"
        self._pause = pause
        self._env.reset(seed=seed)
        self._canvas.begin(self._env.state)
        self._held.let_go()
        self._memory: Any = None
        self._total = 0.0

    def command(self, command: Command) -> None:
        """Do what one of the player's own keys asks for."""
        if command == "quit":
            self.is_running = False
        elif command == "restart":
            self._begin(self.seed, LATER_PAUSE)
        elif command == "help":
            self.shows_help = not self.shows_help
        elif command == "next" and self.phase == "over":
            self._begin(self.seed + 1, LATER_PAUSE)
        elif command == "pause" and self.phase != "over":
            self.phase = "playing" if self.phase == "paused" else "paused"

    def tick(self, held: Sequence[str]) -> None:
        """Let one control period pass with these keys held, the latest last."""
        seconds = self.world.control_period
        if self.phase == "ready":
            self._pause -= seconds
            if held or self._pause <= 0.0:
                self.phase = "playing"
        if self.phase != "playing":
            return
        if self._expert is not None:
            actions, self._memory = self._expert.predict(state=self._memory)
            action = actions[0]
        else:
            chosen = self._held.action(held, seconds)
            if chosen is None:
                return
            action = chosen
        _, reward, terminated, truncated, _ = self._env.step(action)
        self._canvas.add(self._env.state)
        self._total += reward
        if terminated or truncated:
            self.phase = "over"
            self._ending = "Time is up" if truncated else "Over"
            expert = run_episodes(self.world, self.split, ExpertPolicy, [self.seed])[0]
            self.results.append(Result(self.seed, self._total, expert.total_reward))

    def paint(self, window: pygame.Surface) -> None:
        """Paint the world, and over it what there is to say."""
        self._canvas.draw()
        window.blit(self._canvas.surface, (0, 0))
        if self.phase == "over":
            result = self.results[-1]
            compared = ("difference", f"{result.difference:+.1f}")
            if result.ratio is not None:
                compared = ("ratio", f"{100.0 * result.ratio:.0f} %")
            rows = [
                (self.watched, f"{result.total:.1f}"),
                ("expert", f"{result.expert_total:.1f}"),
                compared,
            ]
            seconds = int(self.state["step"]) * self.world.control_period
            title = f"{self._ending} after {seconds:.1f} s"
            footer = "Enter: next episode     Esc: quit"
            _paint_panel(window, title, rows, footer, SCORE_ROW)
        elif self.phase == "ready" and not self.results:
            footer = "begins when you press one of the first keys"
            _paint_panel(window, self.world.name, self._help(), footer, KEY_ROW)
        elif self.shows_help:
            _paint_panel(window, self.world.name, self._help(), "", KEY_ROW)
        elif self.phase == "paused":
            _paint_panel(window, "Paused", [], "", KEY_ROW)

    def _help(self) -> list[tuple[str, str]]:
        rows = [(key.key, key.label) for key in self.world.play_keys]
        free = command_keys(self.world)
        for command, _, label in COMMANDS:
            names = [key for key, meaning in free.items() if meaning == command]
            if names:
                rows.append((" or ".join(names), label))
        return rows


def command_keys(world: World) -> dict[str, Command]:
    """The player's own keys and what they do: those that the world leaves free."""
    taken = {key.key for key in world.play_keys}
    return {key: command for command, keys, _ in COMMANDS for key in keys if key not in taken}


def _paint_panel(
    window: pygame.Surface, title: str, rows: Sequence[tuple[str, str]], footer: str, row: float
) -> None:
    """A panel: a title, rows of a name and a meaning (`row` pixels high, room allowing), a foot."""
    row = min(row, (window.get_height() - 2 * PANEL_TOP - HEAD - FOOT) / max(len(rows), 1))
    size = (PANEL_WIDTH, HEAD + round(row * len(rows)) + FOOT)
    left = (window.get_width() - PANEL_WIDTH) // 2
    row_font = pygame.font.Font(None, round(0.76 * row))
    layer = Layer(size)
    panel(layer, OPACITY, ROUNDING)
    middle = 0.42 * PANEL_WIDTH
    head = pygame.font.Font(None, 38).render(title, True, ACCENT)
    foot = pygame.font.Font(None, 20).render(footer, True, FAINT)
    lines = [
        (head, PANEL_WIDTH / 2 - head.get_width() / 2, HEAD / 2 + 3),
        (foot, PANEL_WIDTH / 2 - foot.get_width() / 2, size[1] - FOOT / 2),
    ]
    for k, (name, meaning) in enumerate(rows):
        y = HEAD + row * (k + 0.5)
        picture = row_font.render(name, True, TEXT)
        cap = pygame.Rect(0, 0, 2 * picture.get_width() + 36, round(1.7 * row))
        cap.midright = (round(2 * middle), round(2 * y))
        pygame.draw.rect(layer.surface, KEY, cap, border_radius=12)
        lines.append((picture, middle - 9 - picture.get_width(), y))
        lines.append((row_font.render(meaning, True, TEXT), middle + 18, y))
    layer.lay_on(window, (left, PANEL_TOP))
    for picture, x, y in lines:
        window.blit(picture, (left + x, PANEL_TOP + y - picture.get_height() / 2))


def run(game: Game, window: pygame.Surface) -> None:
    """Play in a window until the player quits."""
    codes = {pygame.key.key_code(key.key): key.key for key in game.world.play_keys}
    commands: dict[int, Command] = {
        pygame.key.key_code(key): command for key, command in command_keys(game.world).items()
    }
    keyboard, clock = Keyboard(), pygame.time.Clock()
    while game.is_running:
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                game.command("quit")
            elif event.type == pygame.KEYDOWN and event.key in codes:
                keyboard.press(codes[event.key])
            elif event.type == pygame.KEYUP and event.key in codes:
                keyboard.release(codes[event.key])
            elif event.type == pygame.KEYDOWN and event.key in commands:
                game.command(commands[event.key])
        game.tick(keyboard.take())
        game.paint(window)
        pygame.display.flip()
        clock.tick(1.0 / game.world.control_period)


def summary(results: Iterable[Result], watched: str) -> list[str]:
    """One line for each episode."""
    lines = []
    for result in results:
        compared = f"difference {result.difference:+.2f}"
        if result.ratio is not None:
            compared = f"ratio {result.ratio:.2f}"
        totals = f"{watched} {result.total:.2f}, expert {result.expert_total:.2f}"
        lines.append(f"seed {result.seed}: {totals}, {compared}")
    return lines


class SplitName(str, Enum):
    """Which of a world's parts to play on, as typer wants it."""

    TRAINING = "training"
    HELD_OUT = "held_out"


app = typer.Typer(add_completion=False)


@app.command()
def play(
    world: Annotated[str, typer.Argument(help="such as DriftCar-v0")],
    seed: Annotated[int, typer.Option(min=0, help="of the first episode; the next adds 1")] = 0,
    split: Annotated[SplitName, typer.Option()] = SplitName.TRAINING,
    expert: Annotated[bool, typer.Option("--expert", help="watch the expert instead")] = False,
) -> None:
    """Play a world by hand, against its expert on the same seed."""
    try:
        found = get_world(world)
    except UnknownNameError as error:
        typer.echo(f"il-play: {error}", err=True)
        raise typer.Exit(2) from None
    if not found.play_keys and not expert:
        typer.echo(f"il-play: {found.name} has no keys to play it with; try --expert", err=True)
        raise typer.Exit(2)
    try:
        window = open_window(f"{TITLE}: {found.name}")
    except pygame.error as error:
        typer.echo(f"il-play: cannot open a window: {error}", err=True)
        raise typer.Exit(1) from None
    game = Game(found, split.value, seed, expert)
    try:
        run(game, window)
    finally:
        pygame.display.quit()
        for line in summary(game.results, game.watched):
            typer.echo(line)


def main() -> None:
    """The console script."""
    app(prog_name="il-play")


if __name__ == "__main__":
    main()
