"""Static files: which files of the front-end packages are served, and how all of them are stored.

Third-party files come from the packages that package-lock.json names and are never copied into the project. The packages
hold hundreds of files that no page asks for, so the ones that are served are listed here, one line each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# What a template names in {% static %}: the file in node_modules.
PACKAGE_FILES = {
    "vendor/tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler/tabler-vendors.min.css": "@tabler/core/dist/css/tabler-vendors.min.css",
    "vendor/tabler/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "vendor/icons/tabler-icons.min.css": "@tabler/icons-webfont/dist/tabler-icons.min.css",
    "vendor/icons/fonts/tabler-icons.woff2": "@tabler/icons-webfont/dist/fonts/tabler-icons.woff2",
    "vendor/icons/fonts/tabler-icons.woff": "@tabler/icons-webfont/dist/fonts/tabler-icons.woff",
    "vendor/icons/fonts/tabler-icons.ttf": "@tabler/icons-webfont/dist/fonts/tabler-icons.ttf",
    "vendor/echarts/echarts.min.js": "echarts/dist/echarts.min.js",
    "vendor/htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "vendor/trix/trix.umd.min.js": "trix/dist/trix.umd.min.js",
    "vendor/trix/trix.css": "trix/dist/trix.css",
}


class PackageStorage(FileSystemStorage):
    """Reads a listed file from where its package keeps it."""

    def path(self, name: str) -> str:
        return str(Path(settings.NODE_MODULES) / PACKAGE_FILES[name])


class PackageFinder(BaseFinder):
    """Lets `runserver`, the tests and `collectstatic` find the listed files of the front-end packages."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.storage = PackageStorage()

    def check(self, **_: Any) -> list[CheckMessage]:
        missing = [name for name in PACKAGE_FILES if not Path(self.storage.path(name)).exists()]
        if not missing:
            return []
        return [Error(f"Front-end files are not installed: {', '.join(missing)}.", hint="make env", id="helpdesk.E001")]

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002 - Django's own signature
        found = [self.storage.path(path)] if path in PACKAGE_FILES else []
        return found if find_all else (found[0] if found else [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, PackageStorage]]:
        for name in PACKAGE_FILES:
            yield name, self.storage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashed names, so that browsers may keep a file for ever, and compressed copies made once, not at each request.

    Source maps are left out: they are three times the size of the files, and only of use to whoever develops the packages.
    """

    support_js_module_import_aggregation = True
    patterns = (("*.css", HashedFilesMixin.patterns[0][1][:-1]),)
