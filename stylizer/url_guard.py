"""Which addresses a fetched URL may lead to: the public internet, and nothing that is ours or the machine's own."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")  # all that is handed out of IPv6; the rest is local, special or nobody's


def anywhere(_: str) -> bool:
    """For a service that its owner lets fetch from their own network."""
    return True


def is_public(address: str) -> bool:
    """Whether this literal address is on the public internet, also when it wraps an IPv4 address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(map(_is_public, _unwrapped(parsed)))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _unwrapped(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address that the packet really goes to, or every one it may go to."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address.teredo is not None:
        return [address, *address.teredo]
    return [address]
