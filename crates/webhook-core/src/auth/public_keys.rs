use std::cell::Cell;

use crate::limits::MAX_PUBLIC_KEY_CHECKS;

/// The checks with public keys that are left for one request, whatever its authentication methods: a method with four keys and
/// a sender with sixteen signatures would otherwise multiply.
#[derive(Debug)]
pub struct PublicKeyChecks(Cell<usize>);

impl Default for PublicKeyChecks {
    fn default() -> Self {
        Self(Cell::new(MAX_PUBLIC_KEY_CHECKS))
    }
}

impl PublicKeyChecks {
    /// Takes some checks if as many are left; none otherwise.
    pub(super) fn take(&self, count: usize) -> Result<(), TooMany> {
        let left = self.0.get().checked_sub(count).ok_or(TooMany)?;
        self.0.set(left);
        Ok(())
    }

    /// How many have been taken.
    pub(super) fn taken(&self) -> usize {
        MAX_PUBLIC_KEY_CHECKS - self.0.get()
    }
}

/// More checks would be made than are left.
#[derive(Debug)]
pub(super) struct TooMany;

impl TooMany {
    /// What is expected instead.
    pub(super) fn expected() -> String {
        format!("at most {MAX_PUBLIC_KEY_CHECKS} checks with public keys")
    }
}
