"""The n-gram against arithmetic by hand, and against what every distribution keeps to."""

import collections

import numpy as np
import pytest

from kerasrecipes.recipes.tasks import ngram


def test_a_unigram_by_hand():
    # a a b a: N(a) = 3, N(b) = 1, n1 = 1, n2 = 0: D = 1.5 / 2 = 3/4; three letters, so 1/3 below.
    gram = ngram.NGram([0, 0, 1, 0], 1, 3)
    left = 0.75 * 2 / 4 / 3
    expected = [(3 - 0.75) / 4 + left, (1 - 0.75) / 4 + left, left]
    found = gram.probabilities([0, 0, 1, 2])
    np.testing.assert_allclose(found, expected)
    assert sum(expected) == pytest.approx(1)


def test_a_bigram_by_hand():
    # a b a c a b: bigrams ab 2, ba 1, ac 1, ca 1.
    a, b, c = range(3)
    gram = ngram.NGram([a, b, a, c, a, b], 2, 3)
    # Before a stand b and c, before b only a, before c only a: continuations 2, 1, 1 of 4.
    low_discount = (2 + 0.5) / (2 + 2 * 1 + 1)
    floor = low_discount * 3 / 4 / 3
    low = {a: (2 - low_discount) / 4 + floor, b: (1 - low_discount) / 4 + floor}
    low[c] = low[b]
    assert sum(low.values()) == pytest.approx(1)
    # n1 = 3, n2 = 1 among bigrams; after a: b twice, c once.
    discount = (3 + 0.5) / (3 + 2 + 1)
    after_a = {
        a: discount * 2 / 3 * low[a],
        b: (2 - discount) / 3 + discount * 2 / 3 * low[b],
        c: (1 - discount) / 3 + discount * 2 / 3 * low[c],
    }
    assert sum(after_a.values()) == pytest.approx(1)
    for letter, wanted in after_a.items():
        np.testing.assert_allclose(gram.probabilities([a, letter]), [wanted])


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_probabilities_of_all_letters_sum_to_one(order):
    generator = np.random.default_rng(order)
    vocabulary_size = 7
    gram = ngram.NGram(generator.integers(0, 6, 200), order, vocabulary_size)
    for _ in range(20):
        context = generator.integers(0, vocabulary_size, order - 1)
        total = sum(
            gram.probabilities([0, *context, letter])[-1] for letter in range(vocabulary_size)
        )
        assert total == pytest.approx(1)


def test_it_agrees_with_counting_in_dictionaries():
    generator = np.random.default_rng(0)
    ids = generator.integers(0, 4, 300).tolist()
    test = generator.integers(0, 5, 50).tolist()
    size, order = 5, 3
    seen = collections.Counter(tuple(ids[i : i + order]) for i in range(len(ids) - order + 1))
    levels = [seen]
    for _ in range(order - 1):
        levels.insert(0, collections.Counter(gram[1:] for gram in levels[0]))

    def probability(context, letter):
        if len(context) == order:
            context = context[1:]
        below = probability(context[1:], letter) if context else 1 / size
        counts = levels[len(context)]
        values = list(counts.values())
        discount = (values.count(1) + 0.5) / (values.count(1) + 2 * values.count(2) + 1)
        followers = {gram[-1]: n for gram, n in counts.items() if gram[:-1] == context}
        total = sum(followers.values())
        if not total:
            return below
        kept = max(followers.get(letter, 0) - discount, 0)
        return (kept + discount * len(followers) * below) / total

    expected = [
        probability(tuple(test[max(0, i - order + 1) : i]), test[i]) for i in range(1, len(test))
    ]
    found = ngram.NGram(ids, order, size).probabilities(test)
    np.testing.assert_allclose(found, expected)


def test_a_uniform_text_costs_the_logarithm_of_its_letters():
    ids = np.random.default_rng(0).integers(0, 8, 60_000)
    gram = ngram.NGram(ids[:50_000], 1, 8)
    assert gram.bits_per_character(ids[50_000:]) == pytest.approx(3, abs=0.01)


def test_the_order_is_chosen_on_the_validation_text():
    generator = np.random.default_rng(0)
    # The next is the sum of the last two: two characters of context decide everything.
    ids = generator.integers(0, 5, 2).tolist()
    while len(ids) < 4_000:
        ids.append((ids[-1] + ids[-2] + int(generator.random() < 0.1)) % 5)
    gram = ngram.chosen(np.array(ids[:3_000]), np.array(ids[3_000:]), 5)
    # Two characters decide; what a third adds is chance.
    assert gram.order in (3, 4)
    assert ngram.NGram(ids[:3_000], 2, 5).bits_per_character(ids[3_000:]) > 2
    entropy = -0.9 * np.log2(0.9) - 0.1 * np.log2(0.1)
    assert gram.bits_per_character(ids[3_000:]) == pytest.approx(entropy, abs=0.1)


def test_an_order_fits_into_a_number_of_63_bits():
    assert ngram.highest_order(104) == 8
    assert 65_535.0 ** ngram.highest_order(65_535) < 2.0**63
