"""As much of a browser as a proxy can be tested with: cookies, forms, TLS without a known certificate."""

import http.client
import http.cookiejar
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from email.message import Message


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Shows a redirect instead of following it."""

    def redirect_request(self, *args: object) -> None:
        return None


class Browser:
    """One person's session at one address."""

    def __init__(self, base: str, *, host: str) -> None:
        self.base = base
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.opener = urllib.request.build_opener(
            NoRedirect(),
            urllib.request.HTTPSHandler(context=context),
            # The names of the cookies' host and of the address differ here, as they do not in a deployment.
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(_AnyHost())),
        )
        self.headers = {"Host": host, "Origin": f"https://{host}", "Referer": f"https://{host}/"}

    def open(self, path: str, *, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """GET, or POST a form; the answer, also when it is a refusal."""
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        stated = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.base + path, data=body, headers=self.headers | stated)
        try:
            with self.opener.open(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Answer(refusal.status, refusal.headers, refusal.read())

    def sign_in(self, email: str, password: str, **headers: str) -> int:
        """Fill in the sign-in page."""
        page = self.open("/accounts/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        form = {"csrfmiddlewaretoken": token, "login": email, "password": password}
        return self.open("/accounts/login/", form=form, **headers).status


class _AnyHost(http.cookiejar.DefaultCookiePolicy):
    def set_ok(self, cookie: http.cookiejar.Cookie, request: urllib.request.Request) -> bool:
        return True

    def return_ok(self, cookie: http.cookiejar.Cookie, request: urllib.request.Request) -> bool:
        return True

    def domain_return_ok(self, domain: str, request: urllib.request.Request) -> bool:
        return True


def send_chunked(address: str, fields: dict[str, str], files: dict[str, bytes], headers: dict[str, str]) -> Answer:
    """POST a multipart form without stating its length, as Orthanc does."""
    parts = urllib.parse.urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    options = {"context": ssl._create_unverified_context()} if parts.scheme == "https" else {}
    connection = kind(parts.netloc, timeout=30, **options)
    content_type = {"Content-Type": "multipart/form-data; boundary=edge", "Transfer-Encoding": "chunked"}
    connection.request("POST", parts.path, _multipart(fields, files), headers | content_type, encode_chunked=True)
    with closing(connection), connection.getresponse() as answer:
        return Answer(answer.status, answer.headers, answer.read())


def _multipart(fields: dict[str, str], files: dict[str, bytes]):
    for name, value in fields.items():
        yield f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, content in files.items():
        yield f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="film.png"\r\n\r\n'.encode()
        yield content + b"\r\n"
    yield b"--edge--\r\n"
