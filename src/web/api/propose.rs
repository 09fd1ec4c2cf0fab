//! Proposing: a change of a project, or a new project. What becomes of it is what becomes of every proposal.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    http::{StatusCode, header::LOCATION},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::Web,
    answer::Answer,
    ask::{Named, json},
    caller::Caller,
    once::{Deed, Order, Turn},
    operation::{Operation, Reader},
    patch::Patch,
    patches,
    problem::{Mistake, Problem, Told},
};
use crate::{
    chat::console,
    domain::{
        event::Venue,
        ids::{MemberId, ProjectId},
        member::{Member, Standing},
        patch::{Change, Founding, MAX_OPERATIONS, MAX_SENTENCE, Mode, Operation as Step, ProjectChanges},
        plan::Plan,
        project::{Lifecycle, Project, ProjectKey, Revision},
        task::TaskNumber,
        token::Scope,
        validate::validate,
    },
    planner::typed,
    review::{
        circle::Circles,
        propose::{Proposal, Proposed, Target, propose as store_proposal},
    },
    store::Tx,
};

/// A change of a project.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPatch {
    /// What it does, in a few words; made from the operations where nothing is said.
    #[schema(max_length = 120)]
    title: Option<String>,
    /// Why, in a sentence: it stands on the card.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// What is to be done, in order.
    #[schema(min_items = 1, max_items = 200)]
    operations: Vec<Operation>,
}

/// The first plan of a new project.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstPlan {
    /// The project.
    project: NewProject,
    /// What it does, in a few words; made from the project's title where nothing is said.
    #[schema(max_length = 120)]
    title: Option<String>,
    /// Why, in a sentence: it stands on the card.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Its tasks: `create_task` only.
    #[schema(min_items = 1, max_items = 200)]
    operations: Vec<Operation>,
}

/// A project to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProject {
    /// 2 to 10 letters and digits that stand in front of its task codes; made from the title where nothing is said.
    #[schema(pattern = "^[A-Za-z][A-Za-z0-9]{1,9}$", example = "DOCS")]
    key: Option<String>,
    #[schema(max_length = 120, example = "Documentation")]
    title: String,
    /// A sentence or two.
    #[serde(default)]
    #[schema(max_length = 10000)]
    summary: String,
}

/// What is to be proposed.
pub(super) enum Wanted {
    /// A change of the project of this key.
    Change(ProjectKey, NewPatch),
    /// A new project.
    Project(FirstPlan),
}

/// Propose a change of a project.
///
/// It becomes a patch that waits for a decision, with a card in the project's channel or, where it has none, in the
/// console. Where the policy lets so small a change pass, and the token may decide, it is applied at once.
#[utoipa::path(
    post, path = "/projects/{key}/patches", operation_id = "propose_patch", tag = "patches", security(("token" = ["propose"])),
    params(("key" = String, Path, description = "The project's key.", example = "AUTH")),
    request_body(content = NewPatch, example = json!({
        "reason": "New developers ask the same three questions.",
        "operations": [
            { "op": "create_task", "ref": "new-1", "title": "Write the guide", "estimate_minutes": 240 },
            { "op": "create_task", "title": "Have it read by a new developer", "depends_on": ["new-1"] },
            { "op": "update_task", "task": "AUTH-1", "priority": "high" }
        ]
    })),
    responses(
        (status = 201, description = "It is proposed, or applied where its state says so.", body = Patch),
        (status = 404, description = "There is no such project.", body = Told, content_type = "application/problem+json"),
        (status = 422, description = "Something is wrong with it: `problems` lists everything.", body = Told,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn change(
    State(web): State<Web>,
    caller: Caller,
    Named(key): Named,
    order: Order,
) -> Result<Answer, Problem> {
    caller.needs(Scope::Propose)?;
    let key = key.parse().map_err(|_| patches::no_project())?;
    let asked = json(&order.headers, &order.body)?;
    order.once(&web, &caller, &Deed::Propose(Wanted::Change(key, asked))).await
}

/// Propose a new project with its first plan.
///
/// The project is created when the patch is approved.
#[utoipa::path(
    post, path = "/patches", operation_id = "propose_project", tag = "patches", security(("token" = ["propose"])),
    request_body(content = FirstPlan, example = json!({
        "project": { "title": "Documentation", "summary": "What people need to begin." },
        "operations": [
            { "op": "create_task", "ref": "new-1", "title": "Collect the questions" },
            { "op": "create_task", "title": "Answer them", "depends_on": ["new-1"] }
        ]
    })),
    responses(
        (status = 201, description = "It is proposed.", body = Patch),
        (status = 422, description = "Something is wrong with it: `problems` lists everything.", body = Told,
            content_type = "application/problem+json"),
    ),
)]
pub(super) async fn found(State(web): State<Web>, caller: Caller, order: Order) -> Result<Answer, Problem> {
    caller.needs(Scope::Propose)?;
    let asked = json(&order.headers, &order.body)?;
    order.once(&web, &caller, &Deed::Propose(Wanted::Project(asked))).await
}

