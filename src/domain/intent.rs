//! What a sender wants, in words no surface knows about.

mod announce;
mod availability;
mod privacy;
mod remind;
mod standup;
mod track;

use std::{collections::BTreeSet, time::Duration};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use self::{
    announce::{AnnounceWish, Muted},
    availability::{AwayWish, HolidaysWish},
    privacy::{ForgetWish, PrivacyWish},
    remind::RemindWish,
    standup::{RuleWish, ScheduleChange, StandupWish},
    track::{About, Decided},
};
use super::{
    availability::HoursWish,
    digest::DraftWish,
    ids::ScheduleId,
    member::Role,
    model::Use,
    patch::PatchCode,
    policy::{ChangeAction, ChangeCode, Large, Move, Small, Stricter},
    project::ProjectKey,
    schedule::DigestKind,
    task::{Priority, Status, TaskCode},
    time::Timestamp,
};

/// What a sender wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Explain Docket, or one command of it.
    Help(Option<String>),
    /// Show a project, a task or a patch; the place's own project where nothing is named.
    Show(Option<Named>),
    /// List the projects.
    List,
    /// Which tasks can be started now.
    Next(Option<ProjectKey>),
    /// What waits for the sender.
    Inbox,
    /// How the projects stand.
    Status(Option<ProjectKey>),
    /// Who the sender is to Docket.
    WhoAmI,
    /// Which models are connected, and what they cost today.
    Models,
    /// What the words of this channel were chosen to mean.
    Routes,
    /// What is kept of what people say.
    Privacy,
    /// Change what is kept of what people say.
    SetPrivacy(PrivacyWish),
    /// Forget something of what people said.
    Forget(ForgetWish),
    /// How often proposals were approved in the last 30 days, by intent and model.
    Stats,
    /// Which repositories each connection can see: all of them, or those whose names hold these words.
    Repositories(Option<String>),
    /// How the pull requests stand, of one project or of all.
    Pulls(Option<ProjectKey>),
    /// Link a project to a repository; which ones there are where none is named.
    Link {
        /// Which project; the place's where none is named.
        project: Option<ProjectKey>,
        /// Which repository, as somebody said it.
        repository: Option<String>,
    },
    /// Take such a link back.
    Unlink {
        /// Which project; the place's where none is named.
        project: Option<ProjectKey>,
        /// Which repository, as somebody said it.
        repository: String,
    },
    /// What the channel of a project is told of its pull requests.
    Announced(Option<ProjectKey>),
    /// Change that.
    Announce {
        /// Which project; the place's where none is named.
        project: Option<ProjectKey>,
        /// What is to be different.
        wish: AnnounceWish,
    },
    /// Whether the sender is to be mentioned when something at a tracker waits for them.
    Mention(bool),
    /// Get a private link that signs the sender in to the pages.
    Connect,
    /// How decisions are taken: by the tenant's rules, or by those of a project.
    Policy(Option<ProjectKey>),
    /// Propose a change of these rules.
    SetPolicy {
        /// Whose rules; `None` for the tenant's.
        project: Option<ProjectKey>,
        /// What is to be different.
        wish: PolicyWish,
    },
    /// Decide on a proposed change of the rules.
    DecideChange {
        /// Which.
        change: ChangeCode,
        /// How.
        action: ChangeAction,
    },
    /// What would happen if somebody approved a patch.
    TestPolicy {
        /// Which patch.
        patch: PatchCode,
        /// Who.
        person: Person,
    },
    /// Who the members are, and what each may do.
    Roles,
    /// When the sender works.
    Hours,
    /// Set that; `None` goes back to everybody's hours in the zone of the profile.
    SetHours(Option<HoursWish>),
    /// When the sender, or somebody else, is away.
    Away(Option<Person>),
    /// Change that.
    SetAway {
        /// Whose; the sender's where nobody is named.
        person: Option<Person>,
        /// What is to be different.
        wish: AwayWish,
    },
    /// On which days nobody works.
    Holidays,
    /// Change that.
    SetHolidays(HolidaysWish),
    /// Give somebody a role.
    SetRole {
        /// Whom.
        person: Person,
        /// Which.
        role: Role,
    },
    /// Change which models are used.
    SetModels(ModelsWish),
    /// Forget what words of this channel were chosen to mean: those of this place in the list, or all.
    ForgetRoutes(Option<usize>),
    /// Draft from a template, whether a model is connected or not: the goal of a new project, or a task's code.
    Template(String),
    /// Draft the first plan of a new project.
    Plan(String),
    /// Break a task down.
    Break {
        /// Which task.
        task: TaskName,
        /// What to look at in particular.
        focus: Option<String>,
    },
    /// Change the open proposal of the place, or its project's plan, in words.
    Edit(String),
    /// A change of one field of one task.
    Set {
        /// Which task.
        task: TaskName,
        /// What it becomes.
        value: FieldValue,
    },
    /// Put a project away.
    Archive(ProjectKey),
    /// Open an issue for a task, or say which one stands for it.
    Issue {
        /// Which task.
        task: TaskName,
        /// Which issue, or where to open it; `None` for a new one in the project's only repository.
        issue: Option<IssueName>,
    },
    /// What the sender wants to be reminded of.
    Reminders,
    /// Change that.
    Remind(RemindWish),
    /// Something about the digests of a channel.
    Standup(DigestKind, StandupWish),
    /// Read what was said in channels since the last time, and propose what follows.
    Process {
        /// Whether it is only told what would be proposed.
        is_dry: bool,
    },
    /// Say what a conversation is about.
    Track {
        /// The number of the conversation: 7 of `T-7`.
        thread: u32,
        /// What it is about.
        about: About,
    },
    /// What was made of conversations: of all, of those about a project or a task, or of one.
    Decisions(Option<Decided>),
    /// Something about the sender's draft of a standup.
    Draft {
        /// What.
        wish: DraftWish,
        /// Which: that of this slot of a schedule; `None` for the only one that waits.
        of: Option<(ScheduleId, Timestamp)>,
    },
    /// Approve a patch.
    Approve(PatchCode),
    /// Turn a patch down.
    Reject {
        /// Which patch.
        patch: PatchCode,
        /// Why; may be empty.
        reason: String,
    },
    /// Say that a patch must not apply by itself.
    Object {
        /// Which patch.
        patch: PatchCode,
        /// Why; may be empty.
        reason: String,
    },
    /// Take one's own objection to a patch back.
    Withdraw(PatchCode),
    /// Take an applied patch back.
    Undo(PatchCode),
    /// Bring a stale patch up to date.
    Rebase(PatchCode),
    /// Propose a lapsed patch again.
    Renew(PatchCode),
}

