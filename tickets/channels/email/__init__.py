"""E-mail: received, read and put on a case, each for itself.

`receive` keeps the raw message, and only then may its sender's server forget it. `child` reads it in a process of its own with
little time and memory, since anybody may send anything. `apply` makes contact, case and message of what was read. Each step is
committed before the next, and each can be done again after a crash at any moment.
"""
