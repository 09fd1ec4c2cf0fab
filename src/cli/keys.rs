//! `docket keys`: the master key that encrypts what is stored.

use std::io::Write;

use clap::Subcommand;
use secrecy::ExposeSecret;

use super::Failure;
use crate::{
    clock::Chance,
    config::Config,
    llm::keys::{self, Rotated},
    secrets::{Keyring, new_key},
    store::Store,
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a fresh master key for `DOCKET_MASTER_KEY`
    New,
    /// Encrypt every stored key with the first master key, so that the others can go
    Rotate,
    /// Remove accounts whose keys can't be decrypted any more, because their master key is lost
    Forget {
        /// The names of the accounts, from `docket doctor`
        #[arg(required = true, value_name = "ACCOUNT")]
        names: Vec<String>,
    },
}

/// Prints a fresh key.
pub(super) fn print_new(chance: &Chance, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "{}", new_key(chance).expose_secret())?;
    Ok(())
}

/// Carries out a command on the stored keys.
pub(super) async fn run(
    command: &Command,
    config: &Config,
    store: &Store,
    chance: &Chance,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    store.check().await?;
    let keyring = Keyring::of(config).map_err(anyhow::Error::from)?;
    match command {
        Command::New => print_new(chance, out),
        Command::Rotate => rotate(&keyring, store, chance, out).await,
        Command::Forget { names } => forget(names, &keyring, store, chance, out).await,
    }
}

/// Encrypts everything anew and says how much that was.
async fn rotate(keyring: &Keyring, store: &Store, chance: &Chance, out: &mut dyn Write) -> Result<(), Failure> {
    let rotated = keys::rotate(store, keyring, chance).await.map_err(anyhow::Error::from)?;
    writeln!(out, "{}", told(&rotated))?;
    for unreadable in &rotated.unreadable {
        writeln!(out, "The key of the account {} can't be decrypted: {}.", unreadable.key.name, unreadable.why)?;
    }
    if rotated.unreadable.is_empty() { Ok(()) } else { Err(Failure::Told) }
}

/// Removes accounts whose keys are lost and says which.
async fn forget(
    names: &[String],
    keyring: &Keyring,
    store: &Store,
    chance: &Chance,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let forgotten = keys::forget(store, keyring, chance, names).await.map_err(anyhow::Error::from)?;
    for lost in &forgotten {
        writeln!(out, "The account {} is gone, with its key. An owner can add it again.", lost.key.name)?;
    }
    let is_gone = |name: &&String| forgotten.iter().any(|lost| lost.key.name.to_lowercase() == name.to_lowercase());
    let mut kept = names.iter().filter(|name| !is_gone(name)).peekable();
    let outcome = if kept.peek().is_none() { Ok(()) } else { Err(Failure::Told) };
    for name in kept {
        writeln!(out, "No account called {name} has a key whose master key is lost. `docket doctor` says which have.")?;
    }
    outcome
}

fn told(rotated: &Rotated) -> String {
    let Rotated { renewed, current, unreadable } = rotated;
    if *renewed + *current == 0 && unreadable.is_empty() {
        return "No key is stored, so there is nothing to encrypt anew.".to_owned();
    }
    let keys = match renewed {
        0 => "No stored key had to be encrypted anew".to_owned(),
        1 => "1 stored key was encrypted anew".to_owned(),
        renewed => format!("{renewed} stored keys were encrypted anew"),
    };
    let before = if *current == 0 { String::new() } else { format!(", {current} used the first master key before") };
    let rest = match unreadable.len() {
        0 => "; the other master keys can go",
        _ => "; keep the other master keys",
    };
    format!("{keys}{before}{rest}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_and_whether_old_keys_can_go_is_said_in_one_line() {
        let told = |renewed, current| told(&Rotated { renewed, current, unreadable: Vec::new() });
        assert_eq!(told(0, 0), "No key is stored, so there is nothing to encrypt anew.");
        assert_eq!(told(1, 0), "1 stored key was encrypted anew; the other master keys can go.");
        assert_eq!(
            told(2, 3),
            "2 stored keys were encrypted anew, 3 used the first master key before; the other master keys can go."
        );
    }
}
