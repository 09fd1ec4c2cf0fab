//! A plan as a tree to expand, with how far it has come.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use crate::{
    chat::console::render::safe_url,
    domain::{
        ids::MemberId,
        member::Member,
        plan::Plan,
        project::Project,
        task::{Priority, Status, Task, TaskNumber, effort},
    },
    review::tracked::{Tracked, issue_words},
};

/// Tasks on the page of a project. What is left out is one link away.
const MOST_TASKS: usize = 1500;
/// Tasks beside the conversation, where the tree is read again at every change.
const MOST_BESIDE: usize = 300;
/// A plan of more tasks than this starts closed, as a list of its deliverables.
const MANY_TASKS: usize = 200;

/// What to call the members.
pub(super) struct Names(BTreeMap<MemberId, String>);

impl Names {
    pub(super) fn new(members: Vec<Member>) -> Self {
        Self(members.into_iter().map(|member| (member.id, member.name)).collect())
    }

    pub(super) fn of(&self, member: MemberId) -> &str {
        self.0.get(&member).map_or("somebody who left", String::as_str)
    }
}

/// A plan, or the part of it under one task, as a tree.
#[derive(Template)]
#[template(path = "tree.html", config = "src/web/askama.toml")]
pub(super) struct Tree {
    project: Project,
    progress: Progress,
    roots: Vec<Node>,
    left_out: usize,
    titled: bool,
}

/// How far a plan has come.
struct Progress {
    done: usize,
    total: usize,
    left: u32,
    without_estimate: usize,
}

/// A task with what is under it.
#[derive(Template)]
#[template(path = "node.html", config = "src/web/askama.toml")]
struct Node {
    code: String,
    task: Task,
    assignee: Option<String>,
    after: Vec<After>,
    /// What trackers know of it: what it is called, where it is, and how it stands.
    tracked: Vec<Pointer>,
    children: Vec<Node>,
    /// How many tasks right under it are not shown.
    hidden: usize,
    /// How many tasks right under it are done, of how many; those that were cancelled do not count.
    inside: (usize, usize),
    open: bool,
    key: String,
}

/// A pull request or an issue.
struct Pointer {
    label: String,
    url: String,
    standing: String,
}

/// A task that comes first.
struct After {
    code: String,
    over: bool,
}

impl Tree {
    /// The whole plan.
    pub(super) fn whole(plan: &Plan, names: &Names) -> Self {
        Self::of(plan, names, &plan.children(None).collect::<Vec<_>>(), MOST_TASKS)
    }

    /// The plan with room for something else beside it.
    pub(super) fn beside(plan: &Plan, names: &Names) -> Self {
        Self::of(plan, names, &plan.children(None).collect::<Vec<_>>(), MOST_BESIDE)
    }

    /// One task and what is under it; `None` where the plan has no such task.
    pub(super) fn under(plan: &Plan, names: &Names, number: TaskNumber) -> Option<Self> {
        plan.task(number).map(|task| Self::of(plan, names, &[task], MOST_TASKS))
    }

    /// The same without its title, for a page that has it above.
    #[must_use]
    pub(super) fn untitled(mut self) -> Self {
        self.titled = false;
        self
    }

    /// The same with what trackers know of its tasks.
    #[must_use]
    pub(super) fn with(mut self, tracked: &Tracked) -> Self {
        self.roots.iter_mut().for_each(|root| root.track(tracked));
        self
    }

    fn of(plan: &Plan, names: &Names, tops: &[&Task], room: usize) -> Self {
        let shown = shown(plan, tops, room);
        let planter = Planter { plan, names, many: plan.tasks().nth(MANY_TASKS).is_some(), shown };
        let roots: Vec<_> = planter.nodes(tops.iter().copied(), tops.len() == 1).collect();
        let left_out = tops.len() - roots.len();
        Self { project: plan.project.clone(), progress: Progress::of(plan), roots, left_out, titled: true }
    }
}

/// The tasks for which there is room, level by level: all deliverables come before the first step of one.
fn shown(plan: &Plan, tops: &[&Task], room: usize) -> BTreeSet<TaskNumber> {
    let mut shown = BTreeSet::new();
    let mut level: Vec<TaskNumber> = tops.iter().map(|task| task.number).collect();
    while !level.is_empty() && shown.len() < room {
        level.truncate(room - shown.len());
        shown.extend(&level);
        level = level.iter().flat_map(|number| plan.children(Some(*number))).map(|task| task.number).collect();
    }
    shown
}

struct Planter<'a> {
    plan: &'a Plan,
    names: &'a Names,
    many: bool,
    shown: BTreeSet<TaskNumber>,
}

impl<'a> Planter<'a> {
    /// The shown ones of these tasks as nodes.
    fn nodes(&self, tasks: impl Iterator<Item = &'a Task>, alone: bool) -> impl Iterator<Item = Node> {
        let shown = tasks.filter(|task| self.shown.contains(&task.number));
        shown.map(move |task| Node { open: alone || !self.many, ..self.node(task) })
    }

    fn node(&self, task: &Task) -> Node {
        let children: Vec<_> = self.plan.children(Some(task.number)).collect();
        let shown: Vec<_> = self.nodes(children.iter().copied(), false).collect();
        let counted = || children.iter().map(|child| child.fields.status).filter(|s| *s != Status::Cancelled);
        let after = task.fields.depends_on.iter().map(|number| After {
            code: self.plan.code(*number).to_string(),
            over: self.plan.task(*number).is_none_or(|first| first.fields.status.is_terminal()),
        });
        Node {
            code: self.plan.code(task.number).to_string(),
            assignee: task.fields.assignee.map(|member| self.names.of(member).to_owned()),
            after: after.collect(),
            tracked: Vec::new(),
            hidden: children.len() - shown.len(),
            inside: (counted().filter(|status| *status == Status::Done).count(), counted().count()),
            children: shown,
            open: false,
            key: self.plan.project.key.to_string(),
            task: task.clone(),
        }
    }
}