impl Intent {
    /// Whether it changes nothing, so that it can be answered in the acknowledgement itself.
    pub const fn is_read_only(&self) -> bool {
        matches!(
            self,
            Self::Help(_)
                | Self::Show(_)
                | Self::List
                | Self::Next(_)
                | Self::Inbox
                | Self::Status(_)
                | Self::WhoAmI
                | Self::Models
                | Self::Routes
                | Self::Privacy
                | Self::Roles
                | Self::Hours
                | Self::Away(None)
                | Self::Holidays
                | Self::Policy(_)
                | Self::Stats
                | Self::Repositories(_)
                | Self::Pulls(_)
                | Self::Link { repository: None, .. }
                | Self::Announced(_)
                | Self::Standup(_, StandupWish::List | StandupWish::Preview)
                | Self::Decisions(_)
                | Self::Reminders
        )
    }
}

/// A change of which models are used, and how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelsWish {
    /// Ask an account's default model for one word, to see whether it works.
    Test(String),
    /// The model for everything that has none of its own: `gpt-5` or `account/gpt-5`.
    Default(String),
    /// The model for one kind of work; `None` goes back to the default one.
    Use(Use, Option<String>),
    /// Tokens that may be used in a day.
    DailyTokens(u64),
    /// Forget an account with its key.
    Remove(String),
}

/// What is to be different in the rules for decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyWish {
    /// Who approves.
    Approvers {
        /// Everybody of these roles.
        roles: BTreeSet<Role>,
        /// These people.
        people: Vec<Person>,
        /// The members of this user group.
        group: Option<String>,
    },
    /// How many must approve.
    Approvals(usize),
    /// Whether the author's own approval counts.
    SelfApproval(bool),
    /// What deletes need besides.
    Deletes(Stricter),
    /// What many operations need besides.
    Large(Large),
    /// How long a patch waits.
    Expiry(Duration),
    /// Which moves that follow from what trackers tell apply at once.
    Moves(BTreeSet<Move>),
    /// Which small changes apply at once.
    Auto(BTreeSet<Small>),
    /// After how many working hours a patch applies unless somebody objects, and where these are counted; 0 for never.
    Lazy {
        /// How many.
        hours: u32,
        /// In which time zone.
        zone: Option<String>,
    },
    /// Everything as it comes: of a project, as its tenant has it.
    Default,
}

/// Something a person can name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// `AUTH`.
    Project(ProjectKey),
    /// `AUTH-3`, or `3` in the place's project.
    Task(TaskName),
    /// `P-41`.
    Patch(PatchCode),
}

/// How a person names a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskName {
    /// `AUTH-3`.
    Code(String),
    /// `3`: of the place's project.
    Number(u32),
}

impl TaskName {
    /// Reads `AUTH-3`, `#3` or `3`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(code) = text.parse::<TaskCode>() {
            return Some(Self::Code(code.to_string()));
        }
        let digits = text.strip_prefix('#').unwrap_or(text);
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|n| plain && *n > 0).map(Self::Number)
    }
}

/// A new value for one field of a task, as a command names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// `start`, `done`, `block`, …
    Status(Status),
    /// `assign`; `None` is nobody.
    Assignee(Option<Person>),
    /// `estimate` in minutes; `None` clears it.
    Estimate(Option<u32>),
    /// `priority`.
    Priority(Priority),
    /// `due`; `None` clears it.
    Due(Option<NaiveDate>),
}

/// How a person is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// `me`.
    Sender,
    /// A mention that the platform made: its user id.
    User(String),
    /// A typed name, to be matched among the members.
    Name(String),
}

/// An issue that is there, or the repository for a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueName {
    /// `owner/name`; `None` for the project's only one.
    pub repository: Option<String>,
    /// Its number; `None` for a new one.
    pub number: Option<u64>,
}
