"""Refusals of a start that the person who asked can understand, with their HTTP status.

Made from config/errors.ts by "npm run generate".
"""

from __future__ import annotations

# Everything else is an error of the server.
REFUSALS = {
    "REQUEST_INVALID": 400,
    "REQUEST_TOO_LARGE": 413,
    "SPAWN_CONFLICT": 409,
    "SPAWN_CANCELLED": 409,
    "PROFILE_UNKNOWN": 400,
    "OPTION_INVALID": 400,
    "LIMIT_REACHED": 429,
    "USER_REFUSED": 403,
    "PORTS_EXHAUSTED": 503,
    "HOOK_FAILED": 503,
    "MAINTENANCE": 503,
    "PATH_UNAVAILABLE": 503,
}
