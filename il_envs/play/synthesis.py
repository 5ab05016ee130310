"""The sounds of il-play, synthesised.

    python -m il_envs.play.synthesis FOLDER

writes each of them as a WAV file. A sound is a function without arguments that returns a waveform;
`samples(name)` is the same at its level, as 16-bit integers.
"""

import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from il_envs.play.waveforms import (
    LOOP,
    RATE,
    Wave,
    after,
    bell,
    fall,
    loop_noise,
    noise,
    rough,
    sweep,
    times,
    tone,
    tune,
    uniform,
)

FULL_SCALE = 32_767
SUBSONIC = 40.0  # Hz, below which a one-shot sound has next to nothing
ENDS = 0.003  # s, in which a one-shot sound fades out at its end


# One-shot sounds


def shot() -> Wave:
    blast = noise(0.16, 1, 900.0, 7000.0) * fall(0.16, 0.022)
    return blast + 0.8 * sweep(950.0, 160.0, 0.16) * fall(0.16, 0.03)


def shotgun() -> Wave:
    blast = noise(0.4, 2, 120.0, 3500.0) * fall(0.4, 0.075)
    return blast + 0.8 * sweep(220.0, 55.0, 0.4) * fall(0.4, 0.06)


def rifle() -> Wave:
    crack = noise(0.4, 3, 500.0, 9000.0) * fall(0.4, 0.04)
    echo = after(0.11, 0.3 * noise(0.29, 4, 300.0, 2500.0) * fall(0.29, 0.06, 0.01), 0.4)
    return crack + 0.7 * sweep(1700.0, 110.0, 0.4) * fall(0.4, 0.045) + echo


def launch() -> Wave:
    hiss = noise(0.5, 5, 250.0, 2200.0) * fall(0.5, 0.14, 0.03)
    return hiss + 0.5 * sweep(110.0, 340.0, 0.5) * fall(0.5, 0.1, 0.02)


def enemy_shot() -> Wave:
    return rough(sweep(620.0, 210.0, 0.18)) * fall(0.18, 0.045)


def hit() -> Wave:
    strike = 0.5 * noise(0.14, 6, 2000.0, 9000.0) * fall(0.14, 0.008)
    return strike + bell((1480.0, 2290.0, 3470.0), 0.04, 0.14)


def kill() -> Wave:
    debris = noise(0.5, 7, 150.0, 2800.0) * fall(0.5, 0.11)
    return debris + 0.6 * rough(sweep(760.0, 60.0, 0.5)) * fall(0.5, 0.13)


def explosion() -> Wave:
    blast = rough(noise(0.8, 8, 60.0, 900.0), 2.5) * fall(0.8, 0.2, 0.004)
    return blast + 0.8 * sweep(110.0, 42.0, 0.8) * fall(0.8, 0.18)


def hurt() -> Wave:
    thud = noise(0.3, 9, 100.0, 1400.0) * fall(0.3, 0.05)
    return thud + rough(sweep(260.0, 85.0, 0.3), 2.0) * fall(0.3, 0.08)


def block() -> Wave:
    return bell((590.0, 893.0, 1410.0, 2203.0), 0.12, 0.35)


def reload() -> Wave:
    click = noise(0.05, 10, 1500.0, 7000.0) * fall(0.05, 0.008, 0.001)
    clack = noise(0.08, 11, 700.0, 4000.0) * fall(0.08, 0.014, 0.001)
    return after(0.0, 0.7 * click, 0.2) + after(0.1, clack, 0.2)


def dash() -> Wave:
    return noise(0.3, 12, 500.0, 3500.0) * np.sin(np.pi * times(0.3) / 0.3) ** 2


def pickup() -> Wave:
    return tune((660.0, 990.0), 0.07, 0.1, 0.4)


def coin() -> Wave:
    return tune((1320.0, 1760.0), 0.05, 0.06, 0.25)


def alarm() -> Wave:
    return rough(tune((440.0, 349.2, 440.0, 349.2), 0.14, 0.12, 0.7), 1.5)


def gate() -> Wave:
    rush = 0.5 * noise(0.6, 13, 400.0, 4000.0) * fall(0.6, 0.12, 0.03)
    return rush + tune((523.3, 659.3, 784.0, 1046.5), 0.05, 0.13, 0.6)


