"""The cookie that a browser shows for a session."""

from fastapi import Request, Response

NAME, SECURE_NAME = "preread_session", "__Host-preread_session"
"""A browser takes the second one over HTTPS only, and for no other host (RFC 6265bis, section 4.1.3.2)."""


def session_secret(request: Request) -> str:
    """What the browser shows; empty where it shows nothing."""
    return request.cookies.get(SECURE_NAME) or request.cookies.get(NAME) or ""


def set_cookie(response: Response, secret: str, *, secure: bool) -> None:
    """Until the browser is closed, or the session has run out. A link from another page finds it; a form or
    script of another site does not (SameSite=Lax).
    """
    name = SECURE_NAME if secure else NAME
    response.set_cookie(name, secret, httponly=True, secure=secure, samesite="lax", path="/")


def drop_cookies(response: Response) -> None:
    """Nothing is left in the browser."""
    response.delete_cookie(NAME, path="/")
    response.delete_cookie(SECURE_NAME, path="/", secure=True, httponly=True)
