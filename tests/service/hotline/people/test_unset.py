"""Without a provider there is nothing of it."""

from hotline.auth import Role
from tests.service.hotline.people.conftest import Make


def test_no_button_and_no_address(make: Make) -> None:
    noi = make("noi", Role.AGENT, signed_in=False)
    assert "openid" not in noi.looks("/sign-in").text
    assert noi.looks("/sign-in/openid").status_code == 404
    assert noi.looks("/sign-in/openid/back").status_code == 404
