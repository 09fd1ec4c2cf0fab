//! Setting when somebody works, when they are away, and when nobody works.

use serde_json::{Value, json};

use crate::{
    answers::availability::{ahead, day, next, span},
    domain::{
        availability::{HoursWish, Leave, OwnHours},
        calendar::{Calendar, Country, Origin, host},
        ids::MemberId,
        intent::{AwayWish, HolidaysWish},
        job::Job,
        message::{Block, Message, Span},
    },
    error::{Result, UserError},
    jobs::{Desk, calendars, handle::Talk, roles::only_in_charge, trail::record, understand::today},
    review::propose::may_change,
    standups::schedule::replan,
    store::Tx,
};

/// Leaves ahead that one member may have.
const MOST_LEAVES: usize = 50;
/// Calendars that a tenant may have.
const MOST_CALENDARS: usize = 10;

/// Something about when people work that somebody wants.
pub(super) enum TimeWish {
    /// Their own hours; `None` for everybody's.
    Hours(Option<HoursWish>),
    /// Days away of this member.
    Away(MemberId, AwayWish),
    /// When nobody works.
    Holidays(HolidaysWish),
}

/// Does it, and says what holds now.
pub(super) async fn carry_out(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, wish: TimeWish) -> Result<Message> {
    match wish {
        TimeWish::Hours(wish) => {
            may_change(tx, talk.member, talk.venue).await?;
            hours(tx, talk, wish).await
        }
        TimeWish::Away(whom, wish) => {
            may_change(tx, talk.member, talk.venue).await?;
            away(desk, tx, talk, whom, wish).await
        }
        TimeWish::Holidays(wish) => {
            only_in_charge(tx, talk.member, "Nothing was changed: only owners and admins set the holidays.").await?;
            // Two at once would otherwise add the same twice.
            tx.lock_tenant().await?;
            match wish {
                HolidaysWish::Country(code) => country(desk, tx, talk, &code).await,
                HolidaysWish::Feed(address) => feed(desk, tx, talk, &address).await,
                HolidaysWish::Remove(said) => remove(desk, tx, talk, &said).await,
            }
        }
    }
}

async fn hours(tx: &mut Tx, talk: &Talk<'_>, wish: Option<HoursWish>) -> Result<Message> {
    let before = tx.own_hours(talk.member.id).await?;
    let own = wish.map_or_else(OwnHours::default, |wish| wish.over(before));
    tx.put_own_hours(talk.member.id, &own).await?;
    // With the zone that holds from now on.
    let me = tx.member(talk.member.id).await?.unwrap_or_else(|| talk.member.clone());
    let available = tx.availability(&me).await?;
    let whose =
        if own == OwnHours::default() { " These are everybody's hours, in your profile's time zone." } else { "" };
    let words = format!(
        "You work {}, {}.{whose} On other days standups leave you out.",
        available.hours,
        available.zone.name()
    );
    Ok(Message::text(words))
}

async fn away(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, whom: MemberId, wish: AwayWish) -> Result<Message> {
    let is_own = whom == talk.member.id;
    if !is_own {
        only_in_charge(tx, talk.member, "Nothing was changed: only owners and admins say when somebody else is away.")
            .await?;
    }
    let Some(whom) = tx.member(whom).await? else {
        return Err(UserError::new("That member is gone. /docket role lists those there are.").into());
    };
    let (who, verb) = if is_own { ("You", "are") } else { (whom.name.as_str(), "is") };
    let today = today(Some(&whom), desk.chance.now());
    let known = ahead(tx.leaves(whom.id).await?, today);
    let (words, before, after) = match wish {
        AwayWish::Cancel(number) => {
            let Some(leave) = number.checked_sub(1).and_then(|index| known.get(index)) else {
                let words =
                    format!("There is no leave number {number}. /docket away lists those ahead. Nothing was changed.");
                return Err(UserError::new(words).into());
            };
            tx.cancel_leave(whom.id, leave.from).await?;
            (format!("{who} {verb} no longer away: {}.", span(leave)), vec![leave.clone()], Vec::new())
        }
        AwayWish::Add(leaves) => {
            if known.len() + leaves.len() > MOST_LEAVES {
                let words =
                    format!("That would be more than {MOST_LEAVES} leaves ahead. Take one back first: /docket away");
                return Err(UserError::new(words).into());
            }
            let mut whole = Vec::new();
            for leave in &leaves {
                let leave = tx.put_leave(whom.id, leave).await?;
                // What was added before may be a part of it by now.
                whole.retain(|other: &Leave| other.joined(&leave).is_none());
                whole.push(leave);
            }
            let available = tx.availability(&whom).await?;
            let back = |leave: &Leave| {
                let days = leave.to.iter_days().skip(1).take(366);
                let back = days.into_iter().find(|day| available.works_on(*day));
                back.map_or_else(String::new, |back| format!(", back on {}", day(back)))
            };
            let said: Vec<String> = whole.iter().map(|leave| format!("{}{}", span(leave), back(leave))).collect();
            (format!("{who} {verb} away {}.", said.join("; ")), Vec::new(), whole)
        }
    };
    if !is_own {
        let days = |leaves: &[Leave]| json!({ "away": leaves.iter().map(span).collect::<Vec<_>>() });
        record(desk, tx, Some(talk.by()), ("member.away", whom.id.to_string()), (days(&before), days(&after))).await?;
    }
    Ok(Message::text(words))
}

