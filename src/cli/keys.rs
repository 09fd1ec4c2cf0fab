//! `docket keys`: the master key that encrypts what is stored.

use std::io::Write;

use clap::Subcommand;
use secrecy::ExposeSecret;

use super::Failure;
use crate::{
    clock::Chance,
    config::Config,
    keys::{self, GivenUp, Rotated},
    secrets::{Keyring, Unopenable, new_key},
    store::Store,
};

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a fresh master key for `DOCKET_MASTER_KEY`
    New,
    /// Encrypt every stored secret with the first master key, so that the others can go. Others may serve meanwhile
    Rotate,
    /// Remove what can't be decrypted any more, because its master key is lost
    Forget {
        /// The names of accounts and connections, from `docket doctor`
        #[arg(required_unless_present = "key", value_name = "NAME")]
        names: Vec<String>,
        /// Everything that was encrypted with this master key, such as 1a2b3c4d, from `docket doctor`
        #[arg(long, value_name = "ID")]
        key: Option<String>,
    },
}

/// Prints a fresh key.
pub(super) fn print_new(chance: &Chance, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "{}", new_key(chance).expose_secret())?;
    Ok(())
}

/// Carries out a command on the stored secrets.
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
        Command::Forget { names, key } => {
            let given_up = GivenUp { names: names.clone(), key: key.clone() };
            forget(&given_up, &keyring, store, chance, out).await
        }
    }
}

/// Encrypts everything anew and says how much that was.
async fn rotate(keyring: &Keyring, store: &Store, chance: &Chance, out: &mut dyn Write) -> Result<(), Failure> {
    let progress = |rotated: &Rotated| {
        writeln!(out, "{} secrets were looked at, {} encrypted anew …", rotated.seen(), rotated.renewed)?;
        out.flush()
    };
    let rotated = keys::rotate(store, keyring, chance, progress).await.map_err(anyhow::Error::from)?;
    writeln!(out, "{}", told(&rotated))?;
    for lost in keys::told(store, &rotated.unreadable).await.map_err(anyhow::Error::from)? {
        writeln!(out, "{}.", sentence(&lost))?;
    }
    if rotated.unreadable.is_empty() { Ok(()) } else { Err(Failure::Told) }
}

/// Removes what is given up and says what that was.
async fn forget(
    given_up: &GivenUp,
    keyring: &Keyring,
    store: &Store,
    chance: &Chance,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let forgotten = keys::forget(store, keyring, chance, given_up).await.map_err(anyhow::Error::from)?;
    for lost in &forgotten {
        let words = lost.secret.words();
        writeln!(out, "{} is gone, and what it opened with it. An owner can connect it again.", sentence(&words))?;
    }
    let is_gone = |name: &&String| forgotten.iter().any(|lost| keys::is_called(&lost.secret, name));
    let kept: Vec<_> = given_up.names.iter().filter(|name| !is_gone(name)).collect();
    for name in &kept {
        writeln!(out, "Nothing called {name} has a secret whose master key is lost. `docket doctor` says what has.")?;
    }
    let of_key = |key: &String| forgotten.iter().any(|lost| lost.why == Unopenable::UnknownKey(key.clone()));
    let idle = given_up.key.as_ref().filter(|key| !of_key(key));
    if let Some(key) = idle {
        writeln!(
            out,
            "Nothing stored needs the master key {key}, or it is there. `docket doctor` says which are lost."
        )?;
    }
    if kept.is_empty() && idle.is_none() { Ok(()) } else { Err(Failure::Told) }
}

/// The words with a large letter in front.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn told(rotated: &Rotated) -> String {
    let Rotated { renewed, current, unreadable } = rotated;
    if *renewed + *current == 0 && unreadable.is_empty() {
        return "No secret is stored, so there is nothing to encrypt anew.".to_owned();
    }
    let secrets = match renewed {
        0 => "No stored secret had to be encrypted anew".to_owned(),
        1 => "1 stored secret was encrypted anew".to_owned(),
        renewed => format!("{renewed} stored secrets were encrypted anew"),
    };
    let before = if *current == 0 { String::new() } else { format!(", {current} used the first master key before") };
    let rest = match unreadable.len() {
        0 => "; the other master keys can go",
        _ => "; keep the other master keys",
    };
    format!("{secrets}{before}{rest}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_and_whether_old_keys_can_go_is_said_in_one_line() {
        let told = |renewed, current| told(&Rotated { renewed, current, unreadable: Vec::new() });
        assert_eq!(told(0, 0), "No secret is stored, so there is nothing to encrypt anew.");
        assert_eq!(told(1, 0), "1 stored secret was encrypted anew; the other master keys can go.");
        assert_eq!(
            told(2, 3),
            "2 stored secrets were encrypted anew, 3 used the first master key before; the other master keys can go."
        );
    }
}
