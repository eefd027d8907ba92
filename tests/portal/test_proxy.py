"""Nobody chooses their own address: only what our proxies wrote counts."""

import pytest
from django.http import HttpResponse

from portal.proxy import ClientAddressMiddleware


@pytest.mark.parametrize(
    ("trusted", "forwarded", "expected"),
    [
        (0, "203.0.113.7", "10.0.0.2"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.3", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.2"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "<script>", "10.0.0.2"),
        (1, "", "10.0.0.2"),
    ],
)
def test_the_address_is_the_one_our_outermost_proxy_saw(rf, settings, trusted, forwarded, expected):
    settings.TRUSTED_PROXIES = trusted
    request = rf.get("/", REMOTE_ADDR="10.0.0.2", headers={"x-forwarded-for": forwarded})
    ClientAddressMiddleware(lambda _: HttpResponse())(request)
    assert request.META["REMOTE_ADDR"] == expected
