"""An n-gram: counts of what followed the last characters, smoothed as Kneser and Ney did."""

from __future__ import annotations

import math

import numpy as np

# Of a longer text the end is counted: counting takes some 100 bytes a character and order.
MOST_CHARACTERS = 10_000_000
HIGHEST_ORDER = 8
# Of the validation text so much chooses the order; it is exact to some hundredths of a bit by then.
MOST_TO_CHOOSE_BY = 100_000


class NGram:
    """An interpolated n-gram of ids with Kneser-Ney smoothing.

    The probability of a character after its context h of the last n - 1 characters is

        p(c | h) = max(N(h c) - D, 0) / N(h) + D * T(h) / N(h) * p(c | h')

    with N(h c) how often c followed h, N(h) its sum over c, T(h) how many different characters
    followed h, h' the context without its first character, and 1 / vocabulary_size behind the
    shortest. Below the highest order N(h c) is not how often h c stands in the text, but how many
    different characters stand before it. D = (n1 + 1/2) / (n1 + 2 n2 + 1), where n1 and n2 are how
    many N(h c) are 1 and 2. A context that was never seen leaves the next shorter one's answer.

    Source: Kneser and Ney 1995, "Improved backing-off for m-gram language modeling"; Chen and
    Goodman 1999, "An empirical study of smoothing techniques for language modeling", equations 11
    and 12 (whose D has no 1/2 and 1, which keep it inside (0, 1) for tiny texts).

    Attributes:
        order: int >= 1, how many characters an n-gram has.
        vocabulary_size: int >= 1.
    """

    def __init__(self, ids, order, vocabulary_size):
        """Count.

        Args:
            ids: int array `(num_characters,)` in [0, vocabulary_size), longer than `order`.
            order: int >= 1, at most `highest_order(vocabulary_size)`.
            vocabulary_size: int >= 1.
        """
        self.order, self.vocabulary_size = order, vocabulary_size
        grams, counts = np.unique(self._codes(ids, order), return_counts=True)
        tables = [_Table(grams, counts, vocabulary_size)]
        for size in range(order - 1, 0, -1):
            # Of each longer n-gram that was seen once or more, what is left without its first.
            shorter = grams % vocabulary_size**size
            grams, counts = np.unique(shorter, return_counts=True)
            tables.append(_Table(grams, counts, vocabulary_size))
        self._tables = tables[::-1]

    def probabilities(self, ids):
        """Return the probability of each character but the first after those before it.

        Args:
            ids: int array `(num_characters,)`.

        Returns:
            A float64 array `(num_characters - 1,)`.
        """
        found = np.full(len(ids), 1 / self.vocabulary_size)
        for size, table in enumerate(self._tables, 1):
            found[size - 1 :] = table.interpolated(self._codes(ids, size), found[size - 1 :])
        return found[1:]

    def bits_per_character(self, ids):
        """Return the mean of -log2 p over the characters of a text but the first, a float."""
        return float(-np.log2(self.probabilities(ids)).mean())

    def _codes(self, ids, size):
        """Return each n-gram of a text as one number, in the order of the text."""
        ids = np.asarray(ids)
        num_grams = max(0, len(ids) - size + 1)
        codes = np.zeros(num_grams, np.int64)
        for place in range(size):
            codes = codes * self.vocabulary_size + ids[place : place + num_grams]
        return codes


class _Table:
    """The counts of the n-grams of one order, sorted by their codes."""

    def __init__(self, grams, counts, vocabulary_size):
        self.vocabulary_size = vocabulary_size
        self.grams, self.counts = grams, counts
        contexts = grams // vocabulary_size
        first = np.flatnonzero(np.diff(contexts, prepend=-1))
        self.contexts = contexts[first]
        self.totals = np.add.reduceat(counts, first)
        self.num_followers = np.diff(np.append(first, len(grams)))
        once, twice = (np.count_nonzero(counts == number) for number in (1, 2))
        self.discount = (once + 0.5) / (once + 2 * twice + 1)

    def interpolated(self, codes, shorter):
        counts = _look_up(self.grams, self.counts, codes)
        contexts = codes // self.vocabulary_size
        totals = _look_up(self.contexts, self.totals, contexts)
        left = self.discount * _look_up(self.contexts, self.num_followers, contexts) * shorter
        seen = np.maximum(counts - self.discount, 0) + left
        return np.where(totals > 0, seen / np.maximum(totals, 1), shorter)


def highest_order(vocabulary_size):
    """Return the highest order whose n-grams fit into 63 bits, at most `HIGHEST_ORDER`."""
    return min(HIGHEST_ORDER, int(63 / math.log2(max(vocabulary_size, 2))))


def chosen(training, validation, vocabulary_size):
    """Return the n-gram whose order predicts a validation text best.

    Args:
        training: int array of ids; of a text of more than 10 million characters its end is counted.
        validation: int array of ids; its first 100,000 choose.
        vocabulary_size: int >= 1.
    """
    training = np.asarray(training[-MOST_CHARACTERS:])
    validation = np.asarray(validation[:MOST_TO_CHOOSE_BY])
    orders = range(1, min(highest_order(vocabulary_size), len(training)) + 1)
    grams = (NGram(training, order, vocabulary_size) for order in orders)
    return min(grams, key=lambda gram: gram.bits_per_character(validation))


def _look_up(keys, values, wanted):
    """Return the values of sorted keys, 0 for those that are not there."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
