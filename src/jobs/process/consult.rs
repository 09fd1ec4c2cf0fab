//! A model is asked about the conversations that the rules can't decide: only about these, many in one question, and never
//! about what was said in a private channel. Without one, or where it fails, people are asked.

use super::read::{Material, Opinions, gather, read};
use crate::{
    domain::{
        ids::TenantId,
        matches::{Likely, Verdict},
        model::Use,
        time::Timestamp,
    },
    error::Result,
    jobs::{Desk, consult::Consultation, think::Thought, wish::Wish},
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
fn undecided(material: &Material) -> Vec<(Undecided, Timestamp)> {
    let task = |one: &Likely| Some(TaskRef { project: one.project, code: one.code.parse().ok()? });
    let reading = read(material, &Opinions::new());
    let asked = reading.reads.iter().filter(|read| read.verdict == Verdict::Asked && !read.thread.is_private);
    let undecided = asked.map(|read| {
        let near: Vec<TaskRef> = read.likely.iter().filter_map(task).collect();
        (Undecided::new(&material.index, &read.thread, &near), read.thread.last_at)
    });
    undecided.collect()
}

/// What a model says of some of them, as it answered.
fn understood(text: &str, asked: &[(Undecided, Timestamp)]) -> Opinions {
    let shown: Vec<Undecided> = asked.iter().map(|(one, _)| one.clone()).collect();
    let said = ask::read(text, &shown).unwrap_or_default();
    let at = |number: u32| asked.iter().find(|(one, _)| one.number == number).map(|(_, at)| (number, *at));
    said.into_iter().filter_map(|(number, opinion)| Some((at(number)?, opinion))).collect()
}

/// Reads for somebody who waits; a model is asked one question before.
pub(in crate::jobs) async fn consult(wish: &Wish<'_>, tx: &mut Tx) -> Result<Thought> {
    let now = wish.desk.chance.now();
    let material = gather(tx, now).await?;
    let opinions = match wish.memo.said(Use::Match) {
        Some(Ok(reply)) => understood(&reply.text, &most(&material)),
        Some(Err(_)) => Opinions::new(),
        None if !wish.may_ask(tx).await? => Opinions::new(),
        None => {
            let shown: Vec<Undecided> = most(&material).into_iter().map(|(one, _)| one).collect();
            if !shown.is_empty() {
                return Ok(Thought::Ask(Box::new(Consultation {
                    question: ask::question(&wish.fence(), &shown),
                    check: Box::new(move |text| ask::read(text, &shown).map(drop)),
                    what: Some("Reading what was said".to_owned()),
                })));
            }
            Opinions::new()
        }
    };
    let mut reading = read(&material, &opinions);
    reading.recall(tx, wish.talk.venue, now).await?;
    Ok(Thought::Process(Box::new(reading)))
}

/// As many of the conversations that the rules can't decide as fit one question.
fn most(material: &Material) -> Vec<(Undecided, Timestamp)> {
    let mut asked = undecided(material);
    asked.truncate(ask::MOST);
    asked
}

/// Asks a model while nobody waits.
pub(super) async fn opinions(desk: &Desk, tenant: TenantId) -> Result<Opinions> {
    let mut tx = desk.store.read(tenant).await?;
    if !desk.models.is_connected(&mut tx).await? {
        return Ok(Opinions::new());
    }
    let asked = undecided(&gather(&mut tx, desk.chance.now()).await?);
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
