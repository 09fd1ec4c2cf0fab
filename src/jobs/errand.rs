//! What is done at once and ends with an answer: something is set, put aside or forgotten, in the transaction that marks
//! its delivery as handled.

use crate::{
    domain::{
        digest::DraftWish,
        ids::ScheduleId,
        intent::{ForgetWish, ModelsWish, PrivacyWish, StandupWish},
        matches::Match,
        message::Message,
        model::AccountForm,
        schedule::DigestKind,
        time::Timestamp,
    },
    error::Result,
    jobs::{
        Desk,
        availability::{self, TimeWish},
        changes::{self, ChangeWish},
        handle::Talk,
        links::{self, LinkWish},
        privacy,
        reminders::{self, Reminding},
        roles::{self, RoleWish},
        settings,
        standups::{self, drafts},
    },
    store::Tx,
};

/// Something that is done at once, and told.
pub(super) enum Errand {
    /// Which models are used is to be changed.
    SetModels(ModelsWish),
    /// An account with a provider of models is to be added.
    AddAccount(AccountForm),
    /// What words of this channel mean is to be forgotten.
    ForgetRoutes(Option<usize>),
    /// What is kept of what people say is to be changed.
    SetPrivacy(PrivacyWish),
    /// Something that people said is to be forgotten.
    Forget(ForgetWish),
    /// Somebody is to be given a role.
    SetRole(RoleWish),
    /// When somebody works, or nobody does, is to be set.
    SetTime(TimeWish),
    /// Something about a project's repositories, or about who is told of them.
    Link(LinkWish),
    /// The schedules of the channel are to be others.
    Standup(DigestKind, StandupWish),
    /// Something about the sender's draft of a standup: that of a slot of a schedule, or the only one.
    Draft(DraftWish, Option<(ScheduleId, Timestamp)>),
    /// A change of the policy is to be proposed.
    ChangePolicy(ChangeWish),
    /// What somebody wants to be reminded of is to be set or taken back.
    Remind(Reminding),
    /// A conversation is no work.
    PutAside(Box<Match>),
}

impl Errand {
    /// The outcome that is stored with the delivery.
    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::SetModels(_)
            | Self::AddAccount(_)
            | Self::ForgetRoutes(_)
            | Self::SetPrivacy(_)
            | Self::SetRole(_)
            | Self::SetTime(_)
            | Self::Link(_)
            | Self::Standup(..)
            | Self::Draft(..)
            | Self::Remind(_) => "set",
            Self::Forget(_) => "forgotten",
            Self::ChangePolicy(_) => "proposed",
            Self::PutAside(_) => "put aside",
        }
    }

    /// Does it, and says what came of it.
    pub(super) async fn run(self, desk: &Desk, tx: &mut Tx, talk: &Talk<'_>) -> Result<Message> {
        let (member, venue) = (talk.member, talk.venue);
        match self {
            Self::SetModels(wish) => settings::set_models(desk, tx, &wish, member, venue).await,
            Self::AddAccount(form) => settings::add_account(desk, tx, &form, member, venue).await,
            Self::ForgetRoutes(which) => settings::forget_routes(desk, tx, which, member, venue).await,
            Self::SetPrivacy(wish) => privacy::set(desk, tx, talk, &wish).await,
            Self::Forget(wish) => privacy::forget(desk, tx, talk, &wish).await,
            Self::SetRole(wish) => roles::set_role(desk, tx, talk, &wish).await,
            Self::SetTime(wish) => availability::carry_out(desk, tx, talk, wish).await,
            Self::Link(wish) => links::carry_out(desk, tx, talk, &wish).await,
            Self::Standup(kind, wish) => standups::carry_out(desk, tx, talk, kind, &wish).await,
            Self::Draft(wish, of) => drafts::carry_out(desk, tx, talk, (wish, of)).await,
            Self::Remind(wanted) => reminders::carry_out(desk, tx, talk, wanted).await,
            Self::ChangePolicy(wish) => changes::propose(desk, tx, talk, &wish).await,
            Self::PutAside(made) => {
                tx.insert_match(&made).await?;
                Ok(Message::text(format!("T-{} is no work then: it is not offered again.", made.number)))
            }
        }
    }
}
