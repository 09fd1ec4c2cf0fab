//! What channels are told is stored once, and belongs to its tenant.

use docket::{
    domain::{
        announce::{Announce, Notice, PullCard, Topic},
        ids::{MemberId, ProjectId, TenantId},
        member::Surface,
        message::Message,
    },
    store::Tx,
};

use crate::support::{
    clock::START,
    db::TestDb,
    sample::{self, trackers},
};

/// What is told of pull request 7 of `acme/web`, which is there already.
pub(crate) struct Told {
    card: PullCard,
    notice: Notice,
}

pub(crate) async fn fill(db: &TestDb, tx: &mut Tx, member: MemberId, project: ProjectId) -> Told {
    let mut card = PullCard {
        id: db.chance.id(),
        pull: trackers::numbered(7),
        project,
        venue: sample::channel("C1"),
        message: None,
        shown: None,
        created_at: START,
    };
    assert_eq!(tx.insert_pull_card(&card).await.unwrap(), card);
    let twice = PullCard { id: db.chance.id(), ..card.clone() };
    assert_eq!(tx.insert_pull_card(&twice).await.unwrap(), card, "one in each channel");
    assert_eq!(tx.unposted_pull_cards(project, START).await.unwrap(), 0);
    let before = card.clone();
    card.message = Some("7.0".to_owned());
    card.shown = Some("fingerprint".to_owned());
    assert!(tx.update_pull_card(&before, &card).await.unwrap());
    assert!(!tx.update_pull_card(&before, &card).await.unwrap(), "somebody brought it meanwhile");
    let notice = Notice {
        id: db.chance.id(),
        about: "700#7 merged".to_owned(),
        venue: sample::channel("C1"),
        card: Some(card.id),
        message: Message::text("Merged."),
        posted: None,
        created_at: START,
    };
    assert!(tx.insert_notice(&notice).await.unwrap());
    let again = Notice { id: db.chance.id(), ..notice.clone() };
    assert!(!tx.insert_notice(&again).await.unwrap(), "each thing is told once");
    assert!(tx.want_mentions(member, true, START).await.unwrap());
    assert!(!tx.want_mentions(member, true, START).await.unwrap());
    tx.put_announce(project, &settings()).await.unwrap();
    Told { card, notice }
}

fn settings() -> Announce {
    let mut announce = Announce::default();
    announce.set.insert(Topic::Every, true);
    announce.labels.insert("wip".to_owned());
    announce.muted.insert(trackers::numbered(7).repository);
    announce
}

/// Whether this tenant sees what `fill` wrote, table by table.
pub(crate) async fn sees(tx: &mut Tx, told: &Told, member: MemberId) -> Vec<(&'static str, bool)> {
    let Told { card, notice } = told;
    vec![
        ("pull_cards", tx.pull_card(card.id).await.unwrap().as_ref() == Some(card)),
        ("pull_cards", tx.pull_cards(card.pull).await.unwrap() == [card.clone()]),
        ("pull_cards", tx.pull_card_by_message(Surface::Slack, "T1", "C1", "7.0").await.unwrap().is_some()),
        ("notices", tx.notice(notice.id).await.unwrap().as_ref() == Some(notice)),
        ("notices", tx.notices_since(card.id, START).await.unwrap() == 1),
        ("mentions", tx.wants_mentions(member).await.unwrap()),
        ("projects", tx.announce(card.project).await.unwrap() == settings()),
    ]
}

/// Tries to change what `fill` wrote; everything must miss.
pub(crate) async fn meddle(tx: &mut Tx, told: &Told, member: MemberId) {
    let Told { card, notice } = told;
    let forged = PullCard { message: Some("forged".to_owned()), ..card.clone() };
    assert!(!tx.update_pull_card(card, &forged).await.unwrap());
    tx.doubt_pull_card(card.id).await.unwrap();
    tx.set_notice_posted(notice.id, "forged").await.unwrap();
    assert!(!tx.want_mentions(member, false, START).await.unwrap());
    tx.put_announce(card.project, &Announce::default()).await.unwrap();
}

/// What would refer to a row of another tenant is refused.
pub(crate) async fn meddle_by_reference(db: &TestDb, intruder: TenantId, told: &Told, member: MemberId) {
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_pull_card(&PullCard { id: db.chance.id(), ..told.card.clone() }).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_notice(&Notice { id: db.chance.id(), ..told.notice.clone() }).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.want_mentions(member, true, START).await.is_err());
}
