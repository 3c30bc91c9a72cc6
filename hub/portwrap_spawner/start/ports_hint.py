"""Where the user finds what programs in the server have opened: the last event of a start before the hub's own."""

from __future__ import annotations

from html import escape

from ..service.json_values import Json


def ports_hint(event: Json) -> Json:
    """Empty where ports are not opened: events without content are not shown.

    The path is on the host of the hub; anything else would be no path of the service.
    """
    page = event.get("ports_page")
    if not isinstance(page, str) or not page.startswith("/") or page.startswith("//"):
        return {}
    link = escape(page, quote=True)
    return {
        "progress": 100,
        "message": f"What you open inside is at {page}",
        "html_message": f'What you open inside is at <a href="{link}">{link}</a>',
    }
