"""A nasty day of an Asterisk queue_log, made from a seed; and its figures, counted from the lines alone.

Nothing here uses the product: the lines are written as the documentation of Asterisk has them, and the figures are counted
from the split lines by the rules of the KPI sheet.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

AGENTS = tuple(f"SIP/80{number:02d}" for number in range(1, 9))
QUEUES = ("support", "sales")
THRESHOLD, SHORT = 20, 5


class Day:
    """Calls from `begin` on, one after the other, each as lines of a queue_log."""

    def __init__(self, seed: int, begin: datetime, hours: float, calls: int) -> None:
        self.random = random.Random(seed)
        self.begin, self.length = int(begin.timestamp()), int(hours * 3600)
        self.lines: list[tuple[int, int, str]] = []
        self.free = dict.fromkeys(AGENTS, 0)
        for number in range(calls):
            self.call(number, self.begin + self.random.randrange(self.length))
        self.others()

    def write(self, at: int, call: str, queue: str, member: str, event: str, *parameters: object) -> None:
        text = "|".join(map(str, (at, call, queue, member, event, *parameters)))
        self.lines.append((at, len(self.lines), text))

    def call(self, number: int, at: int) -> None:
        call, queue = f"{at}.{number}", self.random.choice(QUEUES)
        if self.random.random() < 0.3:
            self.write(at, call, queue, "NONE", "DID", "0851000")
        self.enter(at, call, queue)
        self.in_queue(at, call, queue, hops=0)

    def enter(self, at: int, call: str, queue: str) -> None:
        number = self.random.choice(["", f"+4670{self.random.randrange(10**7):07d}", "anonymous"])
        self.write(at, call, queue, "NONE", "ENTERQUEUE", "", number, 1)

    def in_queue(self, at: int, call: str, queue: str, hops: int) -> None:
        fate = self.random.choices(
            ["answer", "abandon", "short", "timeout", "key", "empty", "dump"], [70, 9, 4, 6, 4, 2, 1]
        )[0]
        wait = self.random.choice([0, 1, 3, 5, 6, 12, 19, 20, 21, 25, 40, 61, 180])
        if fate == "answer":
            self.answer(at, at + wait, call, queue, hops)
        elif fate in {"abandon", "short"}:
            left = self.random.randrange(6) if fate == "short" else wait
            self.write(at + left, call, queue, "NONE", "ABANDON", 1, 1, left)
        elif fate == "dump":
            self.write(at + wait, call, queue, self.random.choice(AGENTS), "AGENTDUMP")
        else:
            # Nobody is taken out of a queue in the second in which she comes into it.
            wait = max(1, wait)
            event, parameters = {
                "timeout": ("EXITWITHTIMEOUT", (1, 2, wait)),
                "key": ("EXITWITHKEY", ("1", 1, 2, wait)),
                "empty": ("EXITEMPTY", (1, 2, wait)),
            }[fate]
            self.write(at + wait, call, queue, "NONE", event, *parameters)
            # Half of those whom the system takes out come into another queue, mostly within the same second.
            if fate != "key" and hops < 2 and self.random.random() < 0.5:
                again = at + wait + self.random.choice([0, 0, 0, 4])
                other = self.random.choice(QUEUES)
                self.enter(again, call, other)
                self.in_queue(again, call, other, hops + 1)

    def answer(self, came: int, at: int, call: str, queue: str, hops: int) -> None:
        for _try in range(self.random.choice([0, 0, 0, 1, 3])):
            self.write(self.random.randint(came, at), call, queue, self.random.choice(AGENTS), "RINGNOANSWER", 15000)
        member = self.random.choice(AGENTS)
        ring = min(at - came, self.random.randrange(8))
        self.write(at, call, queue, member, "CONNECT", at - came, f"{at}.9", ring)
        talk = self.random.choice([1, 40, 95, 240, 600, 3700])
        over = at + talk
        how = self.random.choices(["COMPLETEAGENT", "COMPLETECALLER", "blind", "attended", "old"], [40, 40, 8, 8, 4])[0]
        if how.startswith("COMPLETE"):
            self.write(over, call, queue, member, how, at - came, talk, 1)
            return
        event, target = {
            "blind": ("BLINDTRANSFER", ("8009", "internal")),
            "attended": ("ATTENDEDTRANSFER", ("BRIDGE", "0c5d")),
            "old": ("TRANSFER", ("8009", "internal")),
        }[how]
        self.write(over, call, queue, member, event, *target, at - came, talk, 1)
        if hops < 2 and self.random.random() < 0.5:
            self.enter(over + 1, call, "sales")
            self.in_queue(over + 1, call, "sales", hops + 1)

    def others(self) -> None:
        for number in range(60):
            at = self.begin + self.random.randrange(self.length)
            event = ["PAUSE", "UNPAUSE", "ADDMEMBER", "REMOVEMEMBER", "CONFIGRELOAD", "PENALTY"][number % 6]
            self.write(at, "NONE", self.random.choice(QUEUES), self.random.choice(AGENTS), event, "lunch")
        self.write(self.begin, "NONE", "NONE", "NONE", "QUEUESTART", "")

    def text(self) -> list[str]:
        """The lines as the server wrote them: in order of time, a few of them twice."""
        lines = [text for _at, _number, text in sorted(self.lines)]
        for _number in range(len(lines) // 20):
            place = self.random.randrange(len(lines))
            lines.insert(min(len(lines), place + self.random.randrange(9)), lines[place])
        return lines

    def shuffled(self) -> list[str]:
        """Blocks of the lines in no order."""
        lines = self.text()
        blocks = [lines[at : at + 25] for at in range(0, len(lines), 25)]
        self.random.shuffle(blocks)
        return [line for block in blocks for line in block]


@dataclass
class Story:
    """One call, as its lines tell it."""

    entered: list[int] = field(default_factory=list)
    connected: list[int] = field(default_factory=list)
    talk: int = 0
    # The moment and name of what the lines end with, seen from the queue.
    left: list[tuple[int, str]] = field(default_factory=list)


def stories(lines: list[str]) -> Iterator[Story]:
    found: dict[str, Story] = {}
    for text in dict.fromkeys(lines):
        at, call, _queue, _member, event, *parameters = text.split("|")
        if call == "NONE":
            continue
        story = found.setdefault(call, Story())
        if event == "ENTERQUEUE":
            story.entered.append(int(at))
        elif event == "CONNECT":
            story.connected.append(int(at))
        elif event in {"COMPLETEAGENT", "COMPLETECALLER"}:
            story.talk += int(parameters[1])
        elif event in {"BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER"}:
            story.talk += int(parameters[3])
        elif event in {"ABANDON", "AGENTDUMP", "EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY"}:
            story.left.append((int(at), event))
    yield from found.values()


@dataclass
class Figures:
    waits: list[int] = field(default_factory=list)
    abandoned: list[int] = field(default_factory=list)
    flow_outs: int = 0
    talk: int = 0

    @property
    def asa(self) -> float:
        return sum(self.waits) / len(self.waits)

    @property
    def short(self) -> int:
        return sum(wait <= SHORT for wait in self.abandoned)

    @property
    def service_level(self) -> float:
        """Answered within the threshold, of answered and abandoned without the short ones."""
        return sum(wait <= THRESHOLD for wait in self.waits) / (len(self.waits) + len(self.abandoned) - self.short)

    @property
    def abandonment(self) -> float:
        offered = len(self.waits) + len(self.abandoned) + self.flow_outs
        return (len(self.abandoned) - self.short) / (offered - self.short)

    @property
    def aht(self) -> float:
        return self.talk / len(self.waits)


def figures(lines: list[str]) -> Figures:
    """Where a time-out gives a voice message, a key a callback, and an empty queue nothing."""
    found = Figures()
    for story in stories(lines):
        came = min(story.entered)
        if story.connected:
            found.waits.append(min(story.connected) - came)
            found.talk += story.talk
            continue
        # As the server wrote them: of one second the later line is the later event.
        at, how = story.left[-1]
        if how in {"EXITWITHTIMEOUT", "EXITWITHKEY"}:
            found.flow_outs += 1
        else:
            found.abandoned.append(at - came)
    return found


def midnight(day: datetime) -> datetime:
    return day.replace(hour=0, minute=0, second=0) + timedelta(days=1)
