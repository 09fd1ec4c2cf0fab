//! Drafts: by a model where one is connected, by templates and the grammar where none is or none answers.

use crate::{
    answers::place::surroundings,
    apply,
    domain::{
        event::{Action, Click, Event},
        intent::TaskName,
        message::{Block, Button, Message, Span},
        model::Use,
        patch::{Mode, Patch, next_free},
        plan::Plan,
        policy::able,
        project::{Project, ProjectKey},
        task::TaskNumber,
    },
    error::{Result, UserError},
    intent::place,
    jobs::{
        consult::Consultation,
        think::{Idea, Thought},
        wish::{Wish, no_project, speaker},
    },
    llm::{
        Question,
        models::{Reply, Trouble},
        prompt::Said,
    },
    planner::{
        Draft,
        draft::{breakdown, plan, refine},
        edit,
    },
    review::{propose::Target, replies, words::quote},
    store::Tx,
};

/// The longest part of somebody's words in a line about what is being made, in characters.
const SAID: usize = 80;
/// Earlier wishes that a model is told.
const HISTORY: usize = 6;

/// How it stands with a model's part.
enum Asked<'a> {
    /// No model is asked, for this reason.
    NoModel(&'static str),
    /// It was not asked yet.
    NotYet,
    /// It answered, and the answer was found right at that time.
    Said(&'a Reply),
    /// It did not.
    Trouble(&'a Trouble),
}

/// What a change in words starts from.
struct Ground<'a> {
    plan: &'a Plan,
    patch: Option<&'a Patch>,
    first_free: TaskNumber,
}

impl Ground<'_> {
    fn sketch(&self) -> edit::Sketch<'_> {
        sketch(self.plan, self.patch)
    }
}

fn sketch<'a>(plan: &'a Plan, patch: Option<&'a Patch>) -> edit::Sketch<'a> {
    patch.map_or_else(|| edit::Sketch::of_plan(plan), |patch| edit::Sketch::of_patch(plan, patch))
}

/// What became of a change in words.
enum Redraft {
    /// A draft, with what the model says to the sender besides.
    Draft(Draft, String),
    Instead(Thought),
}

