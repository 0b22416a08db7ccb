"""Who contacts the desk. Numbers and addresses belong to nobody: see `phone_numbers`."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from random import Random

from helpdesk.simulation.catalogue import CLIENTS, plain

GIVEN_NAMES = {
    "sv": "Maja Elsa Alva Ebba Astrid Saga Wilma Märta Ingrid Birgitta Oskar Hugo Axel Nils Gustav Elias Anders Lars Björn Åke",
    "fi": "Aino Helmi Sofia Eevi Kaisa Päivi Tuula Leena Marja Riikka Eino Väinö Onni Leo Toivo Jukka Pekka Timo Antti Sakari",
    "en": "Olivia Grace Emily Hannah Chloe Priya Amina Ruth Claire Niamh Jack Harry Daniel Thomas Samuel Imran Callum Peter Owen Marcus",
}
FAMILY_NAMES = {
    "sv": "Lind Sjöberg Åkesson Holm Wallin Nordin Forsberg Lundgren Hammar Engström Dahl Fors Blom Norén Söderström Vik Ström Falk Ek Hallberg",
    "fi": "Virtanen Korhonen Mäkinen Nieminen Laine Heikkinen Järvinen Saarinen Lehtonen Salminen Rantanen Tuominen Kallio Niemi Ahonen Pitkänen Hiltunen Karjalainen Aalto Mattila",
    "en": "Walker Hughes Bennett Foster Morgan Shah Khan Campbell Fraser Doyle Reid Palmer Ellis Chapman Barnes Webb Mason Grant Hunt Fletcher",
}
DOMAINS = ("example.com", "example.org", "mail.example.com", "post.example.org")


@dataclass(frozen=True)
class Person:
    """One customer. `key` is hers in one run of one seed."""

    key: str
    client: str
    language: str
    name: str
    email: str
    phone: str


def make_people(seed: int, count: int, taken: Container[str] = ()) -> list[Person]:
    """Make customers; none of them has a phone number that is `taken`."""
    numbers = {kind: (number for number in all_ if number not in taken) for kind, all_ in phone_numbers().items()}
    return [_make_person(Random(f"{seed}:person:{n}"), seed, n, numbers) for n in range(count)]


def _make_person(random: Random, seed: int, number: int, numbers: Mapping[str, Iterator[str]]) -> Person:
    client = random.choices(CLIENTS, [spec.share for spec in CLIENTS])[0]
    language = random.choices(*zip(*client.languages, strict=True))[0]
    given, family = (random.choice(names[language].split()) for names in (GIVEN_NAMES, FAMILY_NAMES))
    # Who is known only by e-mail cannot be found by her number when she calls.
    phone = next(numbers["sv" if language == "sv" else "en"], "") if random.random() < 0.85 else ""
    return Person(
        key=f"{seed}-{number}",
        client=client.code,
        language=language,
        name=f"{given} {family}",
        email=f"{plain(given)}.{plain(family)}.{seed}-{number}@{random.choice(DOMAINS)}",
        phone=phone,
    )


def phone_numbers() -> dict[str, Iterator[str]]:
    """Numbers that the regulators keep for films and books, so that nobody is called by a demo.

    Sweden's PTS has 495. Finland has none: Finnish customers have numbers of Ofcom's, which has thousands.
    """
    swedish = chain(
        (f"+46701740{n:03}" for n in range(605, 700)),
        (f"+46{area}{n:02}" for area in ("3139006", "4062804", "8465004", "9803192") for n in range(100)),
    )
    british = chain(
        (f"+447700900{n:03}" for n in range(1000)),
        (
            f"+44{area}4960{n:03}"
            for area in (113, 114, 115, 116, 117, 118, 121, 131, 141, 151, 161)
            for n in range(1000)
        ),
        (f"+44{area}{n:03}" for area in ("2079460", "1632960", "1914980", "2920180") for n in range(1000)),
    )
    return {"sv": swedish, "en": british}
