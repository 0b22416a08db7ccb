"""The wiring: settings, URLs, processes. It imports the apps; nothing imports it."""
