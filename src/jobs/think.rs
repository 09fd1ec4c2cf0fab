//! From what came in to what should happen: reads, and changes nothing.

use std::collections::BTreeSet;

use crate::{
    answers::{self, Ask, place::surroundings},
    apply,
    domain::{
        diff::diff,
        event::{Action, Click, Event},
        ids::PatchId,
        intent::{FieldValue, Intent, TaskName},
        member::{Identity, Surface},
        message::Message,
        patch::{Confidence, Mode, Operation, Patch, PatchCode, PatchState, next_free},
        plan::Plan,
        project::{Project, ProjectKey, Revision},
        task::{TaskCode, TaskNumber},
        time::Timestamp,
    },
    error::{Error, Result, UserError},
    intent::place::{self, Surroundings},
    jobs::{
        Desk,
        handle::Talk,
        understand::{today, understand},
    },
    planner::{Draft, edit, people::People, set, undo},
    review::{propose::Target, replies},
    store::Tx,
};

/// What should happen.
pub(super) enum Thought {
    /// Nothing.
    Nothing,
    /// An answer, and nothing else.
    Say(Message),
    /// A decision on a patch.
    Decide(Click),
    /// A new proposal.
    Propose(Box<Idea>),
}

/// A proposal to be.
pub(super) struct Idea {
    pub(super) draft: Draft,
    pub(super) target: Target,
    pub(super) words: String,
    pub(super) supersedes: Option<PatchId>,
    pub(super) undoes: Option<PatchId>,
    /// The decision it follows from, to be checked when it is stored.
    pub(super) follows: Option<Click>,
}

impl Thought {
    /// The outcome that is stored with the delivery.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Nothing => "ignored",
            Self::Say(_) => "told",
            Self::Decide(_) => "decided",
            Self::Propose(_) => "proposed",
        }
    }
}

/// Thinks about one event of a known sender.
///
/// # Errors
/// [`UserError`] with words for the sender where it can't be done.
pub(super) async fn think(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>) -> Result<Thought> {
    let line = match talk.event {
        Event::Click(click) => return clicked(desk, tx, talk, click.clone()).await,
        Event::Command(line) | Event::Words(line) => line,
        Event::Removed { .. } | Event::Nothing => return Ok(Thought::Nothing),
    };
    let now = desk.chance.now();
    let Some(intent) = understand(talk.event, Some(talk.member), now)? else { return Ok(Thought::Nothing) };
    if intent.is_read_only() {
        let ask = Ask { sender: Some(talk.member), venue: Some(talk.venue), intent: &intent, now };
        return Ok(Thought::Say(answers::answer(tx, &ask).await?));
    }
    Wish { desk, talk, line }.fulfil(tx, intent).await
}

/// A click on a card: a decision, or the start of a new proposal.
async fn clicked(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, click: Click) -> Result<Thought> {
    let Some(patch) = tx.patch(click.patch).await? else { return Ok(Thought::Decide(click)) };
    let is_current = click.revision == patch.revision;
    let wish = |line| Wish { desk, talk, line };
    match (click.action, &patch.state) {
        (Action::RequestChanges, PatchState::Proposed) if is_current => {
            let Some(words) = click.words.clone() else {
                return Err(
                    UserError::new("Say what should be different, for example: combine the first two tasks").into()
                );
            };
            let mut idea = wish(words.as_str()).edit_proposal(tx, &patch, &words).await?;
            idea.follows = Some(click);
            Ok(Thought::Propose(Box::new(idea)))
        }
        (Action::Undo, PatchState::Applied { revision, .. }) if is_current => {
            wish("undo").take_back(tx, &patch, *revision, click).await
        }
        _ => Ok(Thought::Decide(click)),
    }
}

/// A line that wants something changed.
struct Wish<'a> {
    desk: &'a Desk,
    talk: &'a Talk<'a>,
    line: &'a str,
}