impl Node {
    fn track(&mut self, tracked: &Tracked) {
        let pulls = tracked.pulls(self.task.number).iter().map(|one| Pointer {
            label: format!("{}#{} {}", one.repository, one.pull.at.number, one.pull.title),
            url: one.pull.url.clone(),
            standing: one.standing(),
        });
        let issue = tracked.issue(self.task.number).map(|(issue, repository)| Pointer {
            label: format!("{repository}#{} {}", issue.at.number, issue.title),
            url: issue.url.clone(),
            standing: issue_words(issue.state).to_owned(),
        });
        self.tracked = pulls.chain(issue).collect();
        self.children.iter_mut().for_each(|child| child.track(tracked));
    }

    /// Whether there is anything to expand.
    fn opens(&self) -> bool {
        let fields = &self.task.fields;
        let words = !fields.description.is_empty() || !fields.acceptance.is_empty() || !fields.links.is_empty();
        words || !self.tracked.is_empty() || !self.children.is_empty() || self.hidden > 0
    }

    fn estimate(&self) -> Option<String> {
        self.task.fields.estimate.map(effort)
    }

    /// The priority where it is not the usual one.
    fn priority(&self) -> Option<&'static str> {
        Some(self.task.fields.priority).filter(|priority| *priority != Priority::Normal).map(Priority::as_str)
    }

    fn due(&self) -> Option<String> {
        self.task.fields.due.map(|day| day.format("%-d %b %Y").to_string())
    }
}

impl Progress {
    /// Counts every task that is not cancelled. The effort is that of the tasks with nothing under them.
    fn of(plan: &Plan) -> Self {
        let mut progress = Self { done: 0, total: 0, left: 0, without_estimate: 0 };
        for task in plan.tasks().filter(|task| task.fields.status != Status::Cancelled) {
            progress.total += 1;
            match (task.fields.status, task.fields.estimate) {
                (Status::Done, _) => progress.done += 1,
                _ if plan.children(Some(task.number)).next().is_some() => {}
                (_, Some(minutes)) => progress.left = progress.left.saturating_add(minutes),
                (_, None) => progress.without_estimate += 1,
            }
        }
        progress
    }

    /// Such as `2 of 5 done · 3 d 4 h left · 1 without an estimate`.
    fn words(&self) -> String {
        let left = match self.left {
            0 => String::new(),
            minutes => format!(" · {} left", effort(minutes)),
        };
        let unknown = match self.without_estimate {
            0 => String::new(),
            tasks => format!(" · {tasks} without an estimate"),
        };
        format!("{} of {} done{left}{unknown}", self.done, self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Chance,
        domain::{
            project::{Lifecycle, Revision},
            task::{Place, Rank, TaskFields},
        },
    };

    fn plan(parents: impl IntoIterator<Item = Option<u32>>) -> Plan {
        let project = Project {
            id: Chance::system().id(),
            key: "BIG".parse().unwrap(),
            title: "A big plan".to_owned(),
            summary: String::new(),
            lifecycle: Lifecycle::Draft,
            revision: Revision(1),
        };
        let tasks = (1..).zip(parents).map(|(number, parent)| Task {
            number: TaskNumber(number),
            place: Place { parent: parent.map(TaskNumber), rank: Rank::only() },
            fields: TaskFields { estimate: Some(60), ..TaskFields::titled(format!("Task {number}.")) },
            version: Revision(1),
        });
        Plan::new(project, tasks)
    }

    #[test]
    fn a_page_has_room_for_so_many_tasks_and_leads_to_the_others() {
        let plan = plan((0..2000).map(|n| (n > 0).then_some(1)));
        let html = Tree::whole(&plan, &Names::new(Vec::new())).render().unwrap();
        assert_eq!(html.matches("<li class=\"task\"").count(), MOST_TASKS);
        assert!(html.contains("500 more under BIG-1") && html.contains("/projects/BIG?under=1"));
        let flat = Tree::whole(&self::plan((0..2000).map(|_| None)), &Names::new(Vec::new())).render().unwrap();
        assert!(flat.contains("500 more top-level tasks"));
    }

    #[test]
    fn a_large_plan_shows_every_deliverable_first_and_starts_closed() {
        let plan = plan((0..2000).map(|n| (n >= 40).then_some(n % 40 + 1)));
        let tree = Tree::beside(&plan, &Names::new(Vec::new()));
        assert_eq!((tree.roots.len(), tree.left_out), (40, 0));
        let html = tree.render().unwrap();
        assert_eq!(html.matches("<li class=\"task\"").count(), MOST_BESIDE);
        assert!(!html.contains("<details open") && !html.contains("\" open>"), "{html}");
        assert!(html.contains("49 more under BIG-40") && html.contains("0 of 49 inside done"), "{html}");
        let part = Tree::under(&plan, &Names::new(Vec::new()), TaskNumber(40)).unwrap().render().unwrap();
        assert!(part.contains("id=\"open-BIG-40\" open") && !part.contains("more under"), "{part}");
    }

    #[test]
    fn effort_is_counted_once_where_a_task_has_others_under_it() {
        let plan = plan([None, Some(1), Some(1), None]);
        assert_eq!(Progress::of(&plan).words(), "0 of 4 done · 3 h left");
    }
}
