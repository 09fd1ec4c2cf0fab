//! A line that wants something changed: which project, task or patch it means, and what becomes of it.

mod errand;

use chrono::NaiveDate;

use crate::{
    answers::place::surroundings,
    domain::{
        event::{Action, Click},
        ids::ProjectId,
        intent::{FieldValue, Intent, ModelsWish, TaskName},
        member::{Identity, Member, Standing, Surface},
        message::Message,
        patch::{Patch, PatchCode, PatchState},
        plan::Plan,
        policy::able,
        project::{Project, ProjectKey, Revision},
        task::{TaskCode, TaskNumber},
        time::Timestamp,
    },
    error::{Error, Result, UserError},
    intent::{
        classify,
        place::{self, Surroundings},
    },
    jobs::{
        Desk,
        consult::Memo,
        handle::Talk,
        issues::IssueWish,
        process, reminders, roles, settings,
        think::{Idea, Thought},
        ticket,
        understand::today,
    },
    llm::{Question, fence::Fence, prompt::Said},
    planner::{Draft, people::People, set},
    review::{
        propose::{Target, may_change},
        replies,
        take_back::take_back,
    },
    store::Tx,
};

/// A line that wants something changed, with what models said to it so far.
pub(super) struct Wish<'a> {
    pub(super) desk: &'a Desk,
    pub(super) talk: &'a Talk<'a>,
    pub(super) memo: &'a Memo,
    pub(super) line: &'a str,
}

