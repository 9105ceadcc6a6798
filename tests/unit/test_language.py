"""The project speaks plain English: words that were taken out of its prose do not come back."""

from __future__ import annotations

import language
import pytest


def test_no_word_that_was_taken_out_comes_back():
    """Every finding names its file, its line, the word, and what to write instead."""
    found = [str(one) for name in language.files() for one in language.findings(name)]
    assert not found, "\n".join(["", *found])


def test_each_exception_is_needed():
    """An exception that no text needs any more is taken out."""
    for name, allowed in language.ALLOWED.items():
        text = (language.ROOT / name).read_text(encoding="utf-8")
        for words in allowed:
            assert words in text.lower(), name
            assert language.RULE.search(words.lower()), words


@pytest.mark.parametrize(
    "text",
    [
        "# Whoever reads this.",
        '"""It is no folder."""',
        'print(f"{name} is told nothing")',
        "def test_the_mac_was_not_reached(): ...",
        '"""First line.\n\nThe proof failed.\n"""',
    ],
)
def test_a_word_is_found_in_a_comment_a_string_and_a_tests_name(text):
    """Names in code are not prose."""
    assert any(language.RULE.search(language.lower(part)) for _, part in language.prose(text))
    code = "told = proof = anew = 1\nstands(told)\n"
    assert not list(language.prose(code))


@pytest.mark.parametrize(
    "text",
    [
        "there is no such file",
        "in order to build",
        "it is no longer there",
        "stands for numpy",
        "refused the connection",
        "improve, approve, untouched",
        language.lower("`version` is None"),
    ],
)
def test_plain_words_are_left_alone(text):
    """Only the exact words and their endings are meant."""
    assert not language.RULE.search(text)
