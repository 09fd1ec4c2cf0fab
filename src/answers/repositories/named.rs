//! Which repository somebody means, and which ones a project could be about. Pure.

use std::collections::BTreeSet;

use crate::{
    domain::{
        message::{Block, Button, ButtonStyle, Message, Press, Span},
        project::Project,
        tracker::{Presence, Repository, RepositoryId},
    },
    review::words::list,
};

/// Repositories that are suggested at most.
pub(super) const SUGGESTIONS: usize = 5;

/// How alike a word of a project and a name have to be, and two names to be taken for each other's misspelling.
const ALIKE: f64 = 0.75;
const NEAR: f64 = 0.88;

/// Which repository somebody means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant<'a> {
    /// This one.
    One(&'a Repository),
    /// Any of these.
    Several(Vec<&'a Repository>),
    /// None that is known; these are near.
    Unknown(Vec<&'a Repository>),
}

/// Which of the known repositories is meant by `owner/name`, by a name alone, or by `id:700`.
pub fn meant<'a>(said: &str, known: &'a [Repository]) -> Meant<'a> {
    if let Some(id) = said.strip_prefix("id:").and_then(|id| id.parse::<RepositoryId>().ok()) {
        return known.iter().find(|one| one.id() == id).map_or(Meant::Unknown(Vec::new()), Meant::One);
    }
    let is_said = |one: &&Repository| {
        let name = if said.contains('/') { one.name() } else { short(one) };
        name.eq_ignore_ascii_case(said)
    };
    let mut found: Vec<&Repository> = known.iter().filter(is_said).collect();
    // A name may have passed to another repository: the one that is gone is not meant then.
    if found.iter().any(|one| one.presence != Presence::Missing) {
        found.retain(|one| one.presence != Presence::Missing);
    }
    match found.as_slice() {
        [] => Meant::Unknown(near(said, known)),
        [only] => Meant::One(only),
        _ => Meant::Several(found),
    }
}

/// What to ask where several are meant; each button says `command` with one of them.
pub fn which(command: &str, several: &[&Repository]) -> Message {
    let question = "Which repository do you mean?";
    Message {
        summary: question.to_owned(),
        blocks: vec![Block::Text(vec![Span::plain(question)]), buttons(command, several)],
    }
}

/// What to say of a repository that nothing is known of.
pub fn unknown(said: &str, command: &str, near: &[&Repository]) -> Message {
    let said = match said.strip_prefix("id:") {
        Some(_) => "that repository",
        None => said,
    };
    let names: Vec<&str> = near.iter().map(|one| one.name()).collect();
    let near_ones = if names.is_empty() { String::new() } else { format!(" Near to that: {}.", list(&names, "and")) };
    let words = format!(
        "I can't see {said}.{near_ones} To let Docket see more, open the page Connect and choose the repositories of \
         the GitHub App there; /docket repos lists what it sees."
    );
    let open = Button {
        label: "Open Connect".to_owned(),
        style: ButtonStyle::Plain,
        press: Press::Open("/connect".to_owned()),
    };
    let mut blocks = vec![Block::Text(vec![Span::plain(&words)])];
    if let Block::Buttons(mut all) = buttons(command, near) {
        all.push(open);
        blocks.push(Block::Buttons(all));
    }
    Message { summary: words, blocks }
}

/// A button for each repository, which says the command with it.
pub(super) fn buttons(command: &str, repositories: &[&Repository]) -> Block {
    let button = |one: &&Repository| Button::say(one.name(), format!("{command} {}", one.name()));
    Block::Buttons(repositories.iter().take(SUGGESTIONS).map(button).collect())
}

/// The repositories that a project is most likely about, the likeliest first: those with its words in their names, and
/// then those whose names are alike.
pub fn suggested<'a>(
    project: &Project,
    known: &'a [Repository],
    linked: &BTreeSet<RepositoryId>,
) -> Vec<&'a Repository> {
    let key = project.key.as_str().to_lowercase();
    let words: BTreeSet<String> = parts(&project.title).filter(|word| word.chars().count() > 2).chain([key]).collect();
    let is_free =
        |one: &&Repository| one.presence != Presence::Missing && !one.seen.is_archived && !linked.contains(&one.id());
    let mut rated: Vec<(u32, &Repository)> =
        known.iter().filter(is_free).map(|one| (likeness(&words, one), one)).filter(|(rate, _)| *rate > 0).collect();
    rated.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.name().cmp(other.name())));
    rated.into_iter().take(SUGGESTIONS).map(|(_, one)| one).collect()
}

/// How likely it is, in thousandths: a thousand for each part of the name that is one of the words.
fn likeness(words: &BTreeSet<String>, one: &Repository) -> u32 {
    let exact = parts(short(one)).filter(|part| words.contains(part)).count();
    let alike = words.iter().map(|word| strsim::jaro_winkler(word, &short(one).to_lowercase())).fold(0.0, f64::max);
    let exact = u32::try_from(exact).unwrap_or(0).saturating_mul(1_000);
    exact + if alike >= ALIKE { thousandths(alike) } else { 0 }
}

