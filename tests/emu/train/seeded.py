# SPDX-License-Identifier: MIT
"""The random numbers of training (runtime/random.h), made here anew."""

MASK, GOLDEN = 2**64 - 1, 0x9E3779B97F4A7C15


def splitmix(state):
    """One number and the state behind it, as Vigna published the generator."""
    state = (state + GOLDEN) & MASK
    z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31, state


def stream(seed, number):
    """Where the numbers begin that belong to a seed and a number."""
    return splitmix(splitmix(seed)[0] ^ number)[0]


def below(state, n):
    """A number below n and the state behind it."""
    z, state = splitmix(state)
    return z * n >> 64, state
