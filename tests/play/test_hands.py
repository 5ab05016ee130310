"""What is held down: keys, taps, a gamepad, and keys that the player has changed."""

from pathlib import Path

import pygame
import pytest

import il_envs
from il_envs.play.hands import DEAD_ZONE, PAD_CONTROLS, Hands, pad_pushes
from il_envs.play.keys import COMMANDS, KeyFile, command_of_codes, keys_of, rebound
from il_envs.world import World, get_world
from tests.play.player import down, tap, up

pytestmark = pytest.mark.usefixtures("window")
CAR, SHOOTER, DUEL = get_world("DriftCar"), get_world("Shooter"), get_world("Duel")


def hands_with(world: World, *events: pygame.event.Event) -> Hands:
    hands = Hands(world, {})
    for event in events:
        hands.handle(event)
    return hands


def axis(number: int, value: int) -> pygame.event.Event:
    return pygame.event.Event(pygame.CONTROLLERAXISMOTION, axis=number, value=value)


def test_held_keys_keep_the_order_in_which_they_were_pressed() -> None:
    hands = hands_with(CAR, down("left"), down("up"), down("right"), up("left"), down("left"))
    hands.count_step()
    assert list(hands.held()) == ["up", "right", "left"]
    hands.handle(up("up"))
    assert hands.held() == {"right": 1.0, "left": 1.0}


def counted(world: World, events: list[pygame.event.Event]) -> list[list[str]]:
    """What is held in four steps of a frame each."""
    hands, seen = hands_with(world, *events), []
    for _ in range(4):
        seen.append(sorted(hands.held()))
        hands.count_frame()
        hands.count_step()
    return seen


def test_a_tap_counts_for_one_step_and_in_turns_each_further_one_for_another() -> None:
    taps = [*tap("left"), *tap("left"), *tap("up")]
    assert counted(get_world("FourRooms"), taps) == [["left"], ["left"], ["up"], []]
    assert counted(DUEL, [*tap("left"), *tap("left")]) == [["left"], [], [], []]


def test_a_tap_of_a_gradual_key_counts_for_one_frame() -> None:
    """Fingers that hold a steering key now and then must not hold it all the time."""
    hands = hands_with(CAR, *tap("left"))
    assert hands.held() == {"left": 1.0}
    hands.count_frame()
    assert hands.held() == {}
    hands.handle(axis(0, 30000))
    hands.count_frame()
    hands.handle(axis(0, 0))
    assert hands.held() == {}, "a stick that is let go is not tapped"
    still = hands_with(DUEL, *tap("left"))
    still.count_frame()
    assert still.held() == {"left": 1.0}


def test_a_key_that_stays_down_needs_no_tap() -> None:
    hands = hands_with(DUEL, down("left"))
    for _ in range(3):
        assert hands.held() == {"left": 1.0}
        hands.count_step()
    hands.handle(up("left"))
    assert hands.held() == {}


def test_turns_take_taps_one_by_one() -> None:
    hands = hands_with(get_world("FourRooms"), *tap("up"), *tap("left"), *tap("up"))
    assert [hands.next_tap() for _ in range(4)] == ["up", "left", "up", None]


def test_release_forgets_all() -> None:
    hands = hands_with(SHOOTER, down("w"), *tap("space"))
    hands.click(True)
    hands.release()
    assert hands.held() == {}
    assert hands.next_tap() is None
    assert not hands.is_clicking


def test_sticks_push_one_way_at_a_time_and_rest_in_their_dead_zone() -> None:
    assert pad_pushes(axis(0, -32768)) == {"left stick left": 1.0, "left stick right": 0.0}
    half = pad_pushes(axis(3, 16384))["right stick down"]
    assert half == pytest.approx((0.5 - DEAD_ZONE) / (1.0 - DEAD_ZONE), abs=1e-4)
    assert set(pad_pushes(axis(1, int(0.9 * DEAD_ZONE * 32767))).values()) == {0.0}
    assert pad_pushes(axis(5, 32767)) == {"right trigger": 1.0}
    assert pad_pushes(down("a")) == {}


def test_a_gamepad_steers_and_drives_the_car_as_far_as_it_is_pushed() -> None:
    hands = hands_with(CAR, axis(0, 20000), axis(5, 10000))
    held = hands.held()
    assert set(held) == {"right", "up"}
    assert 0.4 < held["right"] < 0.7
    assert 0.1 < held["up"] < 0.4
    hands.count_step()
    hands.handle(axis(0, 0))
    assert set(hands.held()) == {"up"}


