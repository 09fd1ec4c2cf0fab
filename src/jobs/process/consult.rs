//! A model is asked about the conversations that the rules can't decide: only about these, many in one question, and never
//! about what was said in a private channel. Without one, or where it fails, people are asked.

use super::read::{Opinions, read};
use crate::{
    domain::{
        ids::TenantId,
        matches::{Likely, Verdict},
        model::Use,
        time::Timestamp,
    },
    error::Result,
    jobs::{Desk, consult::Consultation, errand::Errand, think::Thought, wish::Wish},
    llm::fence::Fence,
    planner::threads::{
        TaskRef,
        ask::{self, Undecided},
    },
    store::Tx,
};

/// Questions in one night.
const CALLS: usize = 5;

/// The conversations that the rules can't decide, each with when something was said in it last.
async fn undecided(tx: &mut Tx, now: Timestamp) -> Result<Vec<(Undecided, Timestamp)>> {
    let reading = read(tx, &Opinions::new(), now).await?;
    let task = |one: &Likely| Some(TaskRef { project: one.project, code: one.code.parse().ok()? });
    let asked = reading.reads.iter().filter(|read| read.verdict == Verdict::Asked && !read.thread.is_private);
    let undecided = asked.map(|read| {
        let near: Vec<TaskRef> = read.likely.iter().filter_map(task).collect();
        (Undecided::new(&reading.index, &read.thread, &near), read.thread.last_at)
    });
    Ok(undecided.collect())
}

/// What a model says of some of them, as it answered.
fn understood(text: &str, asked: &[(Undecided, Timestamp)]) -> Opinions {
    let shown: Vec<Undecided> = asked.iter().map(|(one, _)| one.clone()).collect();
    let said = ask::read(text, &shown).unwrap_or_default();
    let at = |number: u32| asked.iter().find(|(one, _)| one.number == number).map(|(_, at)| (number, *at));
    said.into_iter().filter_map(|(number, opinion)| Some((at(number)?, opinion))).collect()
}

/// Asks a model while somebody waits: one question. Then everything is processed with what it says.
pub(in crate::jobs) async fn consult(wish: &Wish<'_>, tx: &mut Tx) -> Result<Thought> {
    let said = wish.memo.said(Use::Match);
    if matches!(said, Some(Err(_))) || !wish.may_ask(tx).await? {
        return Ok(Thought::Errand(Errand::Process(Opinions::new())));
    }
    let mut asked = undecided(tx, wish.desk.chance.now()).await?;
    asked.truncate(ask::MOST);
    let shown: Vec<Undecided> = asked.iter().map(|(one, _)| one.clone()).collect();
    Ok(match said {
        Some(Ok(reply)) => Thought::Errand(Errand::Process(understood(&reply.text, &asked))),
        _ if shown.is_empty() => Thought::Errand(Errand::Process(Opinions::new())),
        _ => Thought::Ask(Box::new(Consultation {
            question: ask::question(&wish.fence(), &shown),
            check: Box::new(move |text| ask::read(text, &shown).map(drop)),
            what: Some("Reading what was said".to_owned()),
        })),
    })
}

/// Asks a model while nobody waits.
pub(super) async fn opinions(desk: &Desk, tenant: TenantId) -> Result<Opinions> {
    let mut tx = desk.store.read(tenant).await?;
    if !desk.models.is_connected(&mut tx).await? {
        return Ok(Opinions::new());
    }
    let asked = undecided(&mut tx, desk.chance.now()).await?;
    drop(tx);
    let mut opinions = Opinions::new();
    for part in asked.chunks(ask::MOST).take(CALLS) {
        let shown: Vec<Undecided> = part.iter().map(|(one, _)| one.clone()).collect();
        let question = ask::question(&Fence::new(desk.chance.bits()), &shown);
        let check = |text: &str| ask::read(text, &shown).map(drop);
        match desk.models.ask(tenant, None, &question, &check).await? {
            Ok(reply) => opinions.extend(understood(&reply.text, part)),
            Err(trouble) => {
                tracing::info!(trouble = trouble.brief(), "people are asked what a model could not be");
                break;
            }
        }
    }
    Ok(opinions)
}