impl Wish<'_> {
    /// Finds out what should happen for this intent.
    pub(super) async fn fulfil(&self, tx: &mut Tx, intent: Intent) -> Result<Thought> {
        if proposes(&intent) {
            may_change(tx, self.talk.member, self.talk.venue).await?;
        }
        match intent {
            Intent::Plan(goal) => self.plan(tx, &goal).await,
            Intent::Break { task, focus } => self.break_down(tx, &task, focus.as_deref()).await,
            Intent::Template(what) => self.by_template(tx, &what).await,
            Intent::Edit(words) => self.edit(tx, &words).await,
            Intent::Set { task, value } => match self.task(tx, &task).await? {
                Ok((project, number)) => Ok(Thought::Propose(Box::new(self.set(tx, &project, number, value).await?))),
                Err(instead) => Ok(Thought::Say(instead)),
            },
            Intent::Archive(key) => self.archive(tx, &key).await,
            Intent::Issue { task, issue } => match self.task(tx, &task).await? {
                Ok((project, task)) => Ok(Thought::OrderIssue(IssueWish { project, task, issue })),
                Err(instead) => Ok(Thought::Say(instead)),
            },
            Intent::Process { is_dry: true } => {
                process::able_to_track(self.talk.member)?;
                Ok(Thought::Say(process::dry_run(self.desk, tx, self.talk.venue).await?))
            }
            Intent::Process { is_dry: false } => process::consult(self, tx).await,
            Intent::Track { thread, about } => {
                process::able_to_track(self.talk.member)?;
                process::track::track(self, tx, thread, &about).await
            }
            Intent::Approve(code) => self.decide(tx, code, Action::Approve, None).await,
            Intent::Reject { patch, reason } => self.decide(tx, patch, Action::Reject, Some(reason)).await,
            Intent::Undo(code) => self.decide(tx, code, Action::Undo, None).await,
            Intent::Rebase(code) => self.decide(tx, code, Action::Rebase, None).await,
            Intent::Renew(code) => self.decide(tx, code, Action::Renew, None).await,
            Intent::Connect => Ok(Thought::Say(ticket::offer(self.talk.venue.surface))),
            Intent::SetModels(ModelsWish::Test(account)) => {
                roles::only_in_charge(tx, self.talk.member, settings::MODELS).await?;
                Ok(Thought::Test(account))
            }
            Intent::DecideChange { change, action } => Ok(Thought::DecideChange(change, action)),
            Intent::TestPolicy { patch, person } => {
                Ok(Thought::TestPolicy(patch, self.people(tx).await?.resolve(&person)?))
            }
            Intent::Remind(wanted) => reminders::think(self, tx, wanted).await,
            Intent::Object { patch, reason } => self.decide(tx, patch, Action::Object, Some(reason)).await,
            Intent::Withdraw(code) => self.decide(tx, code, Action::Withdraw, None).await,
            other => self.errand(tx, other).await,
        }
    }

    /// A proposal that follows from nothing.
    pub(super) fn idea(&self, draft: Draft, target: Target) -> Idea {
        Idea {
            draft,
            target,
            words: self.line.to_owned(),
            supersedes: None,
            undoes: None,
            follows: None,
            note: None,
            thread: None,
        }
    }

    /// Whether a model may be asked: where one is connected, and for full members. Nobody else spends the budget.
    pub(super) async fn may_ask(&self, tx: &mut Tx) -> Result<bool> {
        Ok(able(self.talk.member).is_ok() && self.desk.models.is_connected(tx).await?)
    }

    /// The day it is for the sender.
    pub(super) fn today(&self) -> NaiveDate {
        today(Some(self.talk.member), self.desk.chance.now())
    }

    /// A decision by its patch's code: as if the newest card had been pressed.
    async fn decide(&self, tx: &mut Tx, code: PatchCode, action: Action, words: Option<String>) -> Result<Thought> {
        let Some(patch) = tx.patch_by_code(code).await? else {
            return Ok(Thought::Say(replies::unknown_patch(code)));
        };
        if action == Action::Approve && revised_since(tx, &patch, self.talk.delivery.received_at).await? {
            return Ok(Thought::Say(replies::old_revision(patch.code)));
        }
        let click = Click { action, patch: patch.id, revision: patch.revision, steps: None, words };
        match (action, &patch.state) {
            (Action::Undo, PatchState::Applied { revision, .. }) => self.take_back(tx, &patch, *revision, click).await,
            _ => Ok(Thought::Decide(click)),
        }
    }

    async fn set(&self, tx: &mut Tx, project: &Project, number: TaskNumber, value: FieldValue) -> Result<Idea> {
        let people = self.people(tx).await?;
        let Some(task) = tx.task(project.id, number).await? else {
            let plan = tx.plan(project.id).await?.ok_or_else(no_project)?;
            return Err(place::unknown_task(&project.key, number, plan.tasks().map(|task| task.number)).into());
        };
        let draft = set::set(&Plan::new(project.clone(), [task]), number, &value, &people)?;
        let first_free = tx.next_number(project.id).await?;
        Ok(self.idea(draft, Target::Existing { project: project.id, first_free }))
    }

    async fn archive(&self, tx: &mut Tx, key: &ProjectKey) -> Result<Thought> {
        let around = surroundings(tx, Some(self.talk.venue)).await?;
        match place::project(Some(key), &around) {
            Ok(id) => {
                let project = project_of(&around, id)?;
                let draft = set::archive(&project)?;
                let first_free = tx.next_number(id).await?;
                let target = Target::Existing { project: id, first_free };
                Ok(Thought::Propose(Box::new(self.idea(draft, target))))
            }
            Err(unplaced) => Ok(Thought::Say(unplaced.message(self.line))),
        }
    }

    /// Makes the proposal that takes `patch` back.
    pub(super) async fn take_back(&self, tx: &mut Tx, patch: &Patch, made: Revision, click: Click) -> Result<Thought> {
        let Some((draft, target)) = take_back(tx, patch, made).await? else {
            return Ok(Thought::Say(replies::nothing_to_undo(patch.code)));
        };
        let idea = Idea { undoes: Some(patch.id), follows: Some(click), ..self.idea(draft, target) };
        Ok(Thought::Propose(Box::new(idea)))
    }

    /// The project and number of a named task; the inner error is what to answer where several could be meant.
    pub(super) async fn task(&self, tx: &mut Tx, name: &TaskName) -> Result<Result<(Project, TaskNumber), Message>> {
        let around = surroundings(tx, Some(self.talk.venue)).await?;
        let key: Option<ProjectKey> = match name {
            TaskName::Code(code) => code.parse::<TaskCode>().ok().map(|code| code.project),
            TaskName::Number(_) => None,
        };
        match place::project(key.as_ref(), &around) {
            Ok(id) => {
                let project = project_of(&around, id)?;
                let number = place::number_in(name, &project.key)?;
                Ok(Ok((project, number)))
            }
            Err(unplaced) => Ok(Err(unplaced.message(self.line))),
        }
    }

    /// The whole plan of a project and the first number that is free in it.
    pub(super) async fn whole(&self, tx: &mut Tx, project: &Project) -> Result<(Plan, TaskNumber)> {
        let plan = tx.plan(project.id).await?.ok_or_else(no_project)?;
        Ok((plan, tx.next_number(project.id).await?))
    }

    pub(super) async fn people(&self, tx: &mut Tx) -> Result<People> {
        let Identity { surface, team, .. } = &self.talk.identity;
        let here = tx.members_at(*surface, team).await?;
        let users = here.iter().map(|(user, member)| (user.clone(), member.id)).collect();
        let members = match surface {
            // The console's owner sees everybody's work and may give some to anybody.
            Surface::Console => tx.members().await?,
            Surface::Slack => here.into_iter().map(|(_, member)| member).collect(),
        };
        Ok(People { sender: self.talk.member.id, members, users })
    }

    /// The question what these words mean here.
    pub(super) async fn route(&self, tx: &mut Tx) -> Result<Question> {
        let around = surroundings(tx, Some(self.talk.venue)).await?;
        let open = match &around.open_patch {
            Some(open) => tx.patch_by_code(open.code).await?,
            None => None,
        };
        let here = around.thread_project.or(around.channel_project);
        let mut projects = around.projects;
        projects.sort_by_key(|project| Some(project.id) != here);
        let around = classify::Around {
            projects: &projects,
            open: open.as_ref().map(|patch| (patch.code, patch.title.as_str())),
            thread: self.talk.venue.thread.is_some(),
        };
        Ok(classify::question(&self.fence(), &self.said(self.line), &around))
    }

    /// A fence that nobody could know when they wrote what goes between.
    pub(super) fn fence(&self) -> Fence {
        Fence::new(self.desk.chance.bits())
    }

    /// Words of the sender.
    pub(super) fn said(&self, words: &str) -> Said {
        Said::new(speaker(self.talk.member), words)
    }
}

