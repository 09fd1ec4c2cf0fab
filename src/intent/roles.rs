//! What follows `role`.

use super::value;
use crate::domain::{
    intent::{Intent, Person},
    member::Role,
};

/// Reads a role as people call it.
pub(super) fn named(word: &str) -> Option<Role> {
    Some(match word.to_lowercase().as_str() {
        "owner" | "owners" => Role::Owner,
        "admin" | "admins" | "administrator" | "administrators" => Role::Admin,
        "approver" | "approvers" | "reviewer" | "reviewers" => Role::Approver,
        "member" | "members" => Role::Member,
        "viewer" | "viewers" | "reader" | "readers" => Role::Viewer,
        _ => return None,
    })
}

/// Reads what follows `role`: a person and a role, the role last.
pub(super) fn role(text: &str) -> Option<Intent> {
    let (person, word) = text.trim().rsplit_once(char::is_whitespace)?;
    let role = named(word)?;
    let person = person.trim_end();
    let filler = ["is an", "is a", "as an", "as a", "is", "as", "to", "="];
    let bare = filler.iter().find_map(|word| person.strip_suffix(word).filter(|rest| rest.ends_with(' ')));
    let person: Person = value::person(bare.unwrap_or(person).trim())??;
    Some(Intent::SetRole { person, role })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_and_a_role_are_read_in_either_spelling() {
        let set = |person, role| Some(Intent::SetRole { person, role });
        for (text, expected) in [
            ("<@U2> approver", set(Person::User("U2".into()), Role::Approver)),
            ("@ben owner", set(Person::Name("ben".into()), Role::Owner)),
            ("Ana Lopez Viewer", set(Person::Name("Ana Lopez".into()), Role::Viewer)),
            ("ben to admin", set(Person::Name("ben".into()), Role::Admin)),
            ("ben is a reviewer", set(Person::Name("ben".into()), Role::Approver)),
            ("me member", set(Person::Sender, Role::Member)),
            ("owner", None),
            ("@ben", None),
            ("@ben king", None),
            ("nobody owner", None),
        ] {
            assert_eq!(role(text), expected, "{text}");
        }
    }
}
