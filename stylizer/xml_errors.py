"""Errors of the object storage (uploads and results), which speaks XML where the API speaks JSON."""

from xml.sax.saxutils import escape

from starlette.responses import Response


def xml_error(status: int, code: str, message: str) -> Response:
    """`<Error><Code>…</Code><Message>…</Message></Error>`."""
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?>\n{error}', status_code=status, media_type="application/xml"
    )
