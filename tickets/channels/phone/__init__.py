"""Telephone systems in: each maker's own words become events of calls, and the events of a call become its contact."""
