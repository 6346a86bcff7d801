//! Who writes: an Ed25519 key pair, and the id that is its public half.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::error::{Error, Result};

/// Bytes of a signature.
pub(super) const SIGNATURE: usize = 64;

/// An author of clicks, who is a peer: the bytes of an Ed25519 public key. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorId(pub [u8; 32]);

impl fmt::Display for AuthorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AuthorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AuthorId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = text.as_bytes();
        let is_hex = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let mut id = [0; 32];
        if digits.len() != 64 || !is_hex {
            return Err(Error::argument(
                "peer",
                format!("must be 64 hexadecimal digits (0-9, a-f), got {text:?}"),
            ));
        }
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            let value = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
            *byte = value(pair[0]) << 4 | value(pair[1]);
        }
        Ok(Self(id))
    }
}

/// What an author signs with. Its memory is wiped when it is dropped.
///
/// ```
/// use graphrank::peers::SecretKey;
/// let key = SecretKey::from_seed(&[7; 32]);
/// assert_eq!(key.id(), SecretKey::from_seed(&key.seed()).id());
/// assert!(!format!("{key:?}").contains("07"));
/// ```
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

impl SecretKey {
    /// The key that 32 secret bytes determine.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    #[must_use]
    pub fn id(&self) -> AuthorId {
        AuthorId(self.0.verifying_key().to_bytes())
    }

    /// The secret bytes.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE] {
        self.0.sign(message).to_bytes()
    }
}

/// The key by which an author's signatures are verified; `None` if `id` is not the encoding of a usable point.
pub(super) fn verifying_key(id: &AuthorId) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&id.0).ok().filter(|key| !key.is_weak())
}

/// Whether `signature` is one of `message`. By the strict rule, on which every implementation agrees: canonical encodings,
/// no points of small order, the equation without cofactor.
pub(super) fn is_signed(key: &VerifyingKey, message: &[u8], signature: &[u8; SIGNATURE]) -> bool {
    key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
}

/// Whether `frame` ends with a signature by `author` of `context` and all before it.
pub(super) fn is_frame_signed(author: &AuthorId, context: &[&[u8]], frame: &[u8]) -> bool {
    let (said, signature) = frame.split_at(frame.len().saturating_sub(SIGNATURE));
    let message = [context, &[said]].concat().concat();
    verifying_key(author)
        .zip(signature.try_into().ok())
        .is_some_and(|(key, signature)| is_signed(&key, &message, signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn signatures_are_those_of_rfc_8032() {
        let seed: AuthorId =
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb".parse().unwrap();
        let key = SecretKey::from_seed(&seed.0);
        assert_eq!(key.id().to_string(), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = key.sign(&[0x72]);
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        let verifying = verifying_key(&key.id()).unwrap();
        assert!(is_signed(&verifying, &[0x72], &signature) && !is_signed(&verifying, &[0x73], &signature));
    }

    /// A signature with S + L in place of S satisfies the equation as well; were it accepted, one entry had two forms.
    #[test]
    fn signatures_cannot_be_bent_into_others() {
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let key = SecretKey::from_seed(&[1; 32]);
        let mut signature = key.sign(b"message");
        let mut carry = 0u16;
        for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert!(!is_signed(&verifying_key(&key.id()).unwrap(), b"message", &signature));
    }

    #[test]
    fn keys_of_small_order_and_bad_ids_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(verifying_key(&AuthorId(identity)).is_none());
        assert!(verifying_key(&AuthorId([0; 32])).is_none());
        for text in ["", "ab", &"G".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert!(text.parse::<AuthorId>().is_err());
        }
    }
}
