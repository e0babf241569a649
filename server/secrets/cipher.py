"""AES-256-GCM with the place of the value as associated data: a value moved to another row or column does not open.

Layout of a sealed value: one byte of format (1), 12 bytes of nonce, ciphertext with its 16-byte tag. Nonces are
random: a key encrypts the few values of one household, far from the 2**32 at which random nonces become a risk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.secrets.errors import Tampered

FORMAT = b"\x01"
NONCE_BYTES = 12


def associated_data(*parts: str) -> bytes:
    """Parts joined with their lengths, so that ("ab", "c") and ("a", "bc") differ."""
    encoded = [part.encode() for part in parts]
    return b"".join([len(part).to_bytes(4, "big") + part for part in encoded])


def seal(key: AESGCM, value: bytes, place: tuple[str, ...]) -> bytes:
    """Encrypt `value` for `place` (table, column, subject)."""
    *shared, name = place
    return next(seal_each([(key, name, value)], tuple(shared)))


def seal_each(items: Sequence[tuple[AESGCM, str, bytes]], place: tuple[str, ...]) -> Iterator[bytes]:
    """Encrypt (key, subject, value), each for its subject's `place` (table, column), each with a nonce of its own."""
    shared = associated_data(*place)
    nonces = random_pieces(NONCE_BYTES, len(items))
    for nonce, (key, name, value) in zip(nonces, items, strict=True):
        yield FORMAT + nonce + key.encrypt(nonce, value, shared + associated_data(name))


def random_pieces(size: int, count: int) -> list[bytes]:
    """`count` pieces of `size` bytes from the system's generator of keys, asked once for all of them."""
    drawn = os.urandom(size * count)
    return [drawn[start : start + size] for start in range(0, len(drawn), size)]


def unseal(key: AESGCM, sealed: bytes, place: tuple[str, ...]) -> bytes:
    """Decrypt what `seal` made for the same place; anything else raises `Tampered`."""
    nonce = sealed[1 : 1 + NONCE_BYTES]
    if sealed[:1] != FORMAT or len(nonce) != NONCE_BYTES:
        raise Tampered(f"{'/'.join(place)}: not a sealed value")
    try:
        return key.decrypt(nonce, sealed[1 + NONCE_BYTES :], associated_data(*place))
    except InvalidTag:
        raise Tampered(f"{'/'.join(place)}: the stored value is not what was written here") from None
