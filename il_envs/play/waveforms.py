"""What sounds are made of: oscillators, noise, envelopes and simple filters.

A waveform is float64 [samples]. Nothing is random: noise comes from a bit generator with a fixed
seed, whose stream NumPy guarantees.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Wave = NDArray[np.float64]

RATE = 44_100  # samples/s
LOOP = 0.5  # s, of a continuous sound; a whole number of periods of everything in it
LOOP_TOP = 8_000.0  # Hz, above which a continuous sound has nothing


def times(seconds: float) -> Wave:
    """The times of the samples, s."""
    return np.arange(round(RATE * seconds)) / RATE


def uniform(count: int, seed: int) -> Wave:
    """Pseudorandom numbers from -1 to 1, [count]."""
    return np.random.PCG64(seed).random_raw(count) / 2.0**63 - 1.0


def noise(seconds: float, seed: int, low: float, high: float) -> Wave:
    """White noise, filtered to what lies between two frequencies (Hz)."""
    sections = signal.butter(2, (low, high), "bandpass", fs=RATE, output="sos")
    filtered: Wave = signal.sosfilt(sections, uniform(round(RATE * seconds), seed))
    return filtered / np.abs(filtered).max()


def tone(frequency: float, seconds: float, phase: float = 0.0) -> Wave:
    """A sine; the phase is in periods."""
    return np.sin(2.0 * np.pi * (frequency * times(seconds) + phase))


def sweep(start: float, end: float, seconds: float) -> Wave:
    """A sine whose frequency (Hz) glides, by equal ratios in equal times."""
    frequency = start * (end / start) ** (times(seconds) / seconds)
    return np.sin(2.0 * np.pi * np.cumsum(frequency) / RATE)


def rough(waveform: Wave, drive: float = 4.0) -> Wave:
    """Overdriven, which adds harmonics."""
    return np.tanh(drive * waveform)


def fall(seconds: float, time: float, attack: float = 0.002) -> Wave:
    """An envelope that rises within `attack` and decays to 1/e in each `time` (s)."""
    t = times(seconds)
    return np.minimum(t / attack, 1.0) * np.exp(-np.maximum(t - attack, 0.0) / time)


def after(delay: float, waveform: Wave, seconds: float) -> Wave:
    """A waveform that begins after a delay, in silence of so many seconds."""
    whole, begin = np.zeros(round(RATE * seconds)), round(RATE * delay)
    end = min(begin + waveform.size, whole.size)
    whole[begin:end] = waveform[: end - begin]
    return whole


def tune(frequencies: tuple[float, ...], spacing: float, time: float, seconds: float) -> Wave:
    """Notes with a soft octave above, one each `spacing` (s), decaying to 1/e in `time` (s)."""
    whole = np.zeros(round(RATE * seconds))
    for k, frequency in enumerate(frequencies):
        left = seconds - k * spacing
        note = tone(frequency, left) + 0.35 * tone(2.0 * frequency, left)
        whole += after(k * spacing, note * fall(left, time, 0.005), seconds)
    return whole


def bell(frequencies: tuple[float, ...], time: float, seconds: float) -> Wave:
    """Partials struck together, the higher the shorter."""
    parts = [
        tone(frequency, seconds) * fall(seconds, time * frequencies[0] / frequency, 0.001)
        for frequency in frequencies
    ]
    return np.sum(parts, axis=0)


def loop_noise(seed: int, low: float, high: float) -> Wave:
    """Noise between two frequencies (Hz) that repeats itself without a seam."""
    frequency = np.fft.rfftfreq(round(RATE * LOOP), 1.0 / RATE)
    rise = 1.0 / (1.0 + (low / np.maximum(frequency, 1.0)) ** 4)
    amplitude = np.where(frequency < LOOP_TOP, rise / (1.0 + (frequency / high) ** 4), 0.0)
    amplitude[0] = 0.0
    phases = np.pi * uniform(frequency.size, seed)
    waveform: Wave = np.fft.irfft(amplitude * np.exp(1j * phases))
    return waveform / np.abs(waveform).max()
