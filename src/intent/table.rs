//! The one table of commands: parsing, help, suggestions and platform registrations come from it.

mod availability;
mod conversations;
mod github;
mod kinds;
mod privacy;
mod projects;
mod reminders;
mod standups;
mod tenant;

pub use kinds::{Argument, Command, Kind};
use kinds::{optional, required};

use crate::domain::{
    intent::{FieldValue, Intent},
    task::Status,
};

const TASK: Argument = required("task", Kind::Task, &["task"]);
const PATCH: Argument = required("patch", Kind::Patch, &["patch"]);

/// A command that gives one task a status.
macro_rules! status {
    ($name:literal, $aliases:expr, $status:ident, $help:literal, $more:literal, $example:literal) => {
        Command {
            name: $name,
            aliases: $aliases,
            arguments: &[TASK],
            help: $help,
            more: $more,
            examples: &[$example],
            build: |v| v.set(FieldValue::Status(Status::$status)),
        }
    };
}

/// Every command, in the order of the help.
pub static COMMANDS: &[Command] = &[
    Command {
        name: "plan",
        aliases: &["new"],
        arguments: &[required("goal", Kind::Words, &[])],
        help: "propose the first plan of a new project",
        more: "Say the goal in one sentence. You get a card with three to six tasks; edit it in words, then approve it. \
               Approving creates the project and binds it to this channel.",
        examples: &["plan Build a user authentication flow", "plan Migrate the orders database to PostgreSQL"],
        build: |v| v.words().map(Intent::Plan),
    },
    Command {
        name: "break",
        aliases: &["breakdown", "split-up"],
        arguments: &[
            TASK,
            optional("focus", Kind::Words, &["down", "with focus on", "focusing on", "focus on", "focus"]),
        ],
        help: "propose sub-tasks of a task",
        more: "Each sub-task comes with acceptance criteria. Name a focus to look at one side of the task.",
        examples: &["break AUTH-3", "break AUTH-3 focus on tests"],
        build: |v| Some(Intent::Break { task: v.task()?, focus: v.words() }),
    },
    Command {
        name: "template",
        aliases: &["outline"],
        arguments: &[required("goal or task", Kind::Words, &["for"])],
        help: "propose a plan or sub-tasks from a template, without a model",
        more: "The same as plan or break where no model is connected.",
        examples: &["template Build a user authentication flow", "template AUTH-3"],
        build: |v| v.words().map(Intent::Template),
    },
    Command {
        name: "edit",
        aliases: &["change", "refine"],
        arguments: &[required("changes", Kind::Words, &[])],
        help: "change the open proposal here, or the plan, in words",
        more: "Add, remove, rename, combine, split, move, estimate, assign or describe tasks, several at once if you \
               like. A bare number is a task's number. Put “AUTH:” in front to name the project.",
        examples: &[
            "edit add a task for documentation",
            "edit combine the first two tasks",
            "edit rename 2 to Token service; move 3 before 1",
            "edit AUTH: drop the last one",
        ],
        build: |v| v.words().map(Intent::Edit),
    },
    Command {
        name: "show",
        aliases: &["view", "open"],
        arguments: &[optional("project, task or patch", Kind::Named, &[])],
        help: "show a project, a task or a patch",
        more: "Without a name it shows this channel's project.",
        examples: &["show AUTH-3", "show AUTH", "show P-41", "show"],
        build: |v| Some(Intent::Show(v.named())),
    },
    Command {
        name: "list",
        aliases: &["projects", "ls"],
        arguments: &[],
        help: "list the projects",
        more: "One line per project with its key, its title and how far it is.",
        examples: &["list"],
        build: |_| Some(Intent::List),
    },
    Command {
        name: "next",
        aliases: &["ready"],
        arguments: &[optional("project", Kind::Project, &["in", "for"])],
        help: "which tasks can be started now",
        more: "Tasks to do that wait for nothing, the most urgent first.",
        examples: &["next", "next AUTH"],
        build: |v| Some(Intent::Next(v.project())),
    },
    Command {
        name: "inbox",
        aliases: &["waiting"],
        arguments: &[],
        help: "what waits for you",
        more: "Proposals that you can decide on, and your own tasks.",
        examples: &["inbox"],
        build: |_| Some(Intent::Inbox),
    },
    Command {
        name: "status",
        aliases: &["progress"],
        arguments: &[optional("project", Kind::Project, &["of", "for"])],
        help: "how a project stands, or all of them",
        more: "Counts of tasks by status, and what is blocked or late.",
        examples: &["status", "status AUTH"],
        build: |v| Some(Intent::Status(v.project())),
    },
    Command {
        name: "whoami",
        aliases: &["me"],
        arguments: &[],
        help: "who you are to Docket",
        more: "Your name, your role, the accounts that are linked, when you work, and whether you may decide on changes.",
        examples: &["whoami"],
        build: |_| Some(Intent::WhoAmI),
    },
    Command {
        name: "connect",
        aliases: &["login", "sign-in"],
        arguments: &[],
        help: "get a private link that signs you in to Docket's pages",
        more: "Only you see the link. It works once, for ten minutes, and signs in whoever opens it as you: do not pass it \
               on. From there you connect services and link your accounts.",
        examples: &["connect"],
        build: |_| Some(Intent::Connect),
    },
    Command {
        name: "role",
        aliases: &["roles", "members"],
        arguments: &[optional("person role", Kind::Role, &[])],
        help: "who may do what, and give somebody a role",
        more: "Alone it lists the members. The roles are owner, admin, approver, member and viewer. Owners give every \
               role, admins all but owner and admin.",
        examples: &["role", "role @ben approver", "role Ben viewer"],
        build: |v| v.either(Intent::Roles),
    },
    availability::HOURS,
    availability::AWAY,
    availability::HOLIDAYS,
    Command {
        name: "policy",
        aliases: &["rules"],
        arguments: &[optional(
            "project approvals|self|approvers|delete|large|expiry|auto|lazy|moves|test …",
            Kind::Policy,
            &[],
        )],
        help: "how decisions are taken, and propose to change that",
        more: "Alone it shows the rules; with a key in front, those of that project, which may differ. Owners and admins \
               propose a change, and an owner approves it: another one than its author, where there is one. “test” \
               says what would happen if somebody approved a patch, and changes nothing.",
        examples: &[
            "policy",
            "policy AUTH",
            "policy approvals 2",
            "policy self off",
            "policy approvers owner, approver, @ana",
            "policy approvers group S0614TZR7",
            "policy delete 2 approvals by admin",
            "policy large 10 2",
            "policy expiry 3d",
            "policy auto status, assignee",
            "policy auto off",
            "policy lazy 24h Europe/Paris",
            "policy lazy off",
            "policy moves review, merged",
            "policy moves off",
            "policy AUTH approvals 2",
            "policy AUTH default",
            "policy test P-41 @ben",
            "policy approve R-7",
            "policy reject R-7",
        ],
        build: |v| v.either(Intent::Policy(None)),
    },
    tenant::MODELS,
    tenant::ROUTES,
    privacy::PRIVACY,
    privacy::FORGET,
    Command {
        name: "stats",
        aliases: &["acceptance"],
        arguments: &[],
        help: "how often proposals were approved in the last 30 days",
        more: "By what was asked for and by the model that drafted it.",
        examples: &["stats"],
        build: |_| Some(Intent::Stats),
    },
    conversations::PROCESS,
    conversations::TRACK,
    conversations::DECISIONS,
    github::LINK,
    github::UNLINK,
    github::REPOS,
    github::PRS,
    github::ISSUE,
    github::GITHUB,
    projects::ARCHIVE,
    standups::STANDUP,
    standups::WEEKLY,
    standups::DRAFT,
    reminders::REMIND,
    Command {
        name: "approve",
        aliases: &["accept"],
        arguments: &[PATCH],
        help: "approve a patch",
        more: "The same as Approve on its card. The plan changes once there are enough approvals.",
        examples: &["approve P-41"],
        build: |v| v.patch().map(Intent::Approve),
    },
    Command {
        name: "reject",
        aliases: &["decline"],
        arguments: &[PATCH, optional("reason", Kind::Words, &["because"])],
        help: "turn a patch down",
        more: "The reason is shown on the card.",
        examples: &["reject P-41 we do this next quarter", "reject P-41"],
        build: |v| Some(Intent::Reject { patch: v.patch()?, reason: v.words().unwrap_or_default() }),
    },
    Command {
        name: "object",
        aliases: &[],
        arguments: &[PATCH, optional("reason", Kind::Words, &["because", "to"])],
        help: "keep a patch from applying by itself",
        more: "For a proposal that applies unless somebody objects. It then needs a normal approval.",
        examples: &["object P-41 the dates are wrong", "object P-41"],
        build: |v| Some(Intent::Object { patch: v.patch()?, reason: v.words().unwrap_or_default() }),
    },
    Command {
        name: "withdraw",
        aliases: &[],
        arguments: &[PATCH],
        help: "take your objection to a patch back",
        more: "With the last objection gone, the time until the proposal applies by itself begins anew.",
        examples: &["withdraw P-41"],
        build: |v| v.patch().map(Intent::Withdraw),
    },
    Command {
        name: "undo",
        aliases: &["revert"],
        arguments: &[PATCH],
        help: "take an applied patch back",
        more: "It proposes the opposite of the patch, to be approved like any other change.",
        examples: &["undo P-41"],
        build: |v| v.patch().map(Intent::Undo),
    },
    Command {
        name: "rebase",
        aliases: &["refresh"],
        arguments: &[PATCH],
        help: "bring a stale patch up to date",
        more: "For a proposal whose tasks somebody changed meanwhile. Approvals start again.",
        examples: &["rebase P-41"],
        build: |v| v.patch().map(Intent::Rebase),
    },
    Command {
        name: "renew",
        aliases: &[],
        arguments: &[PATCH],
        help: "propose a lapsed patch again",
        more: "For a proposal that nobody decided on in time.",
        examples: &["renew P-41"],
        build: |v| v.patch().map(Intent::Renew),
    },
    status!(
        "start",
        &["begin"],
        InProgress,
        "a task is being worked on",
        "Its status becomes in progress.",
        "start AUTH-3"
    ),
    status!(
        "review",
        &["submit"],
        InReview,
        "a task waits for a review",
        "Its status becomes in review.",
        "review AUTH-3"
    ),
    status!(
        "block",
        &["blocked"],
        Blocked,
        "something is in a task's way",
        "Its status becomes blocked.",
        "block AUTH-3"
    ),
    status!(
        "done",
        &["finish", "complete", "close"],
        Done,
        "a task is finished",
        "It stays done until somebody reopens it.",
        "done AUTH-3"
    ),
    status!(
        "cancel",
        &["abandon"],
        Cancelled,
        "a task will not be done",
        "It stays in the plan as cancelled; use edit to remove it.",
        "cancel AUTH-3"
    ),
    status!(
        "reopen",
        &["todo", "unblock"],
        Todo,
        "a task is to be done, again or after all",
        "Its status becomes todo, also from done, cancelled, blocked or backlog.",
        "reopen AUTH-3"
    ),
    status!(
        "park",
        &["backlog", "later"],
        Backlog,
        "put a task off",
        "Its status becomes backlog: not planned for now.",
        "park AUTH-3"
    ),
    Command {
        name: "assign",
        aliases: &["give"],
        arguments: &[TASK, required("person", Kind::Person, &["to"])],
        help: "say who does a task",
        more: "Mention the person, type their name, or say “me” or “nobody”.",
        examples: &["assign AUTH-3 @ana", "assign AUTH-3 to me", "assign AUTH-3 nobody"],
        build: |v| Some(Intent::Set { task: v.task()?, value: FieldValue::Assignee(v.person()?) }),
    },
    Command {
        name: "estimate",
        aliases: &["size"],
        arguments: &[TASK, required("effort", Kind::Effort, &["at", "to", "as", "is"])],
        help: "say how much work a task is",
        more: "Minutes, hours, days of eight hours or weeks of five days; “none” clears it.",
        examples: &["estimate AUTH-3 4h", "estimate AUTH-3 1.5 d", "estimate AUTH-3 none"],
        build: |v| Some(Intent::Set { task: v.task()?, value: FieldValue::Estimate(v.effort()?) }),
    },
    Command {
        name: "priority",
        aliases: &["prio"],
        arguments: &[TASK, required("urgent|high|normal|low", Kind::Priority, &["to", "is", "as"])],
        help: "say how much a task matters",
        more: "Urgent, high, normal or low.",
        examples: &["priority AUTH-3 high"],
        build: |v| Some(Intent::Set { task: v.task()?, value: FieldValue::Priority(v.priority()?) }),
    },
    Command {
        name: "due",
        aliases: &["deadline"],
        arguments: &[TASK, required("day", Kind::Date, &["by", "on", "at", "to", "is"])],
        help: "say by when a task should be done",
        more: "Tomorrow, friday, 24 Dec, 2026-12-24; “none” clears it.",
        examples: &["due AUTH-3 friday", "due AUTH-3 24 Dec", "due AUTH-3 none"],
        build: |v| Some(Intent::Set { task: v.task()?, value: FieldValue::Due(v.date()?) }),
    },
    Command {
        name: "help",
        aliases: &["?"],
        arguments: &[optional("command", Kind::Command, &[])],
        help: "all commands, or one of them in detail",
        more: "The word alone lists every command.",
        examples: &["help", "help plan"],
        build: |v| Some(Intent::Help(Some(v.words().unwrap_or_else(|| super::help::EVERYTHING.to_owned())))),
    },
];
