//! A standup from the real program: at its instant, once, whatever kills it, and however many of it there are.

use std::{collections::BTreeSet, time::Duration};

use chrono::Weekday;
use docket::{
    clock::Chance,
    domain::{
        availability::{Hours, OwnHours},
        digest::DigestState,
        event::Venue,
        heard::{Heard, Saying, Wording},
        ids::{ScheduleId, TenantId},
        member::Surface,
        plan::Plan,
        project::Revision,
        schedule::{Recurrence, Schedule},
        task::{Status, TaskNumber},
        tenant::Installation,
        time::Timestamp,
    },
};
use tempfile::TempDir;

use super::story_binary::{eventually, with_slack};
use crate::{
    store_schedules,
    support::{
        app::words,
        binary::Binary,
        db::{TestDb, for_each_db},
        fake_slack::{BOT, FakeSlack, TEAM},
        peers, sample,
    },
};

for_each_db!(a_standup_is_posted_at_its_instant_and_once_whatever_happens);

/// How late a post may come on a machine that is busy with other things.
const BUSY: Duration = Duration::from_secs(10);

/// Ana, who works on every day, in a workspace that is connected.
async fn workspace(db: &TestDb) -> (TenantId, docket::domain::ids::MemberId) {
    let tenant = db.store.local_tenant(&db.chance).await.unwrap();
    let ana = sample::member(&db.chance, "Ana");
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.put_member(&ana, &sample::identity("U1")).await.unwrap();
    let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
    let hours = Hours { days: days.to_vec(), from: "09:00:00".parse().unwrap(), to: "17:00:00".parse().unwrap() };
    tx.put_own_hours(ana.id, &OwnHours { hours: Some(hours), zone: None }).await.unwrap();
    // Something is under way, and something was said of which no task is.
    let project = sample::project(&db.chance, "AUTH");
    tx.insert_project(&project, TaskNumber(2), db.chance.now()).await.unwrap();
    let mut task = sample::task(1, None, &[]);
    (task.fields.assignee, task.fields.status) = (Some(ana.id), Status::InProgress);
    let mut plan = Plan::new(project, [task]);
    plan.project.revision = Revision(1);
    assert!(tx.save_plan(&plan, &BTreeSet::from([TaskNumber(1)]), Revision(0), db.chance.now()).await.unwrap());
    let at = Chance::system().now();
    let wording = Wording { text: "the printer fails on every document".to_owned(), since: 1 };
    let message = format!("{}.000100", at.as_millis() / 1_000);
    let heard = Heard { message, at, is_private: Some(false), what: Saying::Said(wording) };
    assert!(tx.put_heard(&sample::channel("CONE"), &heard, Some(ana.id), db.chance.id(), at).await.unwrap());
    let (name, bot_user) = ("Acme".to_owned(), BOT.to_owned());
    tx.put_installation(&Installation {
        surface: Surface::Slack,
        team: TEAM.to_owned(),
        name,
        bot_user,
        removed: None,
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    (tenant, ana.id)
}

struct Story<'a> {
    db: &'a TestDb,
    slack: &'a FakeSlack,
    tenant: TenantId,
    ana: docket::domain::ids::MemberId,
}

impl Story<'_> {
    /// A standup that comes once, so long from now, in a channel of its own.
    async fn soon(&self, channel: &str, after: Duration) -> (ScheduleId, Timestamp) {
        self.slack.add_channel(channel, &["U1", BOT]);
        let slot = Timestamp::from_millis(Chance::system().now().plus(after).as_millis() / 1_000 * 1_000);
        let shown = slot.to_utc().with_timezone(&chrono_tz::Europe::Paris).naive_local();
        let schedule = Schedule {
            venue: Venue { channel: channel.to_owned(), ..sample::channel(channel) },
            when: Recurrence::Once(shown),
            next_run_at: Some(slot),
            ..store_schedules::schedule(&self.db.chance, self.ana)
        };
        let mut tx = self.db.store.write(self.tenant).await.unwrap();
        tx.insert_schedule(&schedule).await.unwrap();
        tx.commit().await.unwrap();
        (schedule.id, slot)
    }

    /// Waits for the post in a channel; says when it was seen.
    async fn posted(&self, channel: &str) -> Timestamp {
        eventually(channel, || (!self.slack.messages(channel).is_empty()).then(|| Chance::system().now())).await
    }

    /// Waits until the post is written down, so that nothing of it is under way.
    async fn settled(&self, schedule: ScheduleId) {
        for _ in 0..500 {
            let newest = self.db.store.read(self.tenant).await.unwrap().newest_digest(schedule).await.unwrap();
            if newest.is_some_and(|digest| digest.state == DigestState::Posted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("a post was not written down");
    }
}

async fn a_standup_is_posted_at_its_instant_and_once_whatever_happens(db: &TestDb) {
    let slack = FakeSlack::start().await;
    let folder = TempDir::new().unwrap();
    let settings = with_slack(db, &slack, folder.path());
    let (tenant, ana) = workspace(db).await;
    let story = Story { db, slack: &slack, tenant, ana };

    // At its instant.
    let binary = Binary::start(&settings).await;
    let (first, slot) = story.soon("CONE", Duration::from_secs(3)).await;
    let seen = story.posted("CONE").await;
    assert!(seen >= slot && seen.since(slot) < BUSY, "due {slot:?}, seen {seen:?}");
    story.settled(first).await;

    // Killed after that one, and away when the next one comes: it is made up for.
    let (second, slot) = story.soon("CTWO", Duration::from_secs(2)).await;
    binary.kill();
    tokio::time::sleep(slot.since(Chance::system().now())).await;
    let binary = Binary::start(&settings).await;
    story.posted("CTWO").await;
    story.settled(second).await;

    // Two of them, where the database can take that, race for what comes next; one is killed before.
    let beside = if db.store.engine() == "postgres" { Some(Binary::start(&settings).await) } else { None };
    let mut coming = Vec::new();
    for n in 0..10 {
        coming.push(story.soon(&format!("CMANY{n}"), Duration::from_secs(3)).await.0);
    }
    for (n, id) in coming.into_iter().enumerate() {
        story.posted(&format!("CMANY{n}")).await;
        story.settled(id).await;
    }
    let (last, _) = story.soon("CLAST", Duration::from_secs(2)).await;
    binary.kill();
    let binary = match beside {
        Some(beside) => beside,
        None => Binary::start(&settings).await,
    };
    story.posted("CLAST").await;
    story.settled(last).await;

    let first: Vec<_> = slack.messages("CONE").iter().map(|post| post.payload.to_string()).collect();
    assert!(first.iter().any(|main| main.contains("AUTH-1") && main.contains("1 conversation matches")), "{first:?}");
    assert!(first.iter().any(|detail| detail.contains("Create task")), "{first:?}");
    let channels = ["CONE", "CTWO", "CLAST"].map(str::to_owned).into_iter();
    for channel in channels.chain((0..10).map(|n| format!("CMANY{n}"))) {
        let posts = slack.messages(&channel);
        let heads: Vec<String> =
            posts.iter().filter(|post| post.thread.is_none()).map(|post| words(&post.payload)).collect();
        assert_eq!(heads.len(), 1, "{channel}: {heads:?}");
    }
    assert_eq!(slack.problems(), Vec::<String>::new());
    let payloads = folder.path().join("payloads.jsonl");
    slack.write_payloads(&payloads);
    if let Some(python) = peers::python() {
        peers::check_blocks(&python, &payloads);
    }
    let (_, well) = binary.terminate();
    assert!(well);
}
