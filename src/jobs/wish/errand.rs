//! Lines that something is done for at once, and those that only ask.

use super::Wish;
use crate::{
    answers::{self, place::surroundings},
    domain::{
        ids::ProjectId,
        intent::{Intent, Person, PolicyWish, StandupWish},
        member::Surface,
        policy::{Approvers, Group, Lazy, Override},
        project::ProjectKey,
    },
    error::{Result, UserError},
    intent::place,
    jobs::{
        availability::TimeWish, changes::ChangeWish, errand::Errand, links::LinkWish, roles::RoleWish, think::Thought,
        understand::today,
    },
    review::change::Edit,
    store::Tx,
};

impl Wish<'_> {
    /// What is to be done at once for this intent; nothing for a question, which is answered elsewhere.
    pub(super) async fn errand(&self, tx: &mut Tx, intent: Intent) -> Result<Thought> {
        let errand = match intent {
            Intent::Standup(_, StandupWish::List | StandupWish::Preview) => return Ok(Thought::Nothing),
            Intent::SetModels(wish) => Errand::SetModels(wish),
            Intent::SetPrivacy(wish) => Errand::SetPrivacy(wish),
            Intent::Forget(wish) => Errand::Forget(wish),
            Intent::ForgetRoutes(which) => Errand::ForgetRoutes(which),
            Intent::SetRole { person, role } => {
                let member = self.people(tx).await?.resolve(&person)?;
                Errand::SetRole(RoleWish { member, role })
            }
            Intent::SetHours(wish) => Errand::SetTime(TimeWish::Hours(wish)),
            Intent::SetHolidays(wish) => Errand::SetTime(TimeWish::Holidays(wish)),
            Intent::SetAway { person, wish } => {
                let whom = self.people(tx).await?.resolve(&person.unwrap_or(Person::Sender))?;
                Errand::SetTime(TimeWish::Away(whom, wish))
            }
            Intent::Away(Some(person)) => return self.away(tx, &person).await,
            Intent::SetPolicy { project, wish } => {
                let edit = self.edit_of(tx, wish).await?;
                let words = self.line.trim().to_owned();
                Errand::ChangePolicy(ChangeWish { project, edit, words })
            }
            Intent::Link { project, repository: Some(said) } => {
                return self.about(tx, project.as_ref(), |id| LinkWish::Link(id, said)).await;
            }
            Intent::Unlink { project, repository } => {
                return self.about(tx, project.as_ref(), |id| LinkWish::Unlink(id, repository)).await;
            }
            Intent::Announce { project, wish } => {
                return self.about(tx, project.as_ref(), |id| LinkWish::Announce(id, wish)).await;
            }
            Intent::Standup(kind, wish) => Errand::Standup(kind, wish),
            Intent::Draft { wish, of } => Errand::Draft(wish, of),
            Intent::Mention(wanted) => Errand::Link(LinkWish::Mention(wanted)),
            _ => return Ok(Thought::Nothing),
        };
        Ok(Thought::Errand(errand))
    }

    /// When somebody who is named is away.
    async fn away(&self, tx: &mut Tx, person: &Person) -> Result<Thought> {
        let whom = self.people(tx).await?.resolve(person)?;
        let whom = tx.member(whom).await?.unwrap_or_else(|| self.talk.member.clone());
        let (is_own, day) = (whom.id == self.talk.member.id, today(Some(&whom), self.desk.chance.now()));
        Ok(Thought::Say(answers::availability::away(tx, &whom, is_own, day).await?))
    }

    /// Something about the repositories of the project that is named, or of the place's.
    async fn about(
        &self,
        tx: &mut Tx,
        key: Option<&ProjectKey>,
        wish: impl FnOnce(ProjectId) -> LinkWish,
    ) -> Result<Thought> {
        let around = surroundings(tx, Some(self.talk.venue)).await?;
        Ok(match place::project(key, &around) {
            Ok(id) => Thought::Errand(Errand::Link(wish(id))),
            Err(unplaced) => Thought::Say(unplaced.message(self.line)),
        })
    }

    /// What a wish about the policy comes to.
    async fn edit_of(&self, tx: &mut Tx, wish: PolicyWish) -> Result<Edit> {
        let mut own = Override::default();
        match wish {
            PolicyWish::Default => return Ok(Edit::Default),
            PolicyWish::Approvals(approvals) => own.approvals = Some(approvals),
            PolicyWish::SelfApproval(may) => own.self_approval = Some(may),
            PolicyWish::Deletes(stricter) => own.deletes = Some(stricter),
            PolicyWish::Large(large) => own.large = Some(large),
            PolicyWish::Expiry(expiry) => own.expiry = Some(expiry),
            PolicyWish::Auto(kinds) => own.auto = Some(kinds),
            PolicyWish::Moves(moves) => own.moves = Some(moves),
            PolicyWish::Lazy { hours, zone } => own.lazy = Some(Lazy { hours, zone, since: None }),
            PolicyWish::Approvers { roles, people, group } => {
                let known = self.people(tx).await?;
                let members = people.iter().map(|person| known.resolve(person)).collect::<Result<_, _>>()?;
                let group = match group {
                    Some(id) => Some(Group { team: self.slack_team(tx).await?, id }),
                    None => None,
                };
                own.approvers = Some(Approvers { roles, members, group });
            }
        }
        Ok(Edit::Set(Box::new(own)))
    }

    /// The Slack workspace whose user groups the sender means.
    async fn slack_team(&self, tx: &mut Tx) -> Result<String> {
        if self.talk.venue.surface == Surface::Slack {
            return Ok(self.talk.venue.team.clone());
        }
        let installed = tx.installations().await?;
        let mut teams = installed.into_iter().filter(|it| it.surface == Surface::Slack).map(|it| it.team);
        match (teams.next(), teams.next()) {
            (Some(team), None) => Ok(team),
            (None, _) => Err(UserError::new("Slack is not connected, so it has no user groups yet.").into()),
            _ => Err(UserError::new("There are several Slack workspaces: say this in the one you mean.").into()),
        }
    }
}
