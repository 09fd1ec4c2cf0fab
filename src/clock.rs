//! Time and randomness, injected so that tests own both.

use std::sync::Arc;

use crate::domain::{ids::Id, time::Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The current instant.
    fn now(&self) -> Timestamp;
}

/// Gives random bits.
pub trait Entropy: Send + Sync {
    /// 128 fresh random bits.
    fn bits(&self) -> u128;
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
    }
}

/// The operating system's random source, through a seeded generator per thread.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bits(&self) -> u128 {
        rand::random()
    }
}

/// Counts how often something was used, by the time that is injected.
impl governor::clock::Clock for Chance {
    type Instant = std::time::Duration;

    fn now(&self) -> Self::Instant {
        std::time::Duration::from_millis(u64::try_from(self.clock.now().as_millis()).unwrap_or(0))
    }
}

/// Time, randomness and what is made of both. Cheap to clone.
#[derive(Clone)]
pub struct Chance {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Chance {
    /// Takes both from where it is told to.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The machine's own.
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// The current instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new identifier, which sorts by the time it was made.
    pub fn id<T: Id>(&self) -> T {
        let millis = u64::try_from(self.now().as_millis()).unwrap_or(0);
        T::from_ulid(ulid::Ulid::from_parts(millis, self.entropy.bits()))
    }

    /// 128 fresh random bits.
    pub fn bits(&self) -> u128 {
        self.entropy.bits()
    }

    /// A number in `0.0..1.0`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
    pub fn fraction(&self) -> f64 {
        (self.entropy.bits() >> 75) as f64 / (1_u64 << 53) as f64
    }

    /// A short reference that a person can read out, such as `7F3K`.
    pub fn reference(&self) -> String {
        const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let bits = self.entropy.bits();
        (0..4).map(|i| char::from(LETTERS[(bits >> (5 * i)) as usize & 31])).collect()
    }
}
