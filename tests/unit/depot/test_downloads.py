"""Downloads at the same time are one line: how many, and the bytes of all."""

import pytest

from torchard.depot.downloads import Downloads


@pytest.fixture
def reported():
    """What is reported."""
    return []


@pytest.fixture
def downloads(reported):
    """Downloads that report to a list."""
    return Downloads(lambda *what: reported.append(what))


def test_the_bytes_of_all_are_known_before_the_first_one_comes(downloads, reported):
    """So a percentage does not go back when the next one begins."""
    downloads.expect([("1", "a.whl", 10), ("2", "b.whl", 30)])
    downloads.count("1", "a.whl", 5, 10)
    downloads.count("2", "b.whl", 30, 30)
    downloads.count("1", "a.whl", 10, 10)
    assert reported == [("2 files", 5, 40), ("2 files", 35, 40), ("2 files", 40, 40)]


def test_one_alone_has_its_name(downloads, reported):
    """Also one that nobody expected, such as a damaged file that is fetched again."""
    downloads.count("1", "a.whl", 5, 10)
    assert reported == [("a.whl", 5, 10)]


def test_one_of_unknown_size_is_not_added_up(downloads, reported):
    """Its bytes have no share in a whole."""
    downloads.expect([("1", "a.whl", 10)])
    downloads.count("2", "page.html", 17, 0)
    assert reported == [("page.html", 17, 0)]


def test_what_another_process_has_fetched_is_complete(downloads, reported):
    """Or the line would stay there."""
    downloads.expect([("1", "a.whl", 10)])
    downloads.finish("1")
    downloads.finish("1")
    downloads.finish("2")
    assert reported == [("a.whl", 10, 10)]


def test_after_the_last_one_the_count_begins_again(downloads, reported):
    """The next Mac may need files an hour later."""
    downloads.count("1", "a.whl", 10, 10)
    downloads.expect([("2", "b.whl", 30)])
    downloads.count("2", "b.whl", 3, 30)
    assert reported[-1] == ("b.whl", 3, 30)


def test_what_is_not_fetched_any_more_is_not_waited_for(downloads, reported):
    """What is complete stays in the count, as its bytes have come."""
    downloads.expect([("1", "a.whl", 10), ("2", "b.whl", 30)])
    downloads.count("1", "a.whl", 10, 10)
    downloads.abandon(["1", "2", "3"])
    downloads.abandon(["2"])
    assert reported[1:] == [("a.whl", 10, 10)]
