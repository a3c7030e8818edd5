"""Whose connection an attempt to sign in comes from."""

import pytest

from hotline.origins import network


@pytest.mark.parametrize(
    ("peer", "forwarded", "behind_proxy", "found"),
    [
        ("192.0.2.7", "", False, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", False, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", True, "198.51.100.1"),
        ("192.0.2.7", "203.0.113.9, 198.51.100.1", True, "198.51.100.1"),
        ("192.0.2.7", "198.51.100.1, nonsense", True, ""),
        ("192.0.2.7", "", True, "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "", False, "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "", False, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "", False, "192.0.2.7"),
        ("", "", False, ""),
    ],
)
def test_whose_connection(peer: str, forwarded: str, behind_proxy: bool, found: str) -> None:
    assert network(peer, forwarded, behind_proxy=behind_proxy) == found
