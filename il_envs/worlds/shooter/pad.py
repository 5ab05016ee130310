"""The pad: every button of the shooter, its number, its key and its control on a gamepad.

A button acts only while it is held: nothing latches, nothing has momentum. For a policy that
presses one button at a time the shares of time on the buttons sum to at most 1.
"""

from il_envs.views import PlayKey

BUTTONS: tuple[tuple[str, str, str], ...] = (
    ("forward", "w", "left stick up"),
    ("back", "s", "left stick down"),
    ("strafe left", "a", "left stick left"),
    ("strafe right", "d", "left stick right"),
    ("turn left", "left", "right stick left"),
    ("turn right", "right", "right stick right"),
    ("fire", "space", "right trigger"),
    ("reload", "f", "x"),
    ("sprint", "left shift", "left stick"),
    ("dash", "left ctrl", "b"),
    ("shield", "q", "left trigger"),
    ("use", "e", "a"),
    ("lean left", "z", "left shoulder"),
    ("lean right", "c", "right shoulder"),
    ("crouch", "x", "right stick"),
    ("alternate fire", "b", "y"),
    ("weapon 1", "1", "pad up"),
    ("weapon 2", "2", "pad right"),
    ("weapon 3", "3", "pad down"),
    ("weapon 4", "4", "pad left"),
)
"""Name, key and gamepad control, in the order of the action's entries."""

FORWARD, BACK, STRAFE_LEFT, STRAFE_RIGHT, TURN_LEFT, TURN_RIGHT = range(6)
FIRE, RELOAD, SPRINT, DASH, SHIELD, USE = range(6, 12)
LEAN_LEFT, LEAN_RIGHT, CROUCH, ALTERNATE_FIRE = range(12, 16)
WEAPON_1, WEAPON_2, WEAPON_3, WEAPON_4 = range(16, 20)

SMALL_PAD, FULL_PAD = 12, 20  # buttons of Shooter and of Shooter20
ROW = 4  # buttons of the pad belong together by so many


def button_names(pad: int) -> tuple[str, ...]:
    """The names of the first buttons, as many as the pad has."""
    return tuple(name for name, _, _ in BUTTONS[:pad])


def play_keys(pad: int) -> tuple[PlayKey, ...]:
    """A key for each of the first buttons."""
    return tuple(
        PlayKey(key, k, 1.0, name, pad=control)
        for k, (name, key, control) in enumerate(BUTTONS[:pad])
    )
