"""Who a peer is: a secret key, and the id that is its public half."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from typing import Any, NoReturn

from graphrank import _core
from graphrank._validate import file_path
from graphrank.exceptions import (
    CorruptFileError,
    FileError,
    FileMissingError,
    InvalidArgumentError,
    InvalidTypeError,
)

__all__ = ["Key"]

_TITLE = "graphrank secret key 1"
_LONGEST_FILE = 4096


class Key:
    """A secret Ed25519 key: what a peer signs its clicks with.

    Made by :meth:`generate`, :meth:`from_seed` or :meth:`load`. Its :attr:`id` is the name of the peer, for all to
    know; the secret is shown nowhere and leaves the object only by :meth:`save`. One key belongs to one peer at a
    time: two peers that sign with it contradict each other, and nobody believes either from then on.

    Examples
    --------
    >>> import graphrank as gr
    >>> key = gr.ranking.Key.from_seed(bytes(32))
    >>> key
    Key('3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29')
    >>> gr.ranking.Key.generate() == key
    False
    """

    __slots__ = ("_inner",)
    _inner: _core.PeerKey

    def __init__(self) -> None:
        raise InvalidTypeError("a key is made by Key.generate(), Key.from_seed(bytes) or Key.load(path)")

    @classmethod
    def generate(cls) -> Key:
        """A new key, from the randomness of the operating system.

        Examples
        --------
        >>> import graphrank as gr
        >>> len(gr.ranking.Key.generate().id)
        64
        """
        return cls._of(secrets.token_bytes(32))

    @classmethod
    def from_seed(cls, seed: bytes) -> Key:
        """The key that 32 bytes determine: for tests, and for secrets that are kept elsewhere.

        Raises
        ------
        InvalidTypeError, InvalidArgumentError
            If ``seed`` is not 32 bytes. The message does not show it.

        Examples
        --------
        >>> import graphrank as gr
        >>> gr.ranking.Key.from_seed(b"1" * 32) == gr.ranking.Key.from_seed(b"1" * 32)
        True
        """
        if not isinstance(seed, (bytes, bytearray)):
            raise InvalidTypeError(f"`seed` must be bytes, got {type(seed).__name__}")
        if len(seed) != 32:
            raise InvalidArgumentError(f"`seed` must have 32 bytes, got {len(seed)}")
        return cls._of(bytes(seed))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Key:
        """The key that :meth:`save` wrote.

        Raises
        ------
        FileMissingError, FileError
            If there is no such file, or it cannot be read, or others than its owner can read it.
        CorruptFileError
            If it holds no key.

        Examples
        --------
        >>> import graphrank as gr
        >>> key = gr.ranking.Key.generate()
        >>> key.save("my.key")
        >>> gr.ranking.Key.load("my.key") == key
        True
        """
        file = file_path(path)
        try:
            with open(file, encoding="ascii") as opened:
                mode = os.fstat(opened.fileno()).st_mode
                text = opened.read(_LONGEST_FILE)
        except FileNotFoundError as error:
            raise FileMissingError(f"{file}: {error.strerror}") from error
        except OSError as error:
            raise FileError(f"{file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise CorruptFileError(f"{file}: is not a secret key") from error
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise FileError(
                f"{file}: others than its owner can use this key; chmod 600 it, or make a new key"
            )
        return cls._read(file, text)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the key to a new file that only its owner can read.

        Raises
        ------
        FileError
            If there is a file already, which might be another key, or the file cannot be written.

        Examples
        --------
        >>> import graphrank as gr
        >>> import os
        >>> gr.ranking.Key.generate().save("other.key")
        >>> oct(os.stat("other.key").st_mode & 0o777)
        '0o600'
        """
        file = file_path(path)
        text = f"{_TITLE}\nid {self.id}\nsecret {self._inner.seed().hex()}\n"
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise FileError(f"{file}: there is a file already; a key is not written over anything") from error
        except OSError as error:
            raise FileError(f"{file}: {error.strerror}") from error
        try:
            with open(descriptor, "w", encoding="ascii") as opened:
                opened.write(text)
                opened.flush()
                os.fsync(opened.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(file)
            raise FileError(f"{file}: {error.strerror}") from error

    @property
    def id(self) -> str:
        """The public key as 64 hexadecimal digits: the name of the peer."""
        return self._inner.id

    @classmethod
    def _of(cls, seed: bytes) -> Key:
        key = cls.__new__(cls)
        key._inner = _core.PeerKey(seed)
        return key

    @classmethod
    def _read(cls, file: str, text: str) -> Key:
        fields = dict(line.split(" ", 1) for line in text.splitlines()[1:] if " " in line)
        secret = fields.get("secret", "")
        if not text.startswith(_TITLE + "\n") or len(secret) != 64:
            raise CorruptFileError(f"{file}: is not a secret key")
        try:
            key = cls._of(bytes.fromhex(secret))
        except ValueError as error:
            raise CorruptFileError(f"{file}: is not a secret key") from error
        if key.id != fields.get("id"):
            raise CorruptFileError(f"{file}: was altered: the secret is not that of the id")
        return key

    def __repr__(self) -> str:
        return f"Key({self.id!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> NoReturn:
        raise InvalidTypeError("a secret key is not pickled; save() and load() it")

    def __copy__(self) -> Key:
        return self

    def __deepcopy__(self, memo: Any) -> Key:
        return self