def step() -> Wave:
    return noise(0.08, 14, 120.0, 900.0) * fall(0.08, 0.016)


def bump() -> Wave:
    return sweep(170.0, 70.0, 0.16) * fall(0.16, 0.04) + 0.4 * after(0.0, step(), 0.16)


def splash() -> Wave:
    spray = noise(0.6, 15, 500.0, 5000.0) * fall(0.6, 0.12, 0.015)
    return spray + after(0.1, 0.5 * sweep(300.0, 720.0, 0.2) * fall(0.2, 0.05, 0.02), 0.6)


def plunge() -> Wave:
    return rough(sweep(740.0, 90.0, 0.7), 1.5) * fall(0.7, 0.35, 0.02)


def goal() -> Wave:
    return tune((523.3, 659.3, 784.0), 0.08, 0.16, 0.6)


def crash() -> Wave:
    wreck = rough(noise(0.8, 16, 90.0, 3200.0), 2.0) * fall(0.8, 0.16)
    metal = 0.5 * bell((410.0, 733.0, 1187.0, 1931.0), 0.25, 0.8)
    return wreck + metal + 0.6 * sweep(150.0, 50.0, 0.8) * fall(0.8, 0.1)


def charge() -> Wave:
    rise = rough(sweep(220.0, 880.0, 0.25), 1.5) * (0.6 + 0.4 * tone(24.0, 0.25))
    return rise * np.sin(np.pi * times(0.25) / 0.25)


def whoosh() -> Wave:
    return noise(0.2, 17, 700.0, 2600.0) * np.sin(np.pi * times(0.2) / 0.2) ** 2


def beep() -> Wave:
    return tone(880.0, 0.14) * fall(0.14, 0.3, 0.004)


def go() -> Wave:
    return (tone(1320.0, 0.45) + 0.4 * tone(1760.0, 0.45)) * fall(0.45, 0.2, 0.004)


def click() -> Wave:
    return noise(0.04, 18, 1200.0, 6000.0) * fall(0.04, 0.005, 0.001) + bell((1900.0,), 0.01, 0.04)


def win() -> Wave:
    return tune((523.3, 659.3, 784.0, 1046.5, 784.0, 1046.5), 0.11, 0.25, 1.2)


def lose() -> Wave:
    return tune((392.0, 349.2, 311.1, 261.6), 0.17, 0.25, 1.1)


# Continuous sounds


def engine() -> Wave:
    """Harmonics of half the firing frequency of 60 Hz, the odd ones weaker, and some noise."""
    phases = 0.5 * uniform(41, 20)
    whole = np.zeros(round(RATE * LOOP))
    for k in range(1, 41):
        weight = (1.0 if k % 2 == 0 else 0.4) / (1.0 + (30.0 * k / 420.0) ** 2)
        whole += weight * tone(30.0 * k, LOOP, phases[k])
    breath = loop_noise(21, 200.0, 1800.0) * (1.0 + 0.7 * tone(60.0, LOOP))
    return whole / np.abs(whole).max() + 0.12 * breath


def squeal() -> Wave:
    """A wavering tone of rubber, and a hiss around it."""
    vibrato = 3.0 * tone(6.0, LOOP) + 1.1 * tone(14.0, LOOP)  # rad
    angle = 2.0 * np.pi * 940.0 * times(LOOP) + vibrato
    rubber = np.sin(angle) + 0.45 * np.sin(2.0 * angle) + 0.2 * np.sin(3.0 * angle)
    return rubber + 1.6 * loop_noise(22, 900.0, 2600.0)


def rumble() -> Wave:
    return loop_noise(23, 50.0, 260.0) * (1.0 + 0.6 * tone(18.0, LOOP))


def shield() -> Wave:
    hum = tone(110.0, LOOP) + 0.6 * tone(220.0, LOOP) + 0.4 * tone(332.0, LOOP)
    return hum * (1.0 + 0.3 * tone(8.0, LOOP)) + 0.5 * loop_noise(24, 1200.0, 3000.0)


@dataclass(frozen=True)
class Sound:
    """How a sound is made, and how loud it is at the volume 1."""

    make: Callable[[], Wave]
    level: float  # of the greatest amplitude, as a share of full scale
    meaning: str
    is_continuous: bool = False


