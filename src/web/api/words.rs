//! The closed sets of words, for the document: each is the domain's own list.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::domain::{
    member::{Role as Roles, Standing as Standings},
    patch::{Confidence as Confidences, PatchState},
    project::Lifecycle as Lifecycles,
    task::{Priority as Priorities, Status as Statuses},
    tracker::{IssueState as IssueStates, PullState as PullStates},
};

macro_rules! words {
    ($($name:ident = $words:expr, $about:literal;)*) => {$(
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words: Vec<&'static str> = $words;
                let object = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
                RefOr::T(Schema::Object(object.description(Some($about)).build()))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

words! {
    Status = Statuses::ALL.iter().map(|word| word.as_str()).collect(), "How far a task has come.";
    Priority = Priorities::ALL.iter().map(|word| word.as_str()).collect(), "How much a task matters.";
    Lifecycle = Lifecycles::ALL.iter().map(|word| word.as_str()).collect(), "Where a project stands in its life.";
    Confidence = Confidences::ALL.iter().map(|word| word.as_str()).collect(), "How sure the planner was.";
    Role = Roles::ALL.iter().map(|word| word.as_str()).collect(), "What a member may do, from the most to the least.";
    Standing = [Standings::Full, Standings::Guest, Standings::Bot, Standings::Gone, Standings::Unknown]
        .map(Standings::as_str).into(), "What the platform last said about a member. Only full members decide.";
    PullState = PullStates::ALL.iter().map(|word| word.as_str()).collect(), "How far a pull request has come.";
    IssueState = IssueStates::ALL.iter().map(|word| word.as_str()).collect(), "How far an issue has come.";
    State = PatchState::WORDS.into(), "What became of a patch.";
    Place = vec!["slack", "console", "api"], "Where something was asked or done.";
}
