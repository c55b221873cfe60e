"""Draws small mazes and the best move in each, for a policy that learns by imitation.

A cell of the maze is a patch for `ViT`: whether the walker, the goal or a wall is there.
"""

from collections import deque
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float32, Int

SIZE = 5  # cells a side
WALLS = 5
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
NAMES = ("up", "right", "down", "left")
Mazes = Float32[np.ndarray, "n SIZE SIZE 3"]  # walker, goal, walls


def distances(walls: Bool[np.ndarray, "H W"], goal: tuple[int, int]) -> Int[np.ndarray, "H W"]:
    """Returns the fewest moves from each cell to the goal; -1 where no way leads there."""
    found = np.full(walls.shape, -1)
    found[goal] = 0
    queue = deque([goal])
    while queue:
        row, column = queue.popleft()
        for down, right in MOVES:
            cell = row + down, column + right
            if _is_free(walls, cell) and found[cell] < 0:
                found[cell] = found[row, column] + 1
                queue.append(cell)
    return found


def draw_mazes(
    count: int, seed: int
) -> tuple[Mazes, Bool[np.ndarray, "n 4"], Int[np.ndarray, "n"]]:
    """Draws mazes whose goal can be reached.

    Returns:
        The mazes, which of the four moves are the best in each, and the fewest moves to the goal.
    """
    random = np.random.default_rng(seed)
    mazes, best, steps = [], [], []
    while len(mazes) < count:
        cells = random.permutation(SIZE * SIZE)[: WALLS + 2]
        walls = np.zeros((SIZE, SIZE), bool)
        walls.flat[cells[2:]] = True
        walker, goal = (divmod(int(cell), SIZE) for cell in cells[:2])
        away = distances(walls, goal)
        if away[walker] < 1:
            continue
        maze = np.zeros((SIZE, SIZE, 3), np.float32)
        maze[walker][0], maze[goal][1], maze[..., 2] = 1, 1, walls
        nearer = [_next(walls, walker, move) for move in range(len(MOVES))]
        mazes.append(maze)
        best.append([away[cell] < away[walker] for cell in nearer])
        steps.append(away[walker])
    return np.stack(mazes), np.array(best), np.array(steps)


def walk(
    mazes: Mazes, policy: Callable[[Mazes], Int[np.ndarray, "n"]], most: int
) -> list[Int[np.ndarray, "n 2"]]:
    """Lets a policy walk in all mazes at once; a walker stands still before a wall, and on the goal.

    Args:
        mazes: where the walkers stand; not changed.
        policy: the move of each maze.
        most: moves.

    Returns:
        Row and column of each walker, at the start and after each move.
    """
    mazes, walls = mazes.copy(), mazes[..., 2] > 0
    places = [np.argwhere(mazes[..., 0])[:, 1:]]
    goals = np.argwhere(mazes[..., 1])[:, 1:]
    for _ in range(most):
        moves, here = policy(mazes), places[-1].copy()
        for number in np.flatnonzero((here != goals).any(axis=1)):
            here[number] = _next(walls[number], tuple(here[number]), int(moves[number]))
        mazes[..., 0] = 0
        mazes[np.arange(len(mazes)), here[:, 0], here[:, 1], 0] = 1
        places.append(here)
    return places


def _next(walls: np.ndarray, cell: tuple[int, int], move: int) -> tuple[int, int]:
    down, right = MOVES[move]
    wanted = cell[0] + down, cell[1] + right
    return wanted if _is_free(walls, wanted) else cell


def _is_free(walls: np.ndarray, cell: tuple[int, int]) -> bool:
    return all(0 <= at < SIZE for at in cell) and not walls[cell]
