"""`make check`: what a machine can check, all of it, with a list of what failed at the end."""

import os
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DJANGO = [sys.executable, "manage.py"]

# Said in words: the command. Every one is run, whatever the others say.
CHECKS = {
    "style": [sys.executable, "-m", "ruff", "check", "--quiet"],
    "layout": [sys.executable, "-m", "ruff", "format", "--check", "--quiet"],
    "types": [sys.executable, "-m", "mypy"],
    "imports point one way": [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
    "no migration is missing": [*DJANGO, "makemigrations", "--check", "--dry-run"],
    "settings for production": [*DJANGO, "check", "--deploy", "--fail-level", "WARNING"],
}
HOME = Path(os.environ.get("HELPDESK_HOME") or PROJECT / ".helpdesk")
ENVIRONMENT = {
    **os.environ,
    # As behind a proxy that ends TLS, which is what the checks for production look for.
    "PUBLIC_URL": "https://helpdesk.example.org",
    "EMAIL_URL": "smtp://localhost",
    "DEBUG": "0",
    # The first of the tests' servers: Django asks the database for its version when it checks models and migrations.
    "HELPDESK_HOME": str(HOME.resolve() / "test" / "1"),
    "HELPDESK_DURABLE": "0",
}


def run(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    environment = ENVIRONMENT | {"EMBEDDED": "1" if "manage.py" in command else "0"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    passed = done.returncode == 0
    print(f"{'ok  ' if passed else 'FAIL'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
    if not passed:
        print(done.stdout + done.stderr, flush=True)
    return passed


def main() -> int:
    failed = [name for name, command in CHECKS.items() if not run(name, command)]
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
