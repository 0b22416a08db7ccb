"""The desk's models. Import them from here."""

from tickets.models.access import ApiToken, IdempotentAnswer
from tickets.models.attachment import Attachment
from tickets.models.blocked import BlockedSender
from tickets.models.bulk import BulkChange, BulkStep
from tickets.models.call import CallEvent
from tickets.models.case import Case
from tickets.models.chat import Chat, ChatLine, ChatWidget
from tickets.models.client import Agreement, Calendar, Client, ClosedDay, OpeningHours, ServiceLevel
from tickets.models.codes import (
    LIVE_CHANNELS,
    OPEN_STATUSES,
    VOIDING,
    Channel,
    Demand,
    Direction,
    Flag,
    Outcome,
    Priority,
    Role,
    ServiceLevelVariant,
    Status,
)
from tickets.models.contact import Contact, Segment
from tickets.models.customer import Customer, CustomerMerge, Identity
from tickets.models.desk_texts import Article, Macro, SavedReply
from tickets.models.draft import Draft
from tickets.models.event import CaseEvent
from tickets.models.hours import OpenWindow, WindowRange
from tickets.models.ledger import AgentTime, Cost
from tickets.models.mailbox import IncomingMail, Mailbox
from tickets.models.message import Message
from tickets.models.outbox import OutgoingMail
from tickets.models.people import Skill, Team, User
from tickets.models.presence import AgentState, Presence
from tickets.models.promise import Promise
from tickets.models.quarantine import QuarantinedRow
from tickets.models.queue import Queue
from tickets.models.rule import IntakeRule, TopicWord
from tickets.models.search import CaseWords
from tickets.models.source import DESK, Source
from tickets.models.teamwork import CaseLink, ChecklistItem, Consultation, Follower, Incident, Notice
from tickets.models.telephone import Callback, Connector, LogPlace, PhoneName, WaitingCallEvent
from tickets.models.topic import Topic
from tickets.models.view import SavedView
from tickets.models.web import StatusLink, WebEntry, WebForm, WebFormTopic

__all__ = [
    "DESK",
    "LIVE_CHANNELS",
    "OPEN_STATUSES",
    "VOIDING",
    "AgentState",
    "AgentTime",
    "Agreement",
    "ApiToken",
    "Article",
    "Attachment",
    "BlockedSender",
    "BulkChange",
    "BulkStep",
    "Calendar",
    "CallEvent",
    "Callback",
    "Case",
    "CaseEvent",
    "CaseLink",
    "CaseWords",
    "Channel",
    "Chat",
    "ChatLine",
    "ChatWidget",
    "ChecklistItem",
    "Client",
    "ClosedDay",
    "Connector",
    "Consultation",
    "Contact",
    "Cost",
    "Customer",
    "CustomerMerge",
    "Demand",
    "Direction",
    "Draft",
    "Flag",
    "Follower",
    "IdempotentAnswer",
    "Identity",
    "Incident",
    "IncomingMail",
    "IntakeRule",
    "LogPlace",
    "Macro",
    "Mailbox",
    "Message",
    "Notice",
    "OpenWindow",
    "OpeningHours",
    "Outcome",
    "OutgoingMail",
    "PhoneName",
    "Presence",
    "Priority",
    "Promise",
    "QuarantinedRow",
    "Queue",
    "Role",
    "SavedReply",
    "SavedView",
    "Segment",
    "ServiceLevel",
    "ServiceLevelVariant",
    "Skill",
    "Source",
    "Status",
    "StatusLink",
    "Team",
    "Topic",
    "TopicWord",
    "User",
    "WaitingCallEvent",
    "WebEntry",
    "WebForm",
    "WebFormTopic",
    "WindowRange",
]
