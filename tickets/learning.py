"""Which topic a text is likely about: naive Bayes over the words of cases whose topic people have set.

Counted every night from the newest cases, in one statement; asked by two. A suggestion is offered first and never chosen.
"""

from __future__ import annotations

from collections import defaultdict
from math import exp, log

from django.db import connection, transaction

from tickets.models import Case, Contact, Message, Topic, TopicWord

NEWEST_CASES = 20_000
# Fewer cases than that say nothing about a topic, and a word of one case only is a name.
LEAST_CASES, LEAST_TIMES = 3, 2
MOST_WORDS = 60
# A likelihood below that is a guess.
LEAST_SHARE = 0.15
SUGGESTIONS = 3
LONGEST = 4_000

# What the customer wrote at the beginning: what agents answer is in the words of the topic they had chosen already.
_LEARN = """
INSERT INTO tickets_topicword (topic_id, word, cases)
WITH taught AS (
    SELECT number, topic_id, subject FROM tickets_case
    WHERE topic_id IS NOT NULL AND merged_into_id IS NULL AND NOT flags && ARRAY['spam', 'test']::varchar[]
    ORDER BY number DESC LIMIT %(newest)s
),
said AS (
    SELECT t.number, t.topic_id, to_tsvector('simple', left(t.subject || ' ' || coalesce(m.body, ''), %(longest)s)) AS words
    FROM taught t LEFT JOIN LATERAL (
        SELECT body FROM tickets_message WHERE case_id = t.number AND kind = 'incoming' ORDER BY at, id LIMIT 1
    ) m ON true
)
SELECT topic_id, '', count(*) FROM said GROUP BY topic_id HAVING count(*) >= %(least_cases)s
UNION ALL
SELECT topic_id, word, count(*) FROM said CROSS JOIN unnest(tsvector_to_array(words)) AS word
WHERE char_length(word) BETWEEN 3 AND 80
GROUP BY topic_id, word HAVING count(*) >= %(least_times)s
"""
_WORDS = "SELECT unnest(tsvector_to_array(to_tsvector('simple', left(%s, %s))))"


def learn() -> int:
    """Count anew. Return how many words are known. Until it is done everybody reads the old counts."""
    values = {
        "newest": NEWEST_CASES,
        "longest": LONGEST,
        "least_cases": LEAST_CASES,
        "least_times": LEAST_TIMES,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        TopicWord.objects.all().delete()
        cursor.execute(_LEARN, values)
        return int(cursor.rowcount)


def likely_topics(text: str) -> list[Topic]:
    """The topics that a text is likely about, the likeliest first; none where nothing speaks clearly for one."""
    words = _words_of(text)
    if not words:
        return []
    seen: dict[int, dict[str, int]] = defaultdict(dict)
    for topic, word, cases in TopicWord.objects.filter(word__in=["", *words]).values_list("topic", "word", "cases"):
        seen[topic][word] = cases
    shares = _shares({topic: counts for topic, counts in seen.items() if "" in counts})
    best = sorted((topic for topic, share in shares.items() if share >= LEAST_SHARE), key=lambda one: -shares[one])
    topics = Topic.objects.filter(is_active=True).in_bulk(best[:SUGGESTIONS])
    return [topics[pk] for pk in best if pk in topics]


def text_of(case: Case) -> str:
    """What the customer wrote to begin with."""
    first = case.messages.filter(kind=Message.Kind.INCOMING).order_by("at", "pk").values_list("body", flat=True).first()
    return f"{case.subject}\n{first or ''}"


def text_of_contact(contact: Contact) -> str:
    return text_of(contact.case) if contact.case else contact.subject


def _words_of(text: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WORDS, [text, LONGEST])
        words = [word for (word,) in cursor.fetchall() if 3 <= len(word) <= 80]
    # The longest say the most.
    return sorted(words, key=len, reverse=True)[:MOST_WORDS]


def _shares(topics: dict[int, dict[str, int]]) -> dict[int, float]:
    """How likely each topic is, all together 1. Only words that some topic knows say anything."""
    known = {word for counts in topics.values() for word in counts if word}
    if not known:
        return {}
    all_cases = sum(counts[""] for counts in topics.values())
    scores = {
        topic: log(counts[""] / all_cases) + sum(log((counts.get(word, 0) + 0.5) / (counts[""] + 1)) for word in known)
        for topic, counts in topics.items()
    }
    highest = max(scores.values())
    weights = {topic: exp(score - highest) for topic, score in scores.items()}
    total = sum(weights.values())
    return {topic: weight / total for topic, weight in weights.items()}
