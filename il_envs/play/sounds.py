"""The sounds of il-play: they start, change and end as a world's cues say.

A one-shot sound takes a free channel of pygame's mixer. A continuous one loops on a channel of its
own; when its pitch has changed by a quarter tone, it fades over to the loop at the new pitch.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import log2
from pkgutil import resolve_name

import pygame

from il_envs.drawing.sounds import Cue
from il_envs.play.synthesis import SOUNDS, at_pitch
from il_envs.play.waveforms import RATE
from il_envs.views import States
from il_envs.world import World

BUFFER = 512  # samples, which make 12 ms
CHANNELS = 32  # sounds at a time
FADE = 60  # ms
OCTAVE = 24  # quarter tones
SLACK = 0.75  # quarter tones by which a continuous sound may be off its pitch


def cues_of(world: World, history: States, params: States) -> tuple[Cue, ...]:
    """What is to be heard of a world after the step to the last state of the history."""
    if world.views.sounds is None:
        return ()
    cues: tuple[Cue, ...] = resolve_name(world.views.sounds)(history, params)
    return cues


@dataclass
class Voice:
    """A continuous sound that is heard."""

    channel: pygame.mixer.Channel
    pitch: int  # quarter tones


class Sounds:
    """Plays cues through pygame's mixer, which `open` or the first cue opens.

    Whatever goes wrong costs a line on stderr and the sound, never the game.

    Attributes:
        is_muted: whether cues are ignored.
    """

    def __init__(self, is_muted: bool = False) -> None:
        self.is_muted = is_muted
        self._is_open = False
        self._has_failed = False
        self._unknown: set[str] = set()
        self._rendered: dict[tuple[str, int], pygame.mixer.Sound] = {}
        self._voices: dict[str, Voice] = {}

    def open(self) -> None:
        """Open the mixer, and render all that would hold up a frame later.

        It takes a tenth of a second. The first cue does it too, which is soon enough in a menu and
        too late in a fight.
        """
        if self._is_open or self._has_failed:
            return
        try:
            pygame.mixer.quit()  # somebody else's would have another format
            pygame.mixer.init(RATE, -16, 1, BUFFER, allowedchanges=0)
            pygame.mixer.set_num_channels(CHANNELS)
        except (pygame.error, NotImplementedError) as error:  # the latter if there is no mixer
            self._give_up(error)
            return
        self._is_open = True
        for name, sound in SOUNDS.items():
            pitches = range(-OCTAVE, OCTAVE + 1) if sound.is_continuous else (0,)
            for pitch in pitches:
                self._sound(name, pitch)

    def play(self, cues: Iterable[Cue]) -> None:
        """Play what is to be heard after a step; continuous sounds that it does not name end."""
        continuous = {}
        for cue in cues:
            if cue.name in SOUNDS and SOUNDS[cue.name].is_continuous:
                continuous[cue.name] = cue
            else:
                self.once(cue)
        if not self._is_ready(bool(continuous)):
            return
        with self._or_give_up():
            for name in self._voices.keys() - continuous.keys():
                _end(self._voices.pop(name).channel)
            for cue in continuous.values():
                self._go_on(cue)

    def once(self, cue: Cue) -> None:
        """Play a one-shot sound, and let the others sound on; one more than fit is not heard."""
        if cue.name not in SOUNDS:
            if cue.name not in self._unknown:
                self._unknown.add(cue.name)
                print(f"il-play: there is no sound called {cue.name!r}", file=sys.stderr)
            return
        if not self._is_ready(True):
            return
        with self._or_give_up():
            channel = self._sound(cue.name, round(_quarter_tones(cue.pitch))).play()
            if channel is not None:
                channel.set_volume(_volume(cue))

    def pause(self) -> None:
        """Let continuous sounds fade; they are back with the next step that names them."""
        self.play(())

    def mute(self) -> None:
        """Switch the sound off, or on again."""
        self.pause()
        if self._is_ready(False):
            with self._or_give_up():
                pygame.mixer.fadeout(FADE)
        self.is_muted = not self.is_muted

    def close(self) -> None:
        """End every sound and give the audio device back."""
        self._voices.clear()
        self._rendered.clear()
        if self._is_open:
            pygame.mixer.quit()
        self._is_open = False

    def _go_on(self, cue: Cue) -> None:
        """Start or continue a continuous sound."""
        voice, pitch = self._voices.get(cue.name), _quarter_tones(cue.pitch)
        if voice is not None and abs(pitch - voice.pitch) < SLACK:
            voice.channel.set_volume(_volume(cue))
            return
        channel = pygame.mixer.find_channel()
        if channel is None:
            return
        channel.set_volume(_volume(cue))  # which the fade leads to
        channel.play(self._sound(cue.name, round(pitch)), loops=-1, fade_ms=FADE)
        if voice is not None:
            _end(voice.channel)
        self._voices[cue.name] = Voice(channel, round(pitch))

    def _sound(self, name: str, quarter_tones: int) -> pygame.mixer.Sound:
        """A sound at a pitch, rendered when it is first needed."""
        key = name, quarter_tones
        if key not in self._rendered:
            rendered = at_pitch(name, 2.0 ** (quarter_tones / OCTAVE))
            self._rendered[key] = pygame.mixer.Sound(buffer=rendered.tobytes())
        return self._rendered[key]

    def _is_ready(self, is_needed: bool) -> bool:
        """Whether sounds can be played; opens the mixer if there is something to play."""
        if self.is_muted or self._has_failed:
            return False
        if not self._is_open and is_needed:
            self.open()
        elif self._is_open and pygame.mixer.get_init() is None:  # or the next sound would crash
            self._give_up("the mixer has been closed")
        return self._is_open

    @contextmanager
    def _or_give_up(self) -> Iterator[None]:
        """Go on without sound if the mixer fails."""
        try:
            yield
        except pygame.error as error:
            self._give_up(error)

    def _give_up(self, why: object) -> None:
        """Go on without sound, and say so once."""
        print(f"il-play: no sound, the game goes on without: {why}", file=sys.stderr)
        self._has_failed, self._is_open = True, False
        self._voices.clear()


def _end(channel: pygame.mixer.Channel) -> None:
    """Let a channel fade; one that is at volume 0, for which SDL ignores that, stops at once."""
    if channel.get_volume() > 0.0:
        channel.fadeout(FADE)
    else:
        channel.stop()


def _volume(cue: Cue) -> float:
    return min(max(0.0, cue.volume), 1.0)


def _quarter_tones(pitch: float) -> float:
    """A pitch as quarter tones above the sound's own, within an octave."""
    return OCTAVE * log2(min(max(0.5, pitch), 2.0))
