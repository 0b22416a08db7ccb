"""What the workers do for the desk. Each task calls one function and is safe to run twice and at any moment."""

from celery import shared_task

from tickets import agent_time, bulk, forgetting, learning, outbox, scanning, sending, waking, windows
from tickets.channels import chat
from tickets.channels.email import backlog
from tickets.models import CallEvent, IdempotentAnswer


@shared_task
def send_outbox() -> None:
    """Send the mails that are due. A doorbell rings for new ones; the scheduler finds those that nobody rang for."""
    outbox.send_due()


@shared_task
def work_off_mail() -> None:
    """Read the mails that are stored and put them on their cases."""
    backlog.work_off()


@shared_task
def scan_files() -> None:
    """Have the files looked over that have come."""
    scanning.scan_waiting()


@shared_task
def send_drafts() -> None:
    """Let the messages leave whose moment to take them back has passed."""
    sending.send_due()


@shared_task
def wake_cases() -> None:
    """Bring back the cases whose snooze is over."""
    waking.wake_due()


@shared_task
def carry_on_bulk_changes() -> None:
    """Do what is left of the changes to many cases."""
    bulk.carry_on_all()


@shared_task
def end_left_chats() -> None:
    """End the chats whose visitors have gone."""
    chat.end_left()


@shared_task
def book_agent_time() -> None:
    """Bring the ledger of agents' months up to date with the log of their states and legs."""
    agent_time.book_due()


@shared_task
def end_forgotten_wrap_ups() -> None:
    """End the wrap-ups of calls that nobody ended."""
    CallEvent.end_forgotten_wrap_ups()


@shared_task
def forget_idempotent_answers() -> None:
    """Forget what was answered so long ago that nobody repeats the request."""
    IdempotentAnswer.forget_old()


@shared_task
def forget_what_is_over() -> None:
    """Delete what nobody needs any more."""
    forgetting.forget()


@shared_task
def work_out_hours() -> None:
    """Work out every client's opening hours again, some years ahead: holidays may have changed."""
    windows.work_out_all()


@shared_task
def learn_topics() -> None:
    """Count anew which words speak for which topic."""
    learning.learn()
