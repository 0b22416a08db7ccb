"""What the simulated desk is like: whom it serves, who serves, and what customers contact it about. Data only."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True)
class ClientSpec:
    code: str
    name: str
    language: str
    timezone: str
    country: str
    weekdays: tuple[time, time]
    saturday: tuple[time, time] | None
    # Share of the customers, and how these split into languages.
    share: float
    languages: tuple[tuple[str, float], ...]
    phone_threshold: int
    chat_threshold: int


CLIENTS = (
    ClientSpec(
        "tallvik", "Tallvik Bredband", "sv", "Europe/Stockholm", "SE", (time(8), time(18)), (time(10), time(15)),
        0.68, (("sv", 0.86), ("en", 0.11), ("fi", 0.03)), 20, 60,
    ),
    ClientSpec(
        "lumikko", "Lumikko Kauppa", "fi", "Europe/Helsinki", "FI", (time(9), time(17)), None,
        0.32, (("fi", 0.80), ("sv", 0.12), ("en", 0.08)), 30, 60,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class TeamSpec:
    code: str
    name: str
    agents: tuple[tuple[str, str], ...]


TEAMS = (
    TeamSpec(
        "frontline", "Customer service",
        (("Anna", "Berg"), ("Erik", "Sandell"), ("Aino", "Koskinen"), ("Sara", "Nyman"), ("Mikko", "Laaksonen"),
         ("Lina", "Hedlund")),
    ),
    TeamSpec(
        "technical", "Technical support",
        (("Johan", "Ekström"), ("Fatima", "Rahimi"), ("Petteri", "Salo"), ("Nora", "Lindqvist")),
    ),
    TeamSpec("second-line", "Second line", (("Karin", "Öberg"), ("Ville", "Heikkilä"))),
)  # fmt: skip


@dataclass(frozen=True)
class QueueSpec:
    code: str
    name: str
    client: str
    team: str


QUEUES = (
    QueueSpec("tallvik-support", "Tallvik technical support", "tallvik", "technical"),
    QueueSpec("tallvik-service", "Tallvik customer service", "tallvik", "frontline"),
    QueueSpec("tallvik-mail", "Tallvik e-mail and web", "tallvik", "frontline"),
    QueueSpec("lumikko-service", "Lumikko customer service", "lumikko", "frontline"),
    QueueSpec("lumikko-mail", "Lumikko e-mail and web", "lumikko", "frontline"),
)


@dataclass(frozen=True)
class TopicSpec:
    path: str
    client: str
    weight: float
    talk_seconds: int
    # Chance that the first contact solves it; 0 where it cannot be (a visit, a supplier, a legal check).
    solved: float
    demand: str
    area: str
    # Why customers make contact again, or at all, where it is because something failed.
    cause: str = ""
    is_technical: bool = False

    @property
    def is_resolvable(self) -> bool:
        return self.solved > 0


TOPICS = (
    TopicSpec("internet/outage", "tallvik", 7, 210, 0.62, "failure", "Network", "outage", is_technical=True),
    TopicSpec("internet/slow connection", "tallvik", 9, 560, 0.58, "failure", "Network", "poor_quality", is_technical=True),
    TopicSpec("internet/wifi set-up", "tallvik", 8, 620, 0.78, "value", "Products", is_technical=True),
    TopicSpec("internet/router replacement", "tallvik", 5, 420, 0, "failure", "Logistics", "faulty_hardware", is_technical=True),
    TopicSpec("tv/missing channels", "tallvik", 4, 400, 0.72, "failure", "Products", "wrong_set_up", is_technical=True),
    TopicSpec("mobile/number porting", "tallvik", 5, 380, 0, "value", "Partners"),
    TopicSpec("mobile/sim card", "tallvik", 4, 260, 0.85, "value", "Products"),
    TopicSpec("billing/invoice/wrong amount", "tallvik", 9, 390, 0.66, "failure", "Finance", "wrong_invoice"),
    TopicSpec("billing/invoice/copy", "tallvik", 5, 170, 0.95, "failure", "Finance", "missing_document"),
    TopicSpec("billing/payment plan", "tallvik", 4, 340, 0.80, "value", "Finance"),
    TopicSpec("contract/new order", "tallvik", 6, 520, 0.86, "value", "Sales"),
    TopicSpec("contract/cancel", "tallvik", 5, 360, 0.82, "value", "Sales"),
    TopicSpec("contract/moving house", "tallvik", 5, 430, 0.74, "value", "Sales"),
    TopicSpec("account/password", "tallvik", 4, 180, 0.94, "value", "IT"),
    TopicSpec("delivery/where is my parcel", "lumikko", 13, 190, 0.70, "failure", "Logistics", "late_delivery"),
    TopicSpec("delivery/damaged goods", "lumikko", 6, 330, 0, "failure", "Logistics", "damaged"),
    TopicSpec("returns/how to return", "lumikko", 6, 200, 0.92, "value", "Shop"),
    TopicSpec("returns/refund not received", "lumikko", 7, 280, 0.60, "failure", "Finance", "slow_refund"),
    TopicSpec("products/advice", "lumikko", 6, 300, 0.90, "value", "Shop"),
    TopicSpec("products/warranty", "lumikko", 4, 380, 0, "value", "Legal"),
    TopicSpec("account/log-in", "lumikko", 4, 200, 0.90, "failure", "IT", "confusing_page"),
)  # fmt: skip

# Share of arrivals by weekday against an average weekday: Mondays are busy, weekends are for writing.
WEEKDAY = (1.24, 1.04, 0.98, 0.94, 0.92, 0.22, 0.12)
CHANNELS = (("phone", 0.54), ("email", 0.23), ("chat", 0.15), ("web", 0.08))
# Arrivals by half-hour, from 07:00 to 19:00: a morning peak, a dip at lunch, a second wave.
LIVE_PROFILE = (
    (0.4, 0.9, 3.4, 5.2, 6.6, 7.2, 7.4, 7.0, 6.0, 4.6, 4.2, 4.4, 5.2, 5.6, 5.4, 5.0, 4.6, 4.2, 3.6, 3.0, 2.4, 1.8, 0.8, 0.3)
)  # fmt: skip
PROFILE_STARTS_AT = 7 * 2
# Mails and forms come round the clock, most in the morning and after dinner.
MAIL_PROFILE = (
    (0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.3, 0.5, 0.9, 1.4, 2.2, 3.0, 3.8, 4.4, 4.6, 4.4, 4.0, 3.8, 3.4, 3.0, 2.6, 2.6, 2.8, 3.0, 3.0, 2.8, 2.6, 2.4, 2.2, 2.0, 2.0, 2.0, 2.2, 2.4, 2.8, 3.0, 3.0, 2.8, 2.4, 2.0, 1.6, 1.2, 0.8, 0.5)
)  # fmt: skip


def plain(name: str) -> str:
    """A name in small letters from a to z, digits and dots."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9.]", "", ascii_name.lower())