impl Wish<'_> {
    async fn asked(&self, tx: &mut Tx, purpose: Use) -> Result<Asked<'_>> {
        Ok(match self.memo.said(purpose) {
            Some(Ok(reply)) => Asked::Said(reply),
            Some(Err(trouble)) => Asked::Trouble(trouble),
            None if self.may_ask(tx).await? => Asked::NotYet,
            None if self.desk.models.is_connected(tx).await? => Asked::NoModel("models draft for full members only"),
            None => Asked::NoModel("no model connected"),
        })
    }

    /// The first plan of a new project.
    pub(super) async fn plan(&self, tx: &mut Tx, goal: &str) -> Result<Thought> {
        let taken = tx.taken_keys().await?;
        let outline = |why: &str, note: Option<String>| -> Result<Thought> {
            let draft = because(self.desk.templates.plan(goal, &taken)?, why);
            Ok(Thought::Propose(Box::new(Idea { note, ..self.idea(draft, Target::New) })))
        };
        match self.asked(tx, Use::Plan).await? {
            Asked::NoModel(why) => outline(why, None),
            Asked::Trouble(trouble) if trouble.is_outage() => outline(&trouble.brief(), mendable(trouble)),
            Asked::Trouble(trouble) => Ok(Thought::Say(offer(&trouble.words(), goal))),
            Asked::NotYet => {
                let question = plan::question(&self.fence(), &self.said(goal));
                let said = goal.to_owned();
                Ok(ask(
                    question,
                    move |text| plan::read(text, &said, &taken).map(drop),
                    format!("Drafting a plan for {}", quote(goal, SAID)),
                ))
            }
            Asked::Said(reply) => match plan::read(&reply.text, goal, &taken) {
                Ok(draft) => Ok(Thought::Propose(Box::new(self.idea(by_model(draft, reply), Target::New)))),
                Err(problems) => Ok(Thought::Say(offer(&no_longer_fits(&problems), goal))),
            },
        }
    }

    /// The sub-tasks of a task.
    pub(super) async fn break_down(&self, tx: &mut Tx, task: &TaskName, focus: Option<&str>) -> Result<Thought> {
        let (project, number) = match self.parent(tx, task).await? {
            Ok(found) => found,
            Err(instead) => return Ok(Thought::Say(instead)),
        };
        let (plan, first_free) = self.whole(tx, &project).await?;
        let code = plan.code(number);
        let target = Target::Existing { project: project.id, first_free };
        let outline = |why: &str, note: Option<String>| -> Result<Thought> {
            let draft = because(self.desk.templates.break_down(&plan, number, focus, first_free)?, why);
            Ok(Thought::Propose(Box::new(Idea { note, ..self.idea(draft, target) })))
        };
        match self.asked(tx, Use::Break).await? {
            Asked::NoModel(why) => outline(why, None),
            Asked::Trouble(trouble) if trouble.is_outage() => outline(&trouble.brief(), mendable(trouble)),
            Asked::Trouble(trouble) => Ok(Thought::Say(offer(&trouble.words(), &code.to_string()))),
            Asked::NotYet => {
                let focus = focus.map(|focus| self.said(focus));
                let question = breakdown::question(&self.fence(), &plan, number, focus.as_ref())?;
                let what = format!("Drafting sub-tasks of {code}");
                let check = move |text: &str| breakdown::read(text, &plan, number, first_free).map(drop);
                Ok(ask(question, check, what))
            }
            Asked::Said(reply) => match breakdown::read(&reply.text, &plan, number, first_free) {
                Ok(draft) => Ok(Thought::Propose(Box::new(self.idea(by_model(draft, reply), target)))),
                Err(problems) => Ok(Thought::Say(offer(&no_longer_fits(&problems), &code.to_string()))),
            },
        }
    }

    /// The task to break down; the inner error is what to answer where there is none, or an open breakdown of it.
    async fn parent(
        &self,
        tx: &mut Tx,
        task: &TaskName,
    ) -> Result<std::result::Result<(Project, TaskNumber), Message>> {
        let (project, number) = match self.task(tx, task).await? {
            Ok(found) => found,
            Err(instead) => return Ok(Err(instead)),
        };
        let open = tx.open_patches_of(project.id).await?;
        Ok(match open.iter().find(|open| open.mode == Mode::Task { number }) {
            Some(open) => Err(replies::broken_down_already(open.code, &project.key, number)),
            None => Ok((project, number)),
        })
    }

    /// A plan or a breakdown from a template, as asked for.
    pub(super) async fn by_template(&self, tx: &mut Tx, what: &str) -> Result<Thought> {
        let Some(task) = TaskName::parse(what.trim()) else {
            let draft = self.desk.templates.plan(what, &tx.taken_keys().await?)?;
            return Ok(Thought::Propose(Box::new(self.idea(draft, Target::New))));
        };
        match self.parent(tx, &task).await? {
            Ok((project, number)) => {
                let (plan, first_free) = self.whole(tx, &project).await?;
                let draft = self.desk.templates.break_down(&plan, number, None, first_free)?;
                let target = Target::Existing { project: project.id, first_free };
                Ok(Thought::Propose(Box::new(self.idea(draft, target))))
            }
            Err(instead) => Ok(Thought::Say(instead)),
        }
    }

    /// Changes the place's open proposal, or its project's plan.
    pub(super) async fn edit(&self, tx: &mut Tx, words: &str) -> Result<Thought> {
        let (named, words): (Option<ProjectKey>, &str) = place::scope(words);
        let around = surroundings(tx, Some(self.talk.venue)).await?;
        match place::edit_target(named.as_ref(), &around) {
            Ok(place::Target::Proposal(code)) => {
                let patch = tx.patch_by_code(code).await?.ok_or_else(|| UserError::new(format!("{code} is gone.")))?;
                let click = Click {
                    action: Action::RequestChanges,
                    patch: patch.id,
                    revision: patch.revision,
                    steps: None,
                    words: Some(words.to_owned()),
                };
                self.edit_proposal(tx, &patch, words, click).await
            }
            Ok(place::Target::Project(id)) => {
                let project = tx.project(id).await?.ok_or_else(no_project)?;
                let (plan, first_free) = self.whole(tx, &project).await?;
                let ground = Ground { plan: &plan, patch: None, first_free };
                Ok(match self.redraft(tx, &ground, words).await? {
                    Redraft::Draft(draft, note) => {
                        let idea = self.idea(draft, Target::Existing { project: id, first_free });
                        Thought::Propose(Box::new(Idea { note: present(note), ..idea }))
                    }
                    Redraft::Instead(thought) => thought,
                })
            }
            Err(unplaced) => Ok(Thought::Say(unplaced.message(self.line))),
        }
    }

    /// Makes the proposal that takes the place of `patch`, as `click` asks.
    pub(super) async fn edit_proposal(&self, tx: &mut Tx, patch: &Patch, words: &str, click: Click) -> Result<Thought> {
        let (plan, target, first_free) = if let Some(founding) = &patch.founding {
            let empty = Plan::new(apply::founded(patch, founding), []);
            (empty, Target::Founding(patch.project), next_free(patch.operations(), TaskNumber(1)))
        } else {
            let project = tx.project(patch.project).await?.ok_or_else(no_project)?;
            let (plan, first_free) = self.whole(tx, &project).await?;
            (plan, Target::Existing { project: project.id, first_free }, first_free)
        };
        let ground = Ground { plan: &plan, patch: Some(patch), first_free };
        let (draft, note) = match self.redraft(tx, &ground, words).await? {
            Redraft::Draft(draft, note) => (draft, present(note)),
            // Whoever may not change it need not have it drafted: the refusal is the same before and after.
            Redraft::Instead(Thought::Ask(_)) if able(self.talk.member).is_err() => {
                return Ok(Thought::Decide(click));
            }
            Redraft::Instead(thought) => return Ok(thought),
        };
        let method = if draft.method.is_empty() { patch.origin.method.clone() } else { draft.method.clone() };
        let idea = self.idea(Draft { method, ..draft }, target);
        let idea = Idea { supersedes: Some(patch.id), undoes: patch.undoes, follows: Some(click), note, ..idea };
        Ok(Thought::Propose(Box::new(idea)))
    }

    /// Drafts a change in words: by the grammar where that understands every sentence, else by a model.
    async fn redraft(&self, tx: &mut Tx, ground: &Ground<'_>, words: &str) -> Result<Redraft> {
        let people = self.people(tx).await?;
        let (today, first_free) = (self.today(), ground.first_free);
        let by_rules = || edit::edit(&ground.sketch(), words, &people, first_free, today);
        // What the grammar reads for certain and can do needs no model; for the rest it is there where none answers.
        if edit::is_plain(words)
            && let Ok(draft) = by_rules()
        {
            return Ok(Redraft::Draft(draft, String::new()));
        }
        match self.asked(tx, Use::Refine).await? {
            Asked::NoModel(_) => Ok(Redraft::Draft(by_rules()?, String::new())),
            Asked::Trouble(trouble) => match by_rules() {
                Ok(draft) => Ok(Redraft::Draft(draft, String::new())),
                Err(problem) => Err(UserError::new(format!("{}\n{problem}", trouble.words())).into()),
            },
            Asked::NotYet => {
                let mut said = match ground.patch {
                    Some(patch) => history(tx, patch).await?,
                    None => Vec::new(),
                };
                said.push(self.said(words));
                let question = refine::question(&self.fence(), &ground.sketch(), &said, &people, today)?;
                let what = match ground.patch {
                    Some(patch) => format!("Drafting a change of {}", patch.code),
                    None => format!("Drafting a change of {}", ground.plan.project.key),
                };
                let (plan, patch) = (ground.plan.clone(), ground.patch.cloned());
                let check =
                    move |text: &str| refine::read(text, &sketch(&plan, patch.as_ref()), &people, first_free).map(drop);
                Ok(Redraft::Instead(ask(question, check, what)))
            }
            Asked::Said(reply) => match refine::read(&reply.text, &ground.sketch(), &people, first_free) {
                Ok(refine::Refined::Change { draft, note }) => Ok(Redraft::Draft(by_model(*draft, reply), note)),
                Ok(refine::Refined::Nothing { note }) => Ok(Redraft::Instead(self.nothing_to_change(&note))),
                Err(problems) => Err(UserError::new(no_longer_fits(&problems)).into()),
            },
        }
    }

    /// What to answer when a model sees nothing to change; silence to what was not said to us.
    fn nothing_to_change(&self, note: &str) -> Thought {
        if matches!(self.talk.event, Event::Reply(_)) {
            return Thought::Nothing;
        }
        let note = if note.is_empty() { "Say what should be different." } else { note };
        Thought::Say(Message::text(format!("I changed nothing. {note}")))
    }
}

