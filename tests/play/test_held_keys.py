"""Actions from held keys, for every kind of action space."""

from dataclasses import replace

import gymnasium as gym
import numpy as np

from il_envs.play.held_keys import HeldKeys
from il_envs.views import PlayKey
from il_envs.world import World, get_world

CAR = get_world("DriftCar")


def world_with(space: gym.Space, *keys: PlayKey) -> World:
    spaces, views = replace(CAR.spaces, action=space), replace(CAR.views, keys=keys)
    return replace(CAR, spaces=spaces, views=views)


AXIS = world_with(
    gym.spaces.Box(-1.0, 1.0, (2,)),
    PlayKey("left", 0, 1.0, "left", rise=2.0, fall=4.0),
    PlayKey("right", 0, -0.5, "right", rise=2.0, fall=4.0),
    PlayKey("w", 1, 1.0, "drive", rise=10.0, fall=10.0),
    PlayKey("up", 1, 1.0, "drive", rise=10.0, fall=10.0),
)
BUTTONS = world_with(
    gym.spaces.MultiBinary(12), *(PlayKey(f"f{k + 1}", k, 1.0, f"button {k}") for k in range(12))
)
TURNS = world_with(
    gym.spaces.Discrete(4), *(PlayKey(key, 0, k, key) for k, key in enumerate("wdsa"))
)


def test_axis_rises_to_its_value_and_falls_back_to_zero() -> None:
    held = HeldKeys(AXIS)
    assert [held.action({"left": 1.0}, 0.125)[0] for _ in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert [held.action({}, 0.125)[0] for _ in range(3)] == [0.5, 0.0, 0.0]
    assert [held.action({"right": 1.0}, 0.125)[0] for _ in range(3)] == [-0.25, -0.5, -0.5]
    held.let_go()
    assert held.action({}, 0.0).tolist() == [0.0, 0.0]


def test_opposite_keys_cancel_and_equal_keys_are_clipped() -> None:
    held = HeldKeys(world_with(AXIS.spaces.action, AXIS.views.keys[0], replace(
        AXIS.views.keys[1], value=-1.0)))  # fmt: skip
    assert [held.action({"left": 1.0, "right": 1.0}, 0.125)[0] for _ in range(5)] == [0.0] * 5
    held.let_go()
    held.action({"left": 1.0}, 1.0)
    assert held.action({"right": 1.0}, 0.125)[0] == 1.0 - 0.125 * 4.0 - 0.125 * 2.0
    assert HeldKeys(AXIS).action({"w": 1.0, "up": 1.0}, 1.0).tolist() == [0.0, 1.0]


def test_box_action_is_valid() -> None:
    action = HeldKeys(AXIS).action({"left": 1.0, "w": 1.0}, 0.04)
    assert action.dtype == np.float32
    assert AXIS.spaces.action.contains(action)


def test_buttons_are_pressed_in_chords_and_at_once() -> None:
    held = HeldKeys(BUTTONS)
    chord = held.action({"f1": 1.0, "f3": 1.0, "f12": 1.0}, 0.05)
    assert chord.tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert BUTTONS.spaces.action.contains(chord)
    assert held.action({"f3": 1.0}, 0.05).tolist() == [0, 0, 1] + [0] * 9
    assert held.action({}, 0.05).tolist() == [0] * 12


def test_turns_wait_for_a_key_and_take_the_latest() -> None:
    held = HeldKeys(TURNS)
    assert held.action({}, 0.1) is None
    assert held.action({"w": 1.0, "s": 1.0}, 0.1) == 2
    assert held.action({"s": 1.0, "w": 1.0}, 0.1) == 0
    assert TURNS.spaces.action.contains(held.action({"a": 1.0}, 0.1))


def test_sticks_and_triggers_act_at_once_until_they_are_let_go() -> None:
    held = HeldKeys(AXIS)
    sticks = {"left", "right"}
    for amount in (0.25, 1.0, 0.5):
        assert held.action({"left": amount}, 0.0, sticks)[0] == amount
    assert held.action({"right": 0.5}, 0.0, sticks)[0] == -0.25  # of the key's value
    assert held.action({}, 0.0, ())[0] == 0.0
    assert held.action({"left": 1.0}, 0.125)[0] == 0.25  # and a key of a keyboard rises again


def test_an_axis_without_rates_is_a_switch() -> None:
    held = HeldKeys(world_with(AXIS.spaces.action, PlayKey("left", 0, -0.5, "left")))
    assert [held.action(keys, 0.0)[0] for keys in ({"left": 1.0}, {})] == [-0.5, 0.0]


def test_buttons_and_turns_count_from_half_way_on() -> None:
    chord = HeldKeys(BUTTONS).action({"f1": 0.5, "f2": 0.49}, 0.05)
    assert chord.tolist() == [1] + [0] * 11
    assert HeldKeys(TURNS).action({"w": 0.5, "s": 0.49}, 0.1) == 0
    assert HeldKeys(TURNS).action({"w": 0.49}, 0.1) is None


def test_two_controls_of_one_button_press_it_once() -> None:
    button = PlayKey("a", 0, 1.0, "fire")
    world = world_with(gym.spaces.MultiBinary(1), button, replace(button, key="b"))
    assert HeldKeys(world).action({"a": 1.0, "b": 1.0}, 0.05).tolist() == [1]
    assert HeldKeys(world).action({"a": 0.3, "b": 0.3}, 0.05).tolist() == [0]