impl Wish<'_> {
    async fn fulfil(&self, tx: &mut Tx, intent: Intent) -> Result<Thought> {
        let idea = match intent {
            Intent::Plan(goal) => {
                let taken = tx.taken_keys().await?;
                self.idea(self.desk.templates.plan(&goal, &taken)?, Target::New)
            }
            Intent::Break { task, focus } => match self.task(tx, &task).await? {
                Ok((project, number)) => {
                    let open = tx.open_patches_of(project.id).await?;
                    if let Some(open) = open.iter().find(|open| open.mode == Mode::Task { number }) {
                        return Ok(Thought::Say(replies::broken_down_already(open.code, &project.key, number)));
                    }
                    let (plan, first_free) = self.whole(tx, &project).await?;
                    let draft = self.desk.templates.break_down(&plan, number, focus.as_deref(), first_free)?;
                    self.idea(draft, Target::Existing { project: project.id, first_free })
                }
                Err(instead) => return Ok(Thought::Say(instead)),
            },
            Intent::Set { task, value } => match self.task(tx, &task).await? {
                Ok((project, number)) => self.set(tx, &project, number, value).await?,
                Err(instead) => return Ok(Thought::Say(instead)),
            },
            Intent::Edit(words) => return self.edit(tx, &words).await,
            Intent::Approve(code) => return self.decide(tx, code, Action::Approve, None).await,
            Intent::Reject { patch, reason } => return self.decide(tx, patch, Action::Reject, Some(reason)).await,
            Intent::Undo(code) => return self.decide(tx, code, Action::Undo, None).await,
            Intent::Rebase(code) => return self.decide(tx, code, Action::Rebase, None).await,
            Intent::Renew(code) => return self.decide(tx, code, Action::Renew, None).await,
            Intent::Help(_)
            | Intent::Show(_)
            | Intent::List
            | Intent::Next(_)
            | Intent::Inbox
            | Intent::Status(_)
            | Intent::WhoAmI => return Ok(Thought::Nothing),
        };
        Ok(Thought::Propose(Box::new(idea)))
    }

    fn idea(&self, draft: Draft, target: Target) -> Idea {
        Idea { draft, target, words: self.line.to_owned(), supersedes: None, undoes: None, follows: None }
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

    /// Changes the place's open proposal, or its project's plan.
    async fn edit(&self, tx: &mut Tx, words: &str) -> Result<Thought> {
        let (named, words) = place::scope(words);
        let around = surroundings(tx, Some(self.talk.venue)).await?;
        let idea = match place::edit_target(named.as_ref(), &around) {
            Ok(place::Target::Proposal(code)) => {
                let patch = tx.patch_by_code(code).await?.ok_or_else(|| UserError::new(format!("{code} is gone.")))?;
                let mut idea = self.edit_proposal(tx, &patch, words).await?;
                idea.follows = Some(Click {
                    action: Action::RequestChanges,
                    patch: patch.id,
                    revision: patch.revision,
                    steps: None,
                    words: Some(words.to_owned()),
                });
                idea
            }
            Ok(place::Target::Project(id)) => {
                let project = tx.project(id).await?.ok_or_else(no_project)?;
                let (plan, first_free) = self.whole(tx, &project).await?;
                let sketch = edit::Sketch::of_plan(&plan);
                let draft = self.redraft(tx, &sketch, words, first_free).await?;
                self.idea(draft, Target::Existing { project: id, first_free })
            }
            Err(unplaced) => return Ok(Thought::Say(unplaced.message(self.line))),
        };
        Ok(Thought::Propose(Box::new(idea)))
    }

    /// Makes the proposal that takes the place of `patch`.
    async fn edit_proposal(&self, tx: &mut Tx, patch: &Patch, words: &str) -> Result<Idea> {
        let (plan, target, first_free) = if let Some(founding) = &patch.founding {
            let empty = Plan::new(apply::founded(patch, founding), []);
            (empty, Target::Founding(patch.project), next_free(patch.operations(), TaskNumber(1)))
        } else {
            let project = tx.project(patch.project).await?.ok_or_else(no_project)?;
            let (plan, first_free) = self.whole(tx, &project).await?;
            (plan, Target::Existing { project: project.id, first_free }, first_free)
        };
        let sketch = edit::Sketch::of_patch(&plan, patch);
        let draft = self.redraft(tx, &sketch, words, first_free).await?;
        let method = patch.origin.method.clone();
        let idea = self.idea(Draft { method, ..draft }, target);
        Ok(Idea { supersedes: Some(patch.id), undoes: patch.undoes, ..idea })
    }

    async fn redraft(
        &self,
        tx: &mut Tx,
        sketch: &edit::Sketch<'_>,
        words: &str,
        first_free: TaskNumber,
    ) -> Result<Draft> {
        let people = self.people(tx).await?;
        let today = today(Some(self.talk.member), self.desk.chance.now());
        Ok(edit::edit(sketch, words, &people, first_free, today)?)
    }

    /// Makes the proposal that takes `patch` back. Where its tasks have changed since, it waits for a
    /// decision whatever the policy lets pass.
    async fn take_back(&self, tx: &mut Tx, patch: &Patch, made: Revision, click: Click) -> Result<Thought> {
        let inverse = tx.inverse(patch.id).await?.unwrap_or_default();
        let operations: Vec<&Operation> = inverse.iter().collect();
        let plan = tx.plan_part(patch.project, &operations).await?.ok_or_else(no_project)?;
        if diff(&plan, operations.iter().copied()).entries.is_empty() {
            return Ok(Thought::Say(replies::nothing_to_undo(patch.code)));
        }
        let touched: BTreeSet<TaskNumber> = operations.iter().filter_map(|operation| operation.task()).collect();
        let moved = touched.iter().filter_map(|number| plan.task(*number)).any(|task| task.version > made);
        let mut draft = undo::undo(&plan, patch, inverse);
        if moved {
            draft.confidence = Confidence::Medium;
        }
        let first_free = tx.next_number(patch.project).await?;
        let target = Target::Existing { project: patch.project, first_free };
        let idea = Idea { undoes: Some(patch.id), follows: Some(click), ..self.idea(draft, target) };
        Ok(Thought::Propose(Box::new(idea)))
    }

    /// The project and number of a named task; the inner error is what to answer where several could be meant.
    async fn task(&self, tx: &mut Tx, name: &TaskName) -> Result<Result<(Project, TaskNumber), Message>> {
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
    async fn whole(&self, tx: &mut Tx, project: &Project) -> Result<(Plan, TaskNumber)> {
        let plan = tx.plan(project.id).await?.ok_or_else(no_project)?;
        Ok((plan, tx.next_number(project.id).await?))
    }

    async fn people(&self, tx: &mut Tx) -> Result<People> {
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
}

/// Whether the patch got another text after `at`, when somebody typed a command about it.
async fn revised_since(tx: &mut Tx, patch: &Patch, at: Timestamp) -> Result<bool> {
    let news = tx.audit_of(&patch.id.to_string(), 10).await?;
    Ok(news.iter().any(|entry| entry.at > at && matches!(entry.action.as_str(), "patch.rebased" | "patch.renewed")))
}

fn project_of(around: &Surroundings, id: crate::domain::ids::ProjectId) -> Result<Project> {
    around.projects.iter().find(|project| project.id == id).cloned().ok_or_else(no_project)
}

fn no_project() -> Error {
    UserError::new("That project is gone. /docket list shows the ones there are.").into()
}
