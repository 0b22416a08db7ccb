"""Search: cases, customers and articles by whatever somebody types, within what she may read."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import connection
from django.db.models import Func
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from tickets.intake import DEFAULT_REGION, read_address, suggest
from tickets.models import OPEN_STATUSES, Article, Case, CaseWords, Customer, Identity, User
from tickets.prepared import Prepared, among
from tickets.snippets import excerpt, marked, pattern_of

# How much of what is typed is read: longer than any search and far shorter than what would cost something.
LETTERS, WORDS = 200, 8
# So many of the newest matches are weighed against each other; with fewer than enough the old ones are looked for too.
CANDIDATES, ENOUGH = 200, 50
CASES, MANY_CASES, CUSTOMERS, ARTICLES = 20, 100, 8, 5
# A word begun by one letter would be most words.
SHORTEST_BEGINNING = 2


FOUND = Prepared(
    lambda user, numbers: (
        Case.objects.visible_to(user)
        .filter(among(Case, "number", numbers))
        .select_related("customer", "queue", "owner")
    )
)


@dataclass(frozen=True)
class Typed:
    """What somebody typed, read once."""

    text: str

    @classmethod
    def read(cls, text: str) -> Typed:
        # Half a pair of surrogates and NUL are in no text of ours, and the database takes neither.
        text = text[: LETTERS * 2].encode(errors="ignore").decode().replace("\0", " ")
        return cls(unicodedata.normalize("NFC", text)[:LETTERS].lstrip())

    @property
    def number(self) -> int | None:
        """The case's number, where it is one: "123" or "#123"."""
        digits = self.text.strip().removeprefix("#")
        return int(digits) if digits.isdecimal() and len(digits) <= 18 else None

    @property
    def is_address(self) -> bool:
        return "@" in self.text or read_address(self.text, DEFAULT_REGION) is not None

    @cached_property
    def words(self) -> list[str]:
        return [word.lower() for word in re.findall(r"[^\W_]+", self.text)][:WORDS]

    @cached_property
    def stems(self) -> list[list[str]]:
        """For each word, what it is looked up by. Empty ones were no words: an emoji, half a letter."""
        known = CaseWords.objects.stems_of(self.words) if self.words else {}
        return [known[word] for word in self.words]

    @cached_property
    def begun(self) -> str:
        """The last word, where it may still go on."""
        last = self.words[-1] if self.words else ""
        return last if self.text[-1:].isalnum() and len(last) >= SHORTEST_BEGINNING else ""

    @cached_property
    def likely(self) -> list[str]:
        return CaseWords.objects.common_words(self.begun) if self.begun else []

    @cached_property
    def query(self) -> str:
        """As PostgreSQL reads it: every word in one of its forms; the last one also as the common words that begin so."""
        return self._query([_quoted(word) for word in self.likely])

    @cached_property
    def whole_query(self) -> str:
        """The same with everything that begins as the last word does."""
        return self._query([f"{_quoted(self.begun)}:*"] if self.begun else [])

    def _query(self, last: list[str]) -> str:
        groups = [[_quoted(stem) for stem in stems] for stems in self.stems]
        if groups:
            groups[-1] += last
        return " & ".join(f"({' | '.join(group)})" for group in groups if group)

    @cached_property
    def patterns(self) -> list[re.Pattern[str]]:
        return [pattern_of({word, *stems}) for word, stems in zip(self.words, self.stems, strict=True)]


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass
class FoundCase:
    case: Case
    title: SafeString
    # Where it stands in what was written; empty where only its number, subject or customer was looked for.
    excerpt: SafeString


@dataclass
class FoundArticle:
    article: Article
    title: SafeString
    excerpt: SafeString


@dataclass
class Found:
    """What a search gives, each kind best first."""

    text: str = ""
    cases: list[FoundCase] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    articles: list[FoundArticle] = field(default_factory=list)
    has_more_cases: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.cases or self.customers or self.articles)


def search(text: str, *, user: User, cases: int = CASES) -> Found:
    """Find what `text` may mean among what `user` may read. Whatever is typed is a search: none is an error."""
    typed = Typed.read(text)
    if not typed.text:
        return Found()
    customers = _customers(typed, user)
    numbers = _case_numbers(typed, user, customers if typed.is_address else [])
    return Found(
        text=typed.text,
        cases=_found_cases(numbers[:cases], typed, user),
        customers=customers,
        articles=_articles(typed, user),
        has_more_cases=len(numbers) > cases,
    )