/// Stores the proposal.
pub(super) async fn propose(
    web: &Web,
    tx: &mut Tx,
    caller: &Caller,
    wanted: &Wanted,
    circles: &Circles,
) -> Result<Turn, Problem> {
    // One proposal after the other: each reads which code, key and numbers are free, and takes them.
    tx.lock_tenant().await?;
    let ground = match wanted {
        Wanted::Change(key, _) => Ground::of_project(tx, key).await?,
        Wanted::Project(asked) => Ground::of_new_project(web, tx, asked).await?,
    };
    let (title, reason, operations) = match wanted {
        Wanted::Change(_, NewPatch { title, reason, operations })
        | Wanted::Project(FirstPlan { title, reason, operations, .. }) => (title, reason, operations),
    };
    let reason = reason.as_deref().unwrap_or_default().trim();
    let mut mistakes = short(title.as_deref(), reason);
    if operations.len() > MAX_OPERATIONS {
        let detail =
            format!("{} operations are too many: at most {MAX_OPERATIONS} fit into a patch.", operations.len());
        mistakes.push(Mistake { pointer: "/operations".to_owned(), detail });
        return Err(Problem::mistakes(mistakes));
    }
    mistakes.extend(ground.mistakes);
    let people = workers(tx.members().await?);
    let mut reader = Reader::new(&ground.plan.project.key, caller.member.id, &people);
    let typed = reader.read(operations.clone());
    mistakes.extend(reader.mistakes);
    let title = title.clone().filter(|title| !title.trim().is_empty());
    let draft = typed::draft(&ground.plan, ground.founding, ground.first_free, typed, title);
    let mut draft = match draft {
        Ok(draft) if mistakes.is_empty() => draft,
        Ok(_) => return Err(Problem::mistakes(mistakes)),
        Err(more) => {
            mistakes.extend(more.into_iter().map(pointed));
            mistakes.sort_by_key(order);
            return Err(Problem::mistakes(mistakes));
        }
    };
    draft.method = caller.method();
    let card = card_venue(tx, ground.project).await?;
    let proposal = Proposal {
        draft,
        author: &caller.member,
        venue: &Venue::api(),
        card: &card,
        message: None,
        words: reason,
        delivery: None,
        target: ground.target,
        supersedes: None,
        undoes: None,
        waits: !caller.decides(),
        moves: BTreeSet::new(),
    };
    match store_proposal(tx, proposal, circles, &web.chance).await? {
        Proposed::Stored(patch) => Ok(Turn::Done(made(web, tx, &patch).await?)),
        Proposed::Lost => Ok(Turn::Again),
        Proposed::Ask(group) => Ok(Turn::Circle(group)),
    }
}

/// Where the card of a proposal goes: where its project is spoken of, else the console.
pub(super) async fn card_venue(tx: &mut Tx, project: Option<ProjectId>) -> Result<Venue, Problem> {
    let channel = match project {
        Some(project) => tx.channel_of(project).await?,
        None => None,
    };
    Ok(channel.unwrap_or_else(console::receive::venue))
}

/// The answer that shows a new patch.
pub(super) async fn made(web: &Web, tx: &mut Tx, patch: &crate::domain::patch::Patch) -> Result<Answer, Problem> {
    tracing::info!(patch = %patch.code, state = patch.state.as_str(), "proposed through the API");
    let shown = patches::shown(web, tx, patch).await?;
    let answer = Answer::revised(StatusCode::CREATED, &shown, patch.revision)?;
    Ok(answer.with(LOCATION.as_str(), &format!("/api/v1/patches/{}", patch.code)))
}

/// What the operations are to be done to.
struct Ground {
    plan: Plan,
    founding: Option<Founding>,
    first_free: TaskNumber,
    target: Target,
    /// The project, where there is one already.
    project: Option<ProjectId>,
    mistakes: Vec<Mistake>,
}

