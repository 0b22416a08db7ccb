"""Which roles may write where. What a person may read is decided by `visible_to`, row by row."""

from __future__ import annotations

from collections.abc import Collection

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from tickets.models import User

# Everyone who serves: a client's manager writes nothing.
EVERYONE = frozenset(User.Role.values) - {User.Role.CLIENT}
OVERSEERS = frozenset({User.Role.MANAGER, User.Role.ADMIN, User.Role.INTEGRATION})
KEEPERS = frozenset({User.Role.ADMIN, User.Role.INTEGRATION})


def has_role(user: User, roles: Collection[str]) -> bool:
    return user.is_superuser or user.role in roles


class ByRole(BasePermission):
    """Reading is for everybody with an account; writing for the view's `writers`, or the action's own."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        if request.method in SAFE_METHODS:
            return True
        writers: Collection[str] = getattr(view, "writers", frozenset())
        return has_role(request.user, writers)