SOUNDS: dict[str, Sound] = {
    "shot": Sound(shot, 0.16, "a round of the first gun"),
    "shotgun": Sound(shotgun, 0.26, "the shotgun"),
    "rifle": Sound(rifle, 0.26, "the rifle"),
    "launch": Sound(launch, 0.22, "the launcher"),
    "enemy_shot": Sound(enemy_shot, 0.12, "an enemy fires"),
    "hit": Sound(hit, 0.11, "something that was shot at is hit"),
    "kill": Sound(kill, 0.22, "an enemy is destroyed"),
    "explosion": Sound(explosion, 0.30, "a blast"),
    "hurt": Sound(hurt, 0.28, "the player is hit"),
    "block": Sound(block, 0.20, "a shield stops a bullet"),
    "reload": Sound(reload, 0.20, "rounds go into the magazine"),
    "dash": Sound(dash, 0.20, "the player dashes"),
    "pickup": Sound(pickup, 0.22, "something is picked up"),
    "coin": Sound(coin, 0.18, "a reward on the way"),
    "alarm": Sound(alarm, 0.20, "enemies come"),
    "gate": Sound(gate, 0.26, "a gate opens"),
    "step": Sound(step, 0.16, "a footstep"),
    "bump": Sound(bump, 0.24, "something is in the way"),
    "splash": Sound(splash, 0.28, "a fall into water"),
    "plunge": Sound(plunge, 0.24, "a fall into the depth"),
    "goal": Sound(goal, 0.26, "the goal is reached"),
    "crash": Sound(crash, 0.36, "the end of a car or a runner"),
    "charge": Sound(charge, 0.12, "an enemy aims"),
    "whoosh": Sound(whoosh, 0.16, "a step to the side"),
    "beep": Sound(beep, 0.25, "the countdown"),
    "go": Sound(go, 0.30, "the start"),
    "click": Sound(click, 0.20, "a choice in a menu"),
    "win": Sound(win, 0.32, "an episode ends well"),
    "lose": Sound(lose, 0.32, "an episode ends badly"),
    "engine": Sound(engine, 0.24, "a car's engine", is_continuous=True),
    "squeal": Sound(squeal, 0.13, "tyres slide", is_continuous=True),
    "rumble": Sound(rumble, 0.22, "a rough edge, or a wall that comes near", is_continuous=True),
    "shield": Sound(shield, 0.10, "a shield is up", is_continuous=True),
}
"""Every sound by its name. Levels leave room for those that a world lets sound together."""


@cache
def samples(name: str) -> NDArray[np.int16]:
    """A sound at its level, read-only, int16 [samples].

    Raises:
        KeyError: if there is no sound of that name.
    """
    sound = SOUNDS[name]
    waveform = sound.make()
    if not sound.is_continuous:
        sections = signal.butter(2, SUBSONIC, "highpass", fs=RATE, output="sos")
        waveform = signal.sosfilt(sections, waveform)
        left = np.arange(waveform.size, 0, -1) / RATE
        waveform *= np.minimum(left / ENDS, 1.0)
    scale = sound.level * FULL_SCALE / np.abs(waveform).max()
    whole: NDArray[np.int16] = np.rint(scale * waveform).astype(np.int16)
    whole.flags.writeable = False
    return whole


def at_pitch(name: str, pitch: float) -> NDArray[np.int16]:
    """A sound, `pitch` times as high and as short; a continuous one still has no seam."""
    source = samples(name)
    count = round(source.size / pitch)
    place = np.arange(count) * (source.size / count)
    index = place.astype(np.intp)
    follows = source[:1] if SOUNDS[name].is_continuous else np.zeros(1, np.int16)
    padded = np.concatenate([source, follows]).astype(np.float64)
    between = padded[index] + (place - index) * np.diff(padded)[index]
    pitched: NDArray[np.int16] = np.rint(between).astype(np.int16)
    return pitched


def write(folder: Path) -> None:
    """Write every sound to a mono WAV file of its name, 16 bit at `RATE`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SOUNDS:
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples(name).astype("<i2").tobytes())


def main(arguments: list[str]) -> int:
    """The command; returns the exit code."""
    if len(arguments) != 1:
        print("give one argument, the folder to write the sounds to", file=sys.stderr)
        return 2
    try:
        write(Path(arguments[0]))
    except OSError as error:
        print(f"cannot write the sounds: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
