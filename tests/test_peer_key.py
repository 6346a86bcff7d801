"""Keys: made, saved for their owner alone, loaded, and never shown."""

from __future__ import annotations

import copy
import os
import pickle
import stat

import pytest

from graphrank.exceptions import (
    CorruptFileError,
    FileError,
    FileMissingError,
    InvalidArgumentError,
    InvalidTypeError,
)
from graphrank.ranking import Key

SEED = bytes(range(32))


def test_a_key_has_the_id_of_its_seed():
    # RFC 8032, section 7.1, test 1.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = Key.from_seed(seed)
    assert key.id == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key == Key.from_seed(bytearray(seed)) != Key.from_seed(SEED)
    assert len({key, Key.from_seed(seed)}) == 1
    assert Key.generate() != Key.generate()


def test_a_saved_key_is_its_owners_alone_and_comes_back(tmp_path):
    path = tmp_path / "my.key"
    key = Key.from_seed(SEED)
    key.save(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert Key.load(str(path)) == key
    with pytest.raises(FileError, match="there is a file already"):
        Key.generate().save(path)
    assert Key.load(path) == key


def test_the_secret_is_shown_nowhere(tmp_path):
    key = Key.from_seed(SEED)
    shown = [repr(key), str(key), f"{key}", repr(key._inner)]
    assert not any(SEED.hex()[:16] in text for text in shown)
    assert copy.copy(key) is copy.deepcopy(key) is key
    with pytest.raises(InvalidTypeError, match="not pickled"):
        pickle.dumps(key)
    with pytest.raises(InvalidArgumentError) as caught:
        Key.from_seed(SEED[:31])
    assert SEED.hex()[:16] not in str(caught.value)
    assert "31" in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    path = tmp_path / "my.key"
    Key.from_seed(SEED).save(path)
    path.chmod(mode)
    with pytest.raises(FileError, match="chmod 600"):
        Key.load(path)


def test_files_that_hold_no_key_are_refused(tmp_path):
    path = tmp_path / "my.key"
    Key.from_seed(SEED).save(path)
    sound = path.read_text()
    changed = sound.replace("secret 0", "secret 1")
    other, no_hex = sound.replace("key 1", "key 2"), sound.replace("secret 00", "secret g0")
    for text in ["", "a\n", sound[:-2], other, changed, no_hex]:
        path.write_text(text)
        with pytest.raises(CorruptFileError, match=r"my\.key"):
            Key.load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CorruptFileError, match="not a secret key"):
        Key.load(path)
    with pytest.raises(FileMissingError):
        Key.load(tmp_path / "none.key")
    with pytest.raises(FileError):
        Key.from_seed(SEED).save(tmp_path / "no folder" / "my.key")


@pytest.mark.parametrize("call", [Key, lambda: Key.from_seed("a" * 32), lambda: Key.from_seed(7)])
def test_keys_are_made_by_name_from_bytes(call):
    with pytest.raises(InvalidTypeError):
        call()
