"""Loops over chunks give what a plain loop gives, whatever the number of threads."""

import numpy as np
import pytest

from fitting.drape.chunks import in_chunks
from fitting.drape.jit import njit, njit_part, use_threads


@njit_part
def _square_part(first, last, values, out):
    for i in range(first, last):
        out[i] = values[i] * values[i]
    total = 0.0
    for i in range(first, last):
        total += out[i]
    return total


@njit
def _squares(n, lo, hi, values, out, sums):
    in_chunks(_square_part, lo, hi, n, sums, (values, out))


@njit
def _squares_only(n, lo, hi, values, out):
    in_chunks(_square_part, lo, hi, n, None, (values, out))


@pytest.mark.parametrize(("lo", "hi"), [(0, 1000), (17, 30), (5, 5)])
def test_every_row_is_worked_off_once_and_no_other(lo: int, hi: int):
    values, out, sums = np.linspace(-1, 2, 1000), np.zeros(1000), np.full(16, np.nan)
    _squares(16, lo, hi, values, out, sums)
    wanted = np.zeros(1000)
    wanted[lo:hi] = values[lo:hi] ** 2
    np.testing.assert_array_equal(out, wanted)
    assert sums.sum() == pytest.approx(wanted.sum(), rel=1e-12)


def test_threads_do_not_change_a_bit():
    values = np.random.default_rng(0).normal(size=5000)
    found = []
    try:
        for n_threads in (1, 2, 4):
            use_threads(n_threads)
            out, sums = np.zeros(5000), np.zeros(16)
            _squares(16, 0, 5000, values, out, sums)
            found.append(sums)
    finally:
        use_threads(None)
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])


def test_sums_may_be_left_out():
    values, out = np.arange(10.0), np.zeros(10)
    _squares_only(4, 0, 10, values, out)
    np.testing.assert_array_equal(out, values**2)