/// What was asked before, oldest first: the words that led to the proposals which this one replaced.
async fn history(tx: &mut Tx, patch: &Patch) -> Result<Vec<Said>> {
    let members = tx.members().await?;
    let said = |patch: &Patch| {
        let author = members.iter().find(|member| member.id == patch.author);
        Said::new(author.map_or_else(|| "somebody".to_owned(), speaker), &*patch.origin.words)
    };
    let mut all = vec![said(patch)];
    let mut earlier = patch.supersedes;
    while let Some(id) = earlier.filter(|_| all.len() < HISTORY) {
        let Some(patch) = tx.patch(id).await? else { break };
        all.push(said(&patch));
        earlier = patch.supersedes;
    }
    all.reverse();
    Ok(all)
}

fn present(note: String) -> Option<String> {
    Some(note).filter(|note| !note.is_empty())
}

fn ask(
    question: Question,
    check: impl Fn(&str) -> std::result::Result<(), Vec<String>> + Send + Sync + 'static,
    what: String,
) -> Thought {
    Thought::Ask(Box::new(Consultation { question, check: Box::new(check), what: Some(what) }))
}

/// What to tell whoever asked, where the trouble lasts until somebody does something about it.
fn mendable(trouble: &Trouble) -> Option<String> {
    trouble.needs_a_person().then(|| trouble.words())
}

/// A model's draft says so.
fn by_model(draft: Draft, reply: &Reply) -> Draft {
    let method = format!("drafted by {}", reply.drafted.model.model);
    Draft { method, drafted: Some(reply.drafted.clone()), ..draft }
}

/// A template's draft says why it was not a model's.
fn because(draft: Draft, why: &str) -> Draft {
    Draft { method: format!("{}, {why}", draft.method), ..draft }
}

/// An answer that fitted when it was checked, and no longer does.
fn no_longer_fits(problems: &[String]) -> String {
    format!("While the model was thinking the plan changed, and its draft no longer fits. {}", problems.join(" "))
}

/// Why there is no draft, with a button for one from a template.
fn offer(words: &str, what: &str) -> Message {
    let button = Button::say("Use a template", format!("template {what}"));
    Message {
        summary: words.to_owned(),
        blocks: vec![Block::Text(vec![Span::plain(words)]), Block::Buttons(vec![button])],
    }
}