/// Those near to what somebody said, the nearest first.
fn near<'a>(said: &str, known: &'a [Repository]) -> Vec<&'a Repository> {
    let said = said.to_lowercase();
    let name = said.rsplit('/').next().unwrap_or(&said);
    let is_near = |own: &str| {
        let slips = if name.chars().count() <= 4 { 1 } else { 2 };
        own.contains(name) || strsim::damerau_levenshtein(name, own) <= slips || strsim::jaro_winkler(name, own) >= NEAR
    };
    let mut rated: Vec<(u32, &Repository)> = known
        .iter()
        .filter(|one| one.presence != Presence::Missing && is_near(&short(one).to_lowercase()))
        .map(|one| (thousandths(strsim::jaro_winkler(&said, &one.name().to_lowercase())), one))
        .collect();
    rated.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.name().cmp(other.name())));
    rated.into_iter().take(SUGGESTIONS).map(|(_, one)| one).collect()
}

fn thousandths(share: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share lies in 0..=1")]
    let whole = (share.clamp(0.0, 1.0) * 1_000.0).round() as u32;
    whole
}

/// The name without its owner.
fn short(one: &Repository) -> &str {
    one.name().rsplit('/').next().unwrap_or(one.name())
}

/// The words of a name, in lower case.
fn parts(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
pub(crate) mod sample {
    use crate::{
        domain::{
            time::Timestamp,
            tracker::{Presence, Repository, RepositoryId, RepositorySighting, Sync},
        },
        review::sample::id,
    };

    /// A repository of this number and name that is there.
    pub(crate) fn repository(number: u64, name: &str) -> Repository {
        Repository {
            seen: RepositorySighting {
                id: RepositoryId(number),
                full_name: name.to_owned(),
                url: format!("https://github.com/{name}"),
                description: String::new(),
                is_private: false,
                is_archived: false,
                default_branch: "main".to_owned(),
            },
            connection: id(5),
            presence: Presence::Here,
            trouble: None,
            strikes: 0,
            offered_at: None,
            found_at: Timestamp::from_millis(1_795_861_600_000),
            sync: Sync::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{sample::repository, *};
    use crate::answers::line::sample::project;

    fn all() -> Vec<Repository> {
        [(1, "acme/web"), (2, "acme/auth-service"), (3, "other/web"), (4, "acme/Website"), (5, "acme/authority")]
            .into_iter()
            .map(|(number, name)| repository(number, name))
            .collect()
    }

    fn names(found: &[&Repository]) -> Vec<String> {
        found.iter().map(|one| one.name().to_owned()).collect()
    }

    #[test]
    fn a_repository_is_meant_by_its_name_and_asked_for_where_that_is_not_enough() {
        let known = all();
        let one = |said: &str| match meant(said, &known) {
            Meant::One(one) => one.name().to_owned(),
            other => panic!("{said}: {other:?}"),
        };
        assert_eq!(one("ACME/Web"), "acme/web");
        assert_eq!(one("website"), "acme/Website");
        assert_eq!(one("id:3"), "other/web");
        assert_eq!(meant("id:77", &known), Meant::Unknown(Vec::new()));
        let Meant::Several(several) = meant("web", &known) else { panic!("one of two") };
        assert_eq!(names(&several), ["acme/web", "other/web"]);
        insta::assert_snapshot!(which("link AUTH", &several).to_plain(), @r"
        Which repository do you mean?
        [acme/web] [other/web]
        ");
        let Meant::Unknown(near) = meant("acme/wbe", &known) else { panic!("none") };
        insta::assert_snapshot!(unknown("acme/wbe", "link AUTH", &near).to_plain(), @r"
        I can't see acme/wbe. Near to that: acme/web and other/web. To let Docket see more, open the page Connect and choose the repositories of the GitHub App there; /docket repos lists what it sees.
        [acme/web] [other/web] [Open Connect]
        ");
        let Meant::Unknown(near) = meant("acme/zzz", &known) else { panic!("none") };
        assert_eq!(names(&near), [] as [&str; 0]);
    }

    #[test]
    fn a_name_that_passed_on_means_the_one_that_is_there() {
        let gone = Repository { presence: Presence::Missing, ..repository(8, "acme/web") };
        let known = [gone.clone(), repository(9, "acme/web")];
        assert_eq!(meant("acme/web", &known), Meant::One(&known[1]));
        assert_eq!(meant("acme/web", std::slice::from_ref(&gone)), Meant::One(&gone));
    }

    #[test]
    fn exact_parts_of_a_name_come_first_and_what_is_linked_or_gone_not_at_all() {
        let known = all();
        let auth = project("AUTH", "Web sign-in");
        let found = suggested(&auth, &known, &BTreeSet::from([RepositoryId(3)]));
        assert_eq!(names(&found), ["acme/web", "acme/auth-service", "acme/authority", "acme/Website"]);
        let many: Vec<Repository> = (0..20).map(|n| repository(n, &format!("acme/auth-{n}"))).collect();
        assert_eq!(suggested(&auth, &many, &BTreeSet::new()).len(), SUGGESTIONS);
    }
}
