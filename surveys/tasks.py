"""What the workers do for the surveys. Each task calls one function and is safe to run twice and at any moment."""

from celery import shared_task

from surveys import interviewing, invite, pulse, texts


@shared_task
def note_deliveries() -> None:
    """Take invitations whose mail was given up out of the response rate, and back in once it was sent after all."""
    invite.note_deliveries()


@shared_task
def ask_due() -> None:
    """Send the invitations whose time has come."""
    invite.ask_due()


@shared_task
def draw_interviews() -> None:
    """Draw whom to call back, for every agent who has fewer than her goal."""
    interviewing.draw_all()


@shared_task
def go_on_with_pulse() -> None:
    """Open the month's round, and let the answers of a closed one count."""
    pulse.go_on()


@shared_task
def send_texts() -> None:
    """Remind those who have not answered, and hand over the texts that are due."""
    texts.remind_due()
    texts.send_due()
