//! Who is meant by a name, a mention or “me”.

use std::collections::BTreeMap;

use crate::{
    domain::{
        ids::MemberId,
        intent::Person,
        member::{Member, Standing},
    },
    error::UserError,
};

/// The people whom a sender can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// Who speaks.
    pub sender: MemberId,
    /// Everybody whom the sender knows by name.
    pub members: Vec<Member>,
    /// The members by their user id on the sender's platform and organisation, for mentions.
    pub users: BTreeMap<String, MemberId>,
}

impl People {
    /// The member that is meant: the sender, the mentioned one, the one of exactly that name, or the only one whose
    /// name (or a part of it) starts so.
    pub fn resolve(&self, person: &Person) -> Result<MemberId, UserError> {
        match person {
            Person::Sender => Ok(self.sender),
            Person::User(user) => {
                let id = self.users.get(user).copied().ok_or_else(|| {
                    UserError::new(
                        "I could not find out who you mention. They become known once they say something to \
                         Docket, such as /docket whoami.",
                    )
                })?;
                let gone = self.members.iter().find(|member| member.id == id && !can_work(member));
                gone.map_or(Ok(id), |member| {
                    Err(UserError::new(format!("{} is a bot or has left, so I changed nothing.", member.name)))
                })
            }
            Person::Name(name) => self.by_name(name),
        }
    }

    /// What to call a member.
    pub fn name(&self, id: MemberId) -> String {
        self.members.iter().find(|member| member.id == id).map_or_else(|| id.to_string(), |member| member.name.clone())
    }

    fn by_name(&self, name: &str) -> Result<MemberId, UserError> {
        let wanted = name.to_lowercase();
        let usable = |member: &&Member| can_work(member);
        let matching = |test: &dyn Fn(&str) -> bool| -> Vec<&Member> {
            self.members.iter().filter(usable).filter(|member| test(&member.name.to_lowercase())).collect()
        };
        let exact = matching(&|own| own == wanted);
        let found = if exact.is_empty() {
            matching(&|own| own.starts_with(&wanted) || own.split_whitespace().any(|part| part.starts_with(&wanted)))
        } else {
            exact
        };
        match found.as_slice() {
            [only] => Ok(only.id),
            [] => {
                let known: Vec<_> = self.members.iter().filter(usable).map(|member| member.name.as_str()).collect();
                Err(UserError::new(format!("I know nobody called “{name}”. {}", those(&known))))
            }
            several => {
                let names: Vec<_> = several.iter().map(|member| member.name.as_str()).collect();
                Err(UserError::new(format!("“{name}” could be {}. Mention the one you mean.", names.join(" or "))))
            }
        }
    }
}

const fn can_work(member: &Member) -> bool {
    !matches!(member.standing, Standing::Gone | Standing::Bot)
}

fn those(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(8).copied().collect();
    let more = if names.len() > shown.len() { " and others" } else { "" };
    format!("I know {}{more}; mention people to be sure.", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::people;
    use super::*;

    #[test]
    fn people_are_found_by_mention_name_and_unique_beginning() {
        let people = people();
        let id = |n: usize| people.members[n].id;
        for (person, expected) in [
            (Person::Sender, id(0)),
            (Person::User("U2".into()), id(1)),
            (Person::Name("Ana Lopez".into()), id(0)),
            (Person::Name("ben".into()), id(1)),
            (Person::Name("lop".into()), id(0)),
            (Person::Name("Anabel".into()), id(2)),
        ] {
            assert_eq!(people.resolve(&person), Ok(expected), "{person:?}");
        }
        let refused = |person: Person| people.resolve(&person).unwrap_err().0;
        assert_eq!(refused(Person::Name("an".into())), "“an” could be Ana Lopez or Anabel. Mention the one you mean.");
        assert_eq!(
            refused(Person::Name("Zoe".into())),
            "I know nobody called “Zoe”. I know Ana Lopez, Ben, Anabel; mention people to be sure."
        );
        assert!(refused(Person::Name("robo".into())).starts_with("I know nobody"));
        assert!(refused(Person::User("U9".into())).contains("who you mention"));
        let mut people = people.clone();
        people.members[1].standing = Standing::Gone;
        assert_eq!(
            people.resolve(&Person::User("U2".into())).unwrap_err().0,
            "Ben is a bot or has left, so I changed nothing."
        );
    }
}