def _customers(typed: Typed, user: User) -> list[Customer]:
    found = list(suggest(typed.text, user=user)[:CUSTOMERS])
    if found or " " in typed.text.strip():
        return found
    named = Identity.objects.filter(kind=Identity.Kind.EXTERNAL, value=typed.text.strip()).values("customer")
    return list(Customer.objects.visible_to(user).filter(pk__in=named).prefetch_related("identities")[:CUSTOMERS])


def _case_numbers(typed: Typed, user: User, customers: list[Customer]) -> list[int]:
    """The numbers of the cases that match, best first: the very number, then what is relevant and recent."""
    visible = Case.objects.visible_to(user)
    numbers = {typed.number} if typed.number is not None else set()
    if typed.whole_query:
        find = CaseWords.objects.newest_cases
        numbers |= find(typed.query, typed.whole_query, user=user, enough=ENOUGH, most=CANDIDATES)
    if customers:
        theirs = visible.filter(customer__in=customers).order_by("-created_at").values_list("pk", flat=True)
        numbers |= set(theirs[:MANY_CASES])
    now = timezone.now()
    found = visible.filter(among(Case, "number", list(numbers)))
    weighed = [
        (number == typed.number, _weight(typed, subject, status, now - updated_at), number)
        for number, subject, status, updated_at in found.values_list("number", "subject", "status", "updated_at")
    ]
    return [number for *_weights, number in sorted(weighed, reverse=True)]


def _weight(typed: Typed, subject: str, status: str, age: Any) -> float:
    """The subject says most about a case; then whether it is still open, and how recent it is."""
    in_subject = sum(bool(pattern.search(subject)) for pattern in typed.patterns) / max(1, len(typed.patterns))
    return 2 * in_subject + 0.5 * (status in OPEN_STATUSES) + math.exp(-max(0, age.days) / 120)


def _found_cases(numbers: list[int], typed: Typed, user: User) -> list[FoundCase]:
    known = {case.pk: case for case in FOUND(user, numbers)}
    texts = _best_texts(list(known), typed)
    return [
        FoundCase(
            case=known[number],
            title=marked(known[number].subject, typed.patterns),
            excerpt=excerpt(texts.get(number, ""), typed.patterns),
        )
        for number in numbers
        if number in known
    ]


# Of each case the message in which most of the words stand, the newest of these. What is nowhere is not shown.
_BEST = """
SELECT k.number, m.body FROM unnest(%(numbers)s::bigint[]) k(number) CROSS JOIN LATERAL (
    SELECT left(body, 20000) AS body, (SELECT count(*) FROM unnest(%(patterns)s::text[]) p WHERE body ~* p) AS hits
    FROM tickets_message WHERE case_id = k.number ORDER BY hits DESC, at DESC LIMIT 1
) m WHERE hits > 0
"""


def _best_texts(numbers: list[int], typed: Typed) -> dict[int, str]:
    patterns = [rf"\m({'|'.join(re.escape(stem) for stem in stems)})" for stems in typed.stems if stems]
    if not numbers or not patterns:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_BEST, {"numbers": numbers, "patterns": patterns})
        return dict(cursor.fetchall())


def _articles(typed: Typed, user: User) -> list[FoundArticle]:
    if not typed.whole_query:
        return []
    words = Func("title", "html", function="desk_article_words", output_field=SearchVectorField())
    query = SearchQuery(typed.whole_query, search_type="raw", config="simple")
    matching = Article.objects.visible_to(user).annotate(words=words).filter(words=query).order_by("-updated_at")
    best = sorted(matching[:CANDIDATES], key=lambda one: -_in_title(typed, one))[:ARTICLES]
    return [
        FoundArticle(
            article=one,
            title=marked(one.title, typed.patterns),
            excerpt=excerpt(strip_tags(one.html), typed.patterns),
        )
        for one in best
    ]


def _in_title(typed: Typed, article: Article) -> int:
    return sum(bool(pattern.search(article.title)) for pattern in typed.patterns)
