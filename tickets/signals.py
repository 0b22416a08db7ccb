"""The one domain event. Sent inside the transaction of the change; who reacts slowly does so on commit."""

from django.dispatch import Signal

# case_event: the CaseEvent written, or None; contact: the Contact that changed, or None.
happened = Signal()
