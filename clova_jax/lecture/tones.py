"""Draws synthetic tones, and turns a sound into the picture that a model of pictures hears it in: its spectrogram."""

import numpy as np
from jaxtyping import Float, Float32, Int

RATE = 4_000  # samples a second
SAMPLES = 2_048
WINDOW = 128  # samples of a moment
NAMES = ("steady", "rising", "falling", "wavering")


def draw_tones(
    count: int, seed: int, noise: float = 0.5
) -> tuple[Float[np.ndarray, "n SAMPLES"], Int[np.ndarray, "n"]]:
    """Draws tones of half a second in noise: of one pitch, rising, falling, or wavering.

    All four kinds have the same pitches, 400 to 1,400 Hz, so that what a tone is lies in the order of its moments.

    Args:
        count: tones.
        seed: of all that is drawn.
        noise: standard deviation of the noise; that of a tone is 0.7.

    Returns:
        The samples, and the number of each tone's kind in `NAMES`.
    """
    random = np.random.default_rng(seed)
    kinds = random.integers(0, len(NAMES), count)
    time = np.linspace(0, 1, SAMPLES)
    middle, reach = random.uniform(700, 1100, count), random.uniform(100, 300, count)
    turns, begins = random.uniform(1, 3, count), random.uniform(0, 2 * np.pi, count)
    wave = np.sin(2 * np.pi * turns[:, None] * time + begins[:, None])
    shapes = np.stack([0 * wave, 0 * wave + 2 * time - 1, 0 * wave + 1 - 2 * time, wave])
    pitch = middle[:, None] + reach[:, None] * shapes[kinds, np.arange(count)]
    # A steady tone takes any of the pitches that others pass.
    pitch += np.where(kinds == 0, random.uniform(-300, 300, count), 0)[:, None]
    phase = 2 * np.pi * np.cumsum(pitch, axis=1) / RATE + begins[:, None]
    return np.sin(phase) + noise * random.standard_normal(phase.shape), kinds


def spectrogram(
    samples: Float[np.ndarray, "n S"],
) -> Float32[np.ndarray, "n moments bins"]:
    """Returns the logarithm of 1 and the power of each frequency in each moment; moments do not overlap, bins are `RATE / WINDOW` Hz apart."""
    moments = samples.reshape(len(samples), -1, WINDOW) * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(moments, axis=2)) ** 2
    return np.log1p(power).astype(np.float32)