async fn country(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, code: &str) -> Result<Message> {
    let Some(country) = Country::find(code) else {
        return Err(UserError::new(format!("I don't know the holidays of {code}.")).into());
    };
    let calendar = add(desk, tx, talk, Origin::Country(country.code.to_owned()), country.name).await?;
    let Some(calendar) = calendar else {
        return Ok(Message::text(format!("The holidays of {} count already.", country.name)));
    };
    let days = calendars::reckon(desk, country.code);
    tx.put_calendar(&Calendar { read_at: Some(desk.chance.now()), ..calendar.clone() }).await?;
    tx.set_holidays(calendar.id, &days).await?;
    replan(tx, desk.chance.now()).await?;
    calendars::queue_next(desk, tx, calendar.id, false).await?;
    let words = format!(
        "The public holidays of {} count as days off from now on. Next: {}.",
        country.name,
        next(&days, today(Some(talk.member), desk.chance.now()))
    );
    let source = Block::Context(vec![Span::plain(format!(
        "Only what the whole country keeps, by {}. What a region or your company has besides: add a feed.",
        country.source
    ))]);
    Ok(Message { summary: words.clone(), blocks: vec![Block::Text(vec![Span::Plain(words)]), source] })
}

async fn feed(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, said: &str) -> Result<Message> {
    let address = desk.feeds.address(said).map_err(UserError)?;
    let host = host(&address).to_owned();
    let Some(mut calendar) = add(desk, tx, talk, Origin::Feed(address), &host).await? else {
        return Ok(Message::text(format!(
            "That feed of {host} is there already. /docket holidays lists the calendars."
        )));
    };
    calendar.waiting = Some((talk.venue.clone(), talk.identity.clone()));
    tx.put_calendar(&calendar).await?;
    let job = Job::FetchCalendar { calendar: calendar.id }.due(desk.chance.now());
    tx.enqueue(desk.chance.id(), &job).await?;
    Ok(Message::text(format!("I am reading the feed of {host}, and tell you here what I find.")))
}

/// Adds a calendar; `None` where there is one of the same origin.
async fn add(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, origin: Origin, name: &str) -> Result<Option<Calendar>> {
    let known = tx.calendars().await?;
    if known.iter().any(|calendar| calendar.origin == origin) {
        return Ok(None);
    }
    if known.len() >= MOST_CALENDARS {
        let words = format!(
            "There are {MOST_CALENDARS} calendars already, which is the most. Remove one first: /docket holidays"
        );
        return Err(UserError::new(words).into());
    }
    let calendar = Calendar {
        id: desk.chance.id(),
        origin,
        name: name.to_owned(),
        by: talk.member.id,
        waiting: None,
        added_at: desk.chance.now(),
        read_at: None,
        trouble: None,
    };
    tx.put_calendar(&calendar).await?;
    let after = (Value::Null, json!({ "calendar": calendar.called() }));
    record(desk, tx, Some(talk.by()), ("holidays.added", calendar.id.to_string()), after).await?;
    Ok(Some(calendar))
}

async fn remove(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, said: &str) -> Result<Message> {
    let known = tx.calendars().await?;
    let is_meant = |calendar: &Calendar| match &calendar.origin {
        Origin::Country(code) => Country::find(said).is_some_and(|country| country.code == code),
        Origin::Feed(address) => {
            calendar.name.eq_ignore_ascii_case(said) || address == said || host(address).eq_ignore_ascii_case(said)
        }
    };
    let by_number =
        said.trim_start_matches('#').parse::<usize>().ok().and_then(|number| known.get(number.checked_sub(1)?));
    let found: Vec<&Calendar> =
        by_number.map_or_else(|| known.iter().filter(|c| is_meant(c)).collect(), |one| vec![one]);
    let [calendar] = found[..] else {
        let names: Vec<String> =
            known.iter().enumerate().map(|(index, c)| format!("{}. {}", index + 1, c.called())).collect();
        let there =
            if names.is_empty() { "There are none.".to_owned() } else { format!("There are: {}.", names.join(", ")) };
        let words = format!("I can't tell which calendar you mean. {there} Say its number: /docket holidays remove 1");
        return Err(UserError::new(words).into());
    };
    tx.remove_calendar(calendar.id).await?;
    replan(tx, desk.chance.now()).await?;
    let before = (json!({ "calendar": calendar.called() }), Value::Null);
    record(desk, tx, Some(talk.by()), ("holidays.removed", calendar.id.to_string()), before).await?;
    Ok(Message::text(format!("{} no longer counts: its days are working days again.", calendar.called())))
}