/// Whether it proposes or writes something, which viewers don't.
const fn proposes(intent: &Intent) -> bool {
    matches!(
        intent,
        Intent::Plan(_)
            | Intent::Break { .. }
            | Intent::Template(_)
            | Intent::Edit(_)
            | Intent::Set { .. }
            | Intent::Archive(_)
            | Intent::Issue { .. }
            | Intent::Process { is_dry: false }
    )
}

/// Who somebody is, for a model: `Ana, full member`.
pub(super) fn speaker(member: &Member) -> String {
    let standing = match member.standing {
        Standing::Full => "full member",
        Standing::Guest => "guest",
        Standing::Bot => "bot",
        Standing::Gone | Standing::Unknown => "not known to the workspace",
    };
    format!("{}, {standing}", member.name)
}

/// Whether the patch got another text after `at`, when somebody typed a command about it.
async fn revised_since(tx: &mut Tx, patch: &Patch, at: Timestamp) -> Result<bool> {
    let news = tx.audit_of(&patch.id.to_string(), 10).await?;
    Ok(news.iter().any(|entry| entry.at > at && matches!(entry.action.as_str(), "patch.rebased" | "patch.renewed")))
}

fn project_of(around: &Surroundings, id: ProjectId) -> Result<Project> {
    around.projects.iter().find(|project| project.id == id).cloned().ok_or_else(no_project)
}

pub(super) fn no_project() -> Error {
    UserError::new("That project is gone. /docket list shows the ones there are.").into()
}
