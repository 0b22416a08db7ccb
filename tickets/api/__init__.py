"""The desk by REST. `helpdesk/api.py` says at which addresses."""
