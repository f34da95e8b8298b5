//! Passwords: bcrypt, off the async threads and bounded.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pgvigil_model::Secret;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;

/// bcrypt reads no more than this; a longer password would be cut without a word.
pub const PASSWORD_BYTES_MAX: usize = 72;

/// bcrypt computations at once: half of the cores, so that a flood of sign-ins leaves the rest of the host its share.
fn computations_max() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (cores / 2).clamp(1, 8)
}

/// How long a sign-in waits for its turn. At 250 ms each this is a queue of 20 per computation at once.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the password is longer than {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    #[error("the password must have at least 8 characters, among them a letter and a digit")]
    TooWeak,
    #[error("the password has a NUL character")]
    Nul,
    #[error("too many passwords are being checked")]
    Busy,
    #[error("cannot hash the password")]
    Hash(#[source] bcrypt::BcryptError),
    #[error("hashing the password was cut short")]
    Cut(#[source] tokio::task::JoinError),
}

impl PasswordError {
    /// As an answer to whoever chose the password in `field`.
    pub(crate) fn in_field(self, field: &str) -> ApiError {
        match self {
            Self::TooLong | Self::TooWeak | Self::Nul => ApiError::invalid(field, self.to_string()),
            Self::Busy => ApiError::Busy { retry_after_seconds: TURN_TIMEOUT.as_secs() },
            Self::Hash(_) | Self::Cut(_) => ApiError::internal(self),
        }
    }
}

/// Whether a new password is acceptable: the predecessor's rule, and bcrypt's limits.
pub fn check_password_rules(password: &Secret) -> Result<(), PasswordError> {
    let text = password.expose();
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    if text.contains('\0') {
        return Err(PasswordError::Nul);
    }
    let has_letter = text.chars().any(char::is_alphabetic);
    let has_digit = text.chars().any(|c| c.is_ascii_digit());
    if text.chars().count() >= 8 && has_letter && has_digit { Ok(()) } else { Err(PasswordError::TooWeak) }
}

/// Computes bcrypt hashes, a bounded number at once.
#[derive(Clone, Debug)]
pub struct Passwords {
    cost: u32,
    turns: Arc<Semaphore>,
    /// One more, for those who were let in from where they are before: whoever guesses from thousands of addresses fills the queue
    /// of all others.
    familiar_turns: Arc<Semaphore>,
    /// A hash that no password matches in practice, to spend the same time on users that are not there.
    nobody: Arc<OnceLock<String>>,
}

impl Passwords {
    /// `cost` is bcrypt's logarithmic one, 4 to 31.
    pub fn new(cost: u32) -> Self {
        let turns = |count| Arc::new(Semaphore::new(count));
        Self { cost, turns: turns(computations_max()), familiar_turns: turns(1), nobody: Arc::default() }
    }

    pub async fn hash(&self, password: &Secret) -> Result<String, PasswordError> {
        check_password_rules(password)?;
        let (password, cost) = (password.clone(), self.cost);
        // Whoever chooses a password is let in already.
        self.compute(true, move || bcrypt::hash(password.expose(), cost).map_err(PasswordError::Hash)).await
    }

    /// Whether `password` is the one behind `hash`. None stands for a user that is not there: it costs the same and is false.
    /// Those who are familiar do not wait behind those who are not. Of a longer password the first 72 bytes count: the predecessor
    /// took such, and its hashes are of these.
    pub(crate) async fn verify(
        &self,
        password: &Secret,
        hash: Option<String>,
        is_familiar: bool,
    ) -> Result<bool, PasswordError> {
        let password = password.clone();
        let (cost, nobody) = (self.cost, Arc::clone(&self.nobody));
        self.compute(is_familiar, move || {
            // Also where it is not needed: the first time it takes a while, which would tell unknown users from known ones.
            let nobody = nobody_hash(&nobody, cost)?;
            let hash = hash.filter(|hash| is_password_hash(hash) || damaged());
            let known = hash.is_some();
            let hash = hash.unwrap_or(nobody);
            let matches = bcrypt::verify(password.expose(), &hash).map_err(PasswordError::Hash)?;
            Ok(known && matches)
        })
        .await
    }

    async fn turn(&self, is_familiar: bool) -> Result<OwnedSemaphorePermit, AcquireError> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        if !is_familiar {
            return turn.await;
        }
        tokio::select! {
            turn = turn => turn,
            turn = Arc::clone(&self.familiar_turns).acquire_owned() => turn,
        }
    }

    async fn compute<T: Send + 'static>(
        &self,
        is_familiar: bool,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = tokio::time::timeout(TURN_TIMEOUT, self.turn(is_familiar)).await;
        let Ok(Ok(turn)) = turn else { return Err(PasswordError::Busy) };
        // The turn moves along: a caller that goes away does not make room for one more computation.
        let computed = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        computed.await.map_err(PasswordError::Cut)?
    }
}

