"""ViT and what it reads: patches, a small task that it learns, mazes with their best moves, tones at their pitch."""

import numpy as np

from clova_jax import lecture
from clova_jax.lecture import maze, tones
from clova_jax.model import init_params
from clova_jax.tuning import TuneOptions


def test_patches_are_squares_row_by_row():
    picture = np.arange(32, dtype=np.float32).reshape(1, 4, 8, 1)
    found = lecture.cut_patches(picture, 2)
    assert found.shape == (1, 8, 4)
    assert found[0, 1].tolist() == [2, 3, 10, 11]
    assert found[0, 4].tolist() == [16, 17, 24, 25]


def test_a_vit_learns_where_the_only_lit_patch_is():
    config = lecture.ViTConfig(1, 16, 2, vocab_size=4, max_length=5, patch_dim=1)
    labels = np.arange(64) % 4
    patches = np.eye(4, dtype=np.float32)[labels][:, :, None]
    arrays = {"patches": patches, "labels": labels}
    options = TuneOptions(steps=150, evaluate_every=50, learning_rate=1e-2)
    rows = lecture.Rows(arrays, 16)
    tuned = lecture.fit(lecture.label_loss, config, init_params(config), rows, [arrays], options)
    assert (lecture.classify(tuned.trainable, config, patches) == labels).all()


def test_the_best_moves_lead_to_the_goal_and_no_walker_enters_a_wall():
    mazes, best, steps = maze.draw_mazes(20, 0)
    assert best.any(axis=1).all()

    def wise(now):
        moves = []
        for one in now:
            walls, goal = one[..., 2] > 0, tuple(np.argwhere(one[..., 1])[0])
            walker, away = np.argwhere(one[..., 0])[0], maze.distances(one[..., 2] > 0, goal)
            cells = [tuple(walker + move) for move in maze.MOVES]
            ranks = [
                away[c] if all(0 <= a < maze.SIZE for a in c) and not walls[c] else 99
                for c in cells
            ]
            moves.append(int(np.argmin(ranks)))
        return np.array(moves)

    places = maze.walk(mazes, wise, int(steps.max()))
    goals = np.argwhere(mazes[..., 1])[:, 1:]
    for number, count in enumerate(steps):
        assert (places[count][number] == goals[number]).all()
        assert (places[count - 1][number] != goals[number]).any()
    astray = maze.walk(mazes, lambda now: np.zeros(len(now), int), 9)
    for now in astray:
        assert not mazes[np.arange(20), now[:, 0], now[:, 1], 2].any()


def test_a_tone_is_found_at_its_pitch():
    samples, kinds = tones.draw_tones(40, 0, noise=0.0)
    pictures = tones.spectrogram(samples)
    assert pictures.shape == (40, tones.SAMPLES // tones.WINDOW, tones.WINDOW // 2 + 1)
    peaks = pictures.argmax(axis=2) * tones.RATE / tones.WINDOW
    assert (np.abs(peaks - 900) < 560).all()
    change = peaks[:, -1] - peaks[:, 0]
    names = np.array(tones.NAMES)[kinds]
    assert (change[names == "rising"] > 100).all()
    assert (change[names == "falling"] < -100).all()
    assert (np.ptp(peaks[names == "steady"], axis=1) <= tones.RATE / tones.WINDOW).all()
