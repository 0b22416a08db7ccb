"""What a case is found by, kept by the database itself: see the triggers in migration `search`."""

from __future__ import annotations

from bisect import bisect_left
from itertools import takewhile
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models

from tickets.models.case import Case
from tickets.models.queue import Queue

if TYPE_CHECKING:
    from tickets.models.people import User


# The words that the database knows to be common, and how common each is.
_COMMON = """
SELECT word, share FROM pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) e(word, share)
WHERE s.schemaname = current_schema() AND s.tablename = 'tickets_casewords' AND s.attname = 'words'
    -- Behind the shares of the words stand three that belong to none.
    AND word IS NOT NULL
ORDER BY word COLLATE "C"
"""
MOST_COMMON = 60
# Seconds. They change with the next ANALYZE, and taking the statistics apart costs more than a search does.
KEPT = 300


class _CommonWords:
    """The common words of each database that this process has asked, in order, for a few minutes."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[float, list[str], list[float]]] = {}

    def __call__(self, beginning: str) -> list[str]:
        name = connection.settings_dict["NAME"]
        if name not in self.known or self.known[name][0] < monotonic():
            self.known[name] = self._read()
        _until, words, shares = self.known[name]
        first = bisect_left(words, beginning)
        found = takewhile(lambda place: words[place].startswith(beginning), range(first, len(words)))
        return [words[place] for place in sorted(found, key=lambda place: -shares[place])[:MOST_COMMON]]

    def _read(self) -> tuple[float, list[str], list[float]]:
        with connection.cursor() as cursor:
            cursor.execute(_COMMON)
            rows = cursor.fetchall()
        return monotonic() + KEPT, [word for word, _share in rows], [share for _word, share in rows]

    def forget(self) -> None:
        self.known.clear()


common_words = _CommonWords()


class CaseWordsManager(models.Manager["CaseWords"]):
    def newest_cases(self, likely: str, whole: str, *, user: User, enough: int, most: int) -> set[int]:
        """The numbers of the newest cases that match a tsquery, among those behind the doors that `user` may open.

        The doors only spare us to fetch what she may not read: who takes the numbers asks `Case.visible_to` again.
        `likely` is asked first, of the newest; where that is not `enough`, `whole` is asked of all.
        """
        with connection.cursor() as cursor:
            values = [likely, whole, self._doors_of(user), enough, most]
            cursor.execute("SELECT desk_find_cases(%s::tsquery, %s::tsquery, %s, %s, %s)", values)
            return {number for (number,) in cursor.fetchall()}

    def stems_of(self, words: list[str]) -> dict[str, list[str]]:
        """What each word is looked up by: as it is written, and its stem in every language of the desk."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT w, tsvector_to_array(desk_words(w)) FROM unnest(%s::text[]) w", [words])
            return dict(cursor.fetchall())

    def common_words(self, beginning: str) -> list[str]:
        """The common words that begin so, the commonest first. None where there are only seldom ones, or the desk is small."""
        return common_words(beginning)

    def _doors_of(self, user: User) -> list[int] | None:
        if user.sees_everything:
            return None
        queues: Any = Queue.objects.filter(teams=user.team_id) if user.team_id else Queue.objects.none()
        return [-user.pk, *queues.values_list("pk", flat=True)]


class CaseWords(models.Model):
    """The words of a case: its subject, its customer's name and all that was written, in one row of a slim table.

    One row a case and not one a message, so that two words find a case though they stand in two of its messages.
    """

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="+")
    words = SearchVectorField()
    # Who may read it: its queue as it is, and its owner with a minus sign.
    doors = ArrayField(models.BigIntegerField())
    # Which thousands of the numbers it is among, so that one index answers what, for whom, and among the newest.
    shelf = ArrayField(models.BigIntegerField())

    objects = CaseWordsManager()

    class Meta:
        verbose_name = "case words"
        verbose_name_plural = "case words"
        indexes = [
            # Search. The pending list is read from end to end by every search, so it is kept short.
            GinIndex(fields=["words", "doors", "shelf"], name="case_words", gin_pending_list_limit=1024),
        ]

    def __str__(self) -> str:
        return f"#{self.case_id}"