/// Whether a text is a hash of bcrypt, whole and of a version that we know.
pub fn is_password_hash(text: &str) -> bool {
    let is_of_alphabet = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '/';
    let parts: Vec<&str> = text.split('$').collect();
    let ["", "2a" | "2b" | "2x" | "2y", cost, rest] = parts[..] else { return false };
    let is_cost = cost.len() == 2 && cost.parse().is_ok_and(|cost: u32| (4..=31).contains(&cost));
    is_cost && rest.len() == 53 && rest.chars().all(is_of_alphabet) && text.parse::<bcrypt::HashParts>().is_ok()
}

/// Nobody can sign in with it, and the owner is not told: only who runs the host can mend it.
fn damaged() -> bool {
    tracing::error!(
        "a stored password hash is damaged, so its user cannot sign in; `pgvigil user passwd` gives a new password"
    );
    false
}

fn nobody_hash(nobody: &OnceLock<String>, cost: u32) -> Result<String, PasswordError> {
    if let Some(hash) = nobody.get() {
        return Ok(hash.clone());
    }
    let hash = bcrypt::hash(uuid::Uuid::new_v4().to_string(), cost).map_err(PasswordError::Hash)?;
    Ok(nobody.get_or_init(|| hash).clone())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_new_password_over_72_bytes_is_refused_and_one_of_the_predecessor_works() {
        let long = Secret::new("a1".repeat(40));
        let passwords = Passwords::new(4);
        assert!(matches!(passwords.hash(&long).await, Err(PasswordError::TooLong)));
        let of_its_beginning = bcrypt::hash(&long.expose()[..PASSWORD_BYTES_MAX], 4).unwrap();
        assert!(passwords.verify(&long, Some(of_its_beginning.clone()), false).await.unwrap());
        let another = Secret::new("a1".repeat(35) + "a2a1a1");
        assert!(!passwords.verify(&another, Some(of_its_beginning), false).await.unwrap());
        assert!(!passwords.verify(&long, None, false).await.unwrap());
    }

    #[test]
    fn a_weak_password_is_refused() {
        for weak in ["short1", "onlyletters", "12345678", ""] {
            assert!(check_password_rules(&Secret::new(weak)).is_err(), "{weak}");
        }
        assert!(check_password_rules(&Secret::new("пароль123")).is_ok());
    }

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Passwords::new(4);
        let right = Secret::new("correct horse 1");
        let hash = passwords.hash(&right).await.unwrap();
        assert!(passwords.verify(&right, Some(hash.clone()), false).await.unwrap());
        assert!(!passwords.verify(&Secret::new("wrong horse 1"), Some(hash), false).await.unwrap());
        assert!(!passwords.verify(&right, None, false).await.unwrap());
    }

    #[tokio::test]
    async fn who_was_let_in_from_there_before_does_not_wait_behind_those_who_guess() {
        let passwords = Passwords::new(4);
        let all = u32::try_from(computations_max()).unwrap();
        let guessers = passwords.turns.acquire_many(all).await.unwrap();
        assert!(passwords.turn(false).now_or_never().is_none());
        let turn = passwords.turn(true).now_or_never().expect("a turn of its own");
        assert!(passwords.turn(true).now_or_never().is_none(), "one at a time");
        drop(guessers);
        assert!(passwords.turn(true).now_or_never().is_some(), "or one of all");
        drop(turn);
    }

    #[tokio::test]
    async fn a_damaged_hash_matches_nothing_and_fails_nothing() {
        let good = bcrypt::hash("correct horse 1", 4).unwrap();
        assert!(is_password_hash(&good));
        let passwords = Passwords::new(4);
        for damaged in
            ["$2b$12$short", "", "$2b$99$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &good[..59], "x"]
        {
            assert!(!is_password_hash(damaged), "{damaged}");
            let matches = passwords.verify(&Secret::new("correct horse 1"), Some(damaged.to_owned()), false).await;
            assert!(!matches.unwrap(), "{damaged}");
        }
    }

    /// D27: 840 ms for one, 32 ms for the other.
    #[tokio::test]
    async fn an_unknown_user_costs_a_hash_of_the_same_cost() {
        let passwords = Passwords::new(5);
        passwords.verify(&Secret::new("x"), None, false).await.unwrap();
        let hash: bcrypt::HashParts = passwords.nobody.get().unwrap().parse().unwrap();
        assert_eq!(hash.get_cost(), 5);
    }
}