impl Ground {
    async fn of_project(tx: &mut Tx, key: &ProjectKey) -> Result<Self, Problem> {
        let project = tx.project_by_key(key).await?.ok_or_else(patches::no_project)?.id;
        let plan = tx.plan(project).await?.ok_or_else(patches::no_project)?;
        let first_free = tx.next_number(project).await?;
        Ok(Self {
            plan,
            founding: None,
            first_free,
            target: Target::Existing { project, first_free },
            project: Some(project),
            mistakes: Vec::new(),
        })
    }

    async fn of_new_project(web: &Web, tx: &mut Tx, asked: &FirstPlan) -> Result<Self, Problem> {
        let taken = tx.taken_keys().await?;
        let NewProject { key, title, summary } = &asked.project;
        let mut mistakes = Vec::new();
        let at = |field: &str, detail: String| Mistake { pointer: format!("/project/{field}"), detail };
        let wanted = match key.as_deref().map(str::parse::<ProjectKey>) {
            None => typed::key(title, &taken),
            Some(Ok(key)) => {
                if taken.contains(&key) {
                    mistakes.push(at("key", format!("{key} is taken: choose another key, or leave it out.")));
                }
                Some(key)
            }
            Some(Err(wrong)) => {
                mistakes.push(at("key", format!("That is no key: {wrong}.")));
                None
            }
        };
        let fallback = || typed::key(title, &BTreeSet::new());
        let Some(key) = wanted.or_else(fallback) else {
            mistakes.push(at("key", "There is no free key for this project: give it one.".to_owned()));
            return Err(Problem::mistakes(mistakes));
        };
        let founding = Founding { key, title: title.trim().to_owned(), summary: summary.trim().to_owned() };
        let unborn = Project {
            id: web.chance.id(),
            key: founding.key.clone(),
            title: founding.title.clone(),
            summary: founding.summary.clone(),
            lifecycle: Lifecycle::Draft,
            revision: Revision(0),
        };
        let plan = Plan::new(unborn, []);
        let faults = faults(&plan, &founding);
        mistakes.extend(faults.into_iter().map(|detail| Mistake { pointer: "/project".to_owned(), detail }));
        Ok(Self {
            plan,
            founding: Some(founding),
            first_free: TaskNumber(1),
            target: Target::New,
            project: None,
            mistakes,
        })
    }
}

/// What is wrong with the texts of a project to be.
fn faults(plan: &Plan, founding: &Founding) -> Vec<String> {
    // Told apart from what is there, so that only the texts themselves can be wrong.
    let summary = if founding.summary.is_empty() { Change::Keep } else { Change::Set(founding.summary.clone()) };
    let changes = ProjectChanges { title: Change::Set(founding.title.clone()), summary, lifecycle: Change::Keep };
    let renamed = Step::UpdateProject { changes };
    let problems = validate(plan, Mode::Edit, &[&renamed]).err().unwrap_or_default();
    let of_fields = problems.into_iter().filter(|problem| problem.step.is_some());
    of_fields.map(|problem| problem.words(&founding.key)).collect()
}

/// Whether the patch's own texts are short enough.
fn short(title: Option<&str>, reason: &str) -> Vec<Mistake> {
    let parts =
        [("title", title.unwrap_or_default(), crate::domain::patch::MAX_TITLE), ("reason", reason, MAX_SENTENCE)];
    let too_long = |(field, text, max): (&str, &str, usize)| {
        let length = text.chars().count();
        let detail = format!("The {field} has {length} characters, at most {max} fit.");
        (length > max).then(|| Mistake { pointer: format!("/{field}"), detail })
    };
    parts.into_iter().filter_map(too_long).collect()
}

/// Which operation a mistake is about; those about the rest come first.
fn order(mistake: &Mistake) -> usize {
    let operation = mistake.pointer.strip_prefix("/operations/").and_then(|rest| rest.split('/').next()?.parse().ok());
    operation.map_or(0, |at: usize| at + 1)
}

fn pointed(mistake: typed::Mistake) -> Mistake {
    let pointer = mistake.step.map_or_else(|| "/operations".to_owned(), |step| format!("/operations/{step}"));
    Mistake { pointer, detail: mistake.words }
}

/// Whom work can be given to.
fn workers(members: Vec<Member>) -> BTreeSet<MemberId> {
    let can_work = |member: &Member| !matches!(member.standing, Standing::Gone | Standing::Bot);
    members.into_iter().filter(can_work).map(|member| member.id).collect()
}
