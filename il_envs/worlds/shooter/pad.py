"""The pad: every button of the shooter, its number, and the key that presses it.

A button acts only while it is held: nothing latches, nothing has momentum. For a policy that
presses one button at a time the shares of time on the buttons sum to at most 1.
"""

from il_envs.world import PlayKey

BUTTONS: tuple[tuple[str, str], ...] = (
    ("forward", "w"),
    ("back", "s"),
    ("strafe left", "a"),
    ("strafe right", "d"),
    ("turn left", "left"),
    ("turn right", "right"),
    ("fire", "space"),
    ("reload", "r"),
    ("sprint", "left shift"),
    ("dash", "left ctrl"),
    ("shield", "q"),
    ("use", "e"),
    ("lean left", "z"),
    ("lean right", "c"),
    ("crouch", "x"),
    ("alternate fire", "f"),
    ("weapon 1", "1"),
    ("weapon 2", "2"),
    ("weapon 3", "3"),
    ("weapon 4", "4"),
)
"""Name and key, in the order of the action's entries."""

FORWARD, BACK, STRAFE_LEFT, STRAFE_RIGHT, TURN_LEFT, TURN_RIGHT = range(6)
FIRE, RELOAD, SPRINT, DASH, SHIELD, USE = range(6, 12)
LEAN_LEFT, LEAN_RIGHT, CROUCH, ALTERNATE_FIRE = range(12, 16)
WEAPON_1, WEAPON_2, WEAPON_3, WEAPON_4 = range(16, 20)

SMALL_PAD, FULL_PAD = 12, 20  # buttons of Shooter and of Shooter20
ROW = 4  # buttons of the pad belong together by so many


def button_names(pad: int) -> tuple[str, ...]:
    """The names of the first buttons, as many as the pad has."""
    return tuple(name for name, _ in BUTTONS[:pad])


def play_keys(pad: int) -> tuple[PlayKey, ...]:
    """A key for each of the first buttons."""
    return tuple(PlayKey(key, k, 1.0, name) for k, (name, key) in enumerate(BUTTONS[:pad]))