def test_buttons_of_a_gamepad_press_and_release() -> None:
    hands = hands_with(
        SHOOTER,
        pygame.event.Event(pygame.CONTROLLERBUTTONDOWN, button=0),
        pygame.event.Event(pygame.CONTROLLERBUTTONDOWN, button=1),
    )
    assert set(hands.held()) == {"e", "left ctrl"}  # use, and dash
    hands.handle(pygame.event.Event(pygame.CONTROLLERBUTTONUP, button=0))
    hands.count_step()
    assert set(hands.held()) == {"left ctrl"}
    unknown = pygame.event.Event(pygame.CONTROLLERBUTTONDOWN, button=99)
    assert pad_pushes(unknown) == {}


def test_no_world_uses_a_key_of_the_game_and_all_its_controls_exist(world: World) -> None:
    codes = [pygame.key.key_code(key.key) for key in world.views.keys]
    assert len(set(codes)) == len(codes)
    assert not set(codes) & set(command_of_codes())
    pads = [key.pad for key in world.views.keys if key.pad]
    assert len(set(pads)) == len(pads)
    assert set(pads) <= PAD_CONTROLS - {row.pad for row in COMMANDS}


def test_every_world_of_ours_can_be_played_with_a_gamepad() -> None:
    ours = [world for world in il_envs.WORLDS.values() if world.namespace == "il_envs"]
    assert all(key.pad for world in ours for key in world.views.keys)
    assert all(world.views.goal for world in ours if world.views.keys)


def test_a_changed_key_is_kept_and_used(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "deep" / "keys.json")
    assert file.read(SHOOTER) == {}
    changes = rebound(SHOOTER, {}, "space", "k")
    file.write(SHOOTER, changes)
    file.write(CAR, {"up": "w"})
    assert file.read(SHOOTER) == {"space": "k"}
    assert keys_of(SHOOTER, changes)["space"] == "k"
    hands = Hands(SHOOTER, changes)
    assert not hands.handle(down("space"))
    hands.handle(down("k"))
    assert set(hands.held()) == {"space"}


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("p", "p is the game's key for 'pause'"),
        ("w", "w is the key for 'forward' already"),
        ("no such key", "there is no key 'no such key'"),
    ],
)
def test_a_key_in_use_is_refused_in_one_line(key: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rebound(SHOOTER, {}, "space", key)


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00"])
def test_a_damaged_file_of_keys_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="no keys in it") as caught:
        KeyFile(path).read(CAR)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="no keys in it"):
        KeyFile(path).write(CAR, {})
    assert path.read_text() == text


def test_keys_in_a_file_that_cannot_be_used_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"DriftCar": {"up": "p", "left": "a", "fly": "b", "down": 7}}')
    assert KeyFile(path).read(CAR) == {"left": "a", "down": "7"}


def test_keys_that_have_changed_places_are_kept(tmp_path: Path) -> None:
    changes = rebound(CAR, rebound(CAR, {}, "right", "z"), "left", "right")
    changes = rebound(CAR, changes, "right", "left")
    file = KeyFile(tmp_path / "keys.json")
    file.write(CAR, changes)
    assert file.read(CAR) == {"left": "right", "right": "left"}


def test_a_stick_that_rests_does_not_release_the_keyboard() -> None:
    hands = hands_with(CAR, down("left"), down("up"))
    hands.count_frame()
    for event in (axis(0, 340), axis(0, -340), axis(5, 0)):
        hands.handle(event)
    assert hands.held() == {"left": 1.0, "up": 1.0}
    assert hands.direct() == set()
    hands.handle(axis(0, -30000))
    hands.handle(up("left"))
    assert 0.8 < hands.held()["left"] < 1.0
    assert hands.direct() == {"left"}


def test_a_stick_pushed_to_the_end_is_still_a_stick() -> None:
    hands = hands_with(CAR, axis(0, -32767))
    assert (hands.held(), hands.direct()) == ({"left": 1.0}, {"left"})


def test_a_flick_of_a_stick_counts_where_keys_are_buttons() -> None:
    hands = hands_with(SHOOTER, axis(0, -26000), axis(0, -13000))
    assert hands.held() == {"a": 1.0}
    hands.count_step()
    assert hands.held()["a"] < 0.5


def test_clicks_shorter_than_a_step_count_for_a_step() -> None:
    hands = hands_with(SHOOTER)
    hands.click(True)
    hands.click(False)
    assert hands.is_clicking
    hands.count_step()
    assert not hands.is_clicking


def test_many_taps_of_one_button_leave_room_for_the_others() -> None:
    hands = hands_with(SHOOTER, *(event for _ in range(20) for event in tap("space")), *tap("e"))
    assert set(hands.held()) == {"space", "e"}
