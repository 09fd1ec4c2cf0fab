//! What a hostile peer can do to the real program without knowing any secret: whatever it is, others are served, and
//! memory stays bounded.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use docket::clock::Chance;
use tempfile::TempDir;

use super::story_binary::connected;
use crate::support::{
    app::SECRET,
    binary::{Binary, Settings, client},
    fake_slack::{FakeSlack, SlackUser, TOKEN},
    github::{HOOK_SECRET, Webhook},
    peers::note,
    raw::{Wire, statuses},
};

const MIB: usize = 1024 * 1024;

/// What hostile peers may cost in memory at most: the room for bodies on both doors, with what connections take.
const BOUND: usize = 320 * MIB;

/// A Docket with Slack and GitHub in front of it.
struct House {
    binary: Binary,
    client: reqwest::Client,
    ana: SlackUser,
    _folder: TempDir,
}

impl House {
    async fn open() -> Self {
        let slack = FakeSlack::start().await;
        let folder = TempDir::new().unwrap();
        let settings = Settings::new("sqlite://docket.db", folder.path())
            .with("SLACK_BOT_TOKEN", TOKEN)
            .with("SLACK_SIGNING_SECRET", SECRET)
            .with("SLACK_API_URL", &slack.api_url())
            .with("GITHUB_WEBHOOK_SECRET", HOOK_SECRET);
        let binary = Binary::start(&settings).await;
        let ana = SlackUser::new(&slack, "U1", "C1", SECRET.into());
        let client = client();
        connected(&binary, &client, &ana).await;
        Self { binary, client, ana, _folder: folder }
    }

    fn base(&self) -> &str {
        &self.binary.base
    }

    /// A webhook is stored, a command answered and a page shown, each within a few seconds.
    async fn serves(&self, meanwhile: &str) {
        let within = Duration::from_secs(5);
        // Kept for inspection, and so stored like any other.
        let webhook = Webhook::of_bytes("push", b"{".to_vec());
        let mut hook = self.client.post(format!("{}/github/webhooks", self.base())).body(webhook.body());
        for (name, value) in webhook.headers() {
            hook = hook.header(name, value);
        }
        let began = Instant::now();
        let hook = hook.send().await.unwrap_or_else(|error| panic!("no webhook is taken with {meanwhile}: {error}"));
        assert_eq!(hook.status(), 202, "{meanwhile}");
        assert!(began.elapsed() < within, "a webhook took {:?} with {meanwhile}", began.elapsed());

        let began = Instant::now();
        let command = self.ana.slash("whoami", Chance::system().now()).send(&self.client, self.base()).await;
        assert_eq!(command.status(), 200, "{meanwhile}");
        assert!(began.elapsed() < within, "a command took {:?} with {meanwhile}", began.elapsed());

        let began = Instant::now();
        let page = self.client.get(format!("{}/console", self.base())).send().await.unwrap();
        assert_eq!(page.status(), 200, "{meanwhile}");
        assert!(began.elapsed() < within, "a page took {:?} with {meanwhile}", began.elapsed());
        let peak = self.binary.peak();
        assert!(peak < BOUND, "{} MiB with {meanwhile}", peak / MIB);
    }
}

/// The head of a request that announces a body.
fn announcing(path: &str, bytes: usize) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {bytes}\r\n");
    format!("{head}x-hub-signature-256: sha256=00\r\n\r\n").into_bytes()
}

/// Waits until all of these are closed, and counts them.
async fn closed(wires: &mut [Wire], within: Duration) -> usize {
    let deadline = Instant::now() + within;
    loop {
        let closed = wires.iter_mut().map(Wire::is_closed).filter(|closed| *closed).count();
        if closed == wires.len() || Instant::now() > deadline {
            return closed;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_and_slow_heads_shut_nobody_out() {
    // Some open files are left to the tests that run beside this one.
    let files = rlimit::increase_nofile_limit(20_000).unwrap();
    let most = usize::try_from(files).unwrap().saturating_sub(1_000).min(10_000);
    let house = House::open().await;
    let before = house.binary.resident();
    let mut wires = Vec::new();
    for nth in 0..most {
        let wire = match nth % 10 {
            8 => Wire::saying(house.base(), b"POST /github/webhooks HTTP/1.1\r\nhost: 127.0.0.1\r\nx-").await,
            // One that was answered once and is kept for the next request.
            9 => Wire::saying(house.base(), b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await,
            _ => Wire::to(house.base()).await,
        };
        wires.push(wire);
        if nth % 2_500 == 0 {
            house.serves("more and more idle connections").await;
        }
    }
    house.serves("all idle connections").await;
    let (files, resident) = (house.binary.open_files(), house.binary.resident());
    note(&format!(
        "{most} idle connections: {files} open files, {} MiB resident, {} MiB before",
        resident / MIB,
        before / MIB
    ));
    assert!(files < 9_000, "{files} open files");
    // Whoever sends a byte now and then gets no more time for it.
    let (mut slow, mut silent) = (Vec::new(), Vec::new());
    for (nth, wire) in wires.into_iter().enumerate() {
        match nth % 10 {
            8 => slow.push(wire),
            9 => {}
            _ => silent.push(wire),
        }
    }
    for _ in 0..15 {
        for wire in &mut slow {
            let _closed_or_not = wire.say(b"x").await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let all = (slow.len(), silent.len());
    let within = Duration::from_secs(20);
    assert_eq!((closed(&mut slow, within).await, closed(&mut silent, within).await), all);
    house.serves("all of that").await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_announced_and_do_not_come_keep_no_other_out() {
    let house = House::open().await;
    let mut silent = Vec::new();
    for path in ["/github/webhooks", "/slack/commands"] {
        for bytes in [MIB, 25 * MIB] {
            for _ in 0..50 {
                silent.push(Wire::saying(house.base(), &announcing(path, bytes)).await);
            }
        }
    }
    house.serves("bodies that are only announced").await;
    // All but the last byte of small ones and more than a part of large ones: twice what there is room for.
    let mut stalled = Vec::new();
    for path in ["/github/webhooks", "/slack/commands"] {
        for (bytes, count) in [(MIB, 28), (25 * MIB, 4)] {
            for _ in 0..count {
                let mut wire = Wire::saying(house.base(), &announcing(path, bytes)).await;
                let part = vec![b'x'; (bytes - 1).min(2 * MIB)];
                // Whoever has to give way is answered before all of it is written.
                let _written_or_not = wire.say(&part).await;
                stalled.push((path, bytes, wire));
            }
        }
    }
    house.serves("bodies that stop before their end").await;
    let mut answers = std::collections::BTreeMap::new();
    for (path, bytes, wire) in &mut stalled {
        *answers.entry((*path, *bytes / MIB, wire.status().await)).or_insert(0) += 1;
    }
    note(&format!("bodies that stop before their end were answered {answers:?}"));
    let known = |(path, mib, status): &(&str, usize, Option<u16>)| match (*path, *mib, *status) {
        ("/slack/commands", 25, status) => status == Some(413),
        (_, _, status) => matches!(status, Some(408 | 503)),
    };
    assert!(answers.keys().all(known), "{answers:?}");
    assert!(answers.contains_key(&("/github/webhooks", 1, Some(408))), "{answers:?}");
    let statuses = {
        let mut statuses = Vec::new();
        for wire in &mut silent {
            statuses.push(wire.status().await);
        }
        statuses
    };
    let (hooks, commands) = statuses.split_at(100);
    assert!(hooks.iter().all(|status| *status == Some(408)), "{hooks:?}");
    let (small, large) = commands.split_at(50);
    assert!(small.iter().all(|status| *status == Some(408)), "{small:?}");
    assert!(large.iter().all(|status| *status == Some(413)), "{large:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabyte_is_refused_however_it_comes() {
    let house = House::open().await;
    // Where something signed is waited for, what is announced is too much; elsewhere what comes in beyond a limit is.
    for (path, enough) in
        [("/github/webhooks", 0), ("/slack/events", 0), ("/console/say", 128 * 1024 + 1), ("/api/v1/patches", MIB + 1)]
    {
        let mut told = Wire::saying(house.base(), &announcing(path, 1024 * MIB)).await;
        told.say(&vec![b'x'; enough]).await.unwrap();
        assert_eq!(told.status().await, Some(413), "{path}");

        let mut announced = Wire::saying(house.base(), &announcing(path, 1024 * MIB)).await;
        let _written_or_not = announced.say(&vec![b'x'; 3 * MIB]).await;
        let all = announced.all(Duration::from_secs(15)).await.expect("the connection is closed");
        // Whoever goes on writing is told, or finds the connection closed: what was not read takes the answer away with it.
        assert!(matches!(statuses(&all)[..], [] | [413]), "{path}: {:?}", statuses(&all));

        let head = format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n");
        let mut chunked =
            Wire::saying(house.base(), format!("{head}x-hub-signature-256: sha256=00\r\n\r\n").as_bytes()).await;
        let chunk = [format!("{MIB:x}\r\n").into_bytes(), vec![b'x'; MIB], b"\r\n".to_vec()].concat();
        let mut taken = 0;
        while taken < 1024 && chunked.say(&chunk).await.is_ok() {
            taken += 1;
        }
        assert!(taken < 200, "{path} took {taken} MiB");
    }
    house.serves("gigabytes").await;
}

/// 630 MiB of zeros in 4 MiB of gzip: a zero, and then over and over that what came last comes 258 times more.
#[cfg(target_os = "linux")]
fn bomb() -> Vec<u8> {
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    const ZEROS: [u8; 3] = [0x63, 0x18, 0x05];
    // Eight times, which end with a byte.
    const MORE: [u8; 13] = [0xa3, 0x60, 0x14, 0x8c, 0x82, 0x51, 0x30, 0x0a, 0x46, 0xc1, 0x28, 0x18, 0x05];
    const CHECKSUM: u32 = 0x7218_8b8e;
    const LENGTH: u32 = 660_480_259;
    [&HEAD[..], &ZEROS, &MORE.repeat(320_000), &[0], &CHECKSUM.to_le_bytes(), &LENGTH.to_le_bytes()].concat()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_compressed_is_kept_as_it_is_and_not_unpacked() {
    let house = House::open().await;
    house.serves("nothing else").await;
    let before = house.binary.peak();
    // The signature is of these bytes.
    let bomb = Webhook::of_bytes("push", bomb());
    let mut hook = house.client.post(format!("{}/github/webhooks", house.base())).body(bomb.body());
    for (name, value) in bomb.headers() {
        hook = hook.header(name, value);
    }
    let answer = hook.header("content-encoding", "gzip").send().await.unwrap();
    assert_eq!(answer.status(), 202);
    assert!(answer.text().await.unwrap().starts_with("Kept, but it can't be read"));
    house.serves("a bomb").await;
    let more = house.binary.peak() - before;
    assert!(more < 64 * MIB, "a bomb of {} MiB took {} MiB", bomb.body().len() / MIB, more / MIB);
}

#[tokio::test]
async fn heads_that_are_too_large_are_a_431_and_what_is_no_http_is_a_400() {
    let house = House::open().await;
    let get = |more: &str| format!("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n{more}\r\n");
    let many = (0..200).fold(String::new(), |mut all, nth| {
        let _ = write!(all, "x-{nth}: y\r\n");
        all
    });
    let long = "y".repeat(100_000);
    for (what, bytes, expected) in [
        ("200 headers", get(&many), 431),
        ("a header of 100 kB", get(&format!("x-long: {long}\r\n")), 431),
        ("a name of 100 kB", get(&format!("{long}: x\r\n")), 431),
        ("an address of 100 kB", format!("GET /{long} HTTP/1.1\r\n\r\n"), 431),
        ("a body of two lengths", get("content-length: 1\r\ncontent-length: 2\r\n"), 400),
        ("a length below zero", get("content-length: -1\r\n"), 400),
        ("a length beyond all numbers", get("content-length: 99999999999999999999999\r\n"), 400),
        ("a coding that nobody knows", get("transfer-encoding: x\r\n"), 400),
        ("a header without a name", get(": x\r\n"), 400),
        ("a NUL in a header", get("x: \0\r\n"), 400),
        ("a line of its own", "HELLO\r\n\r\n".to_owned(), 400),
        ("a version of tomorrow", "GET / HTTP/9.9\r\n\r\n".to_owned(), 400),
        ("a greeting of TLS", "\x16\x03\x01\x02\0\x01\0\x01\u{7c}\x03\x03".to_owned(), 400),
    ] {
        let mut wire = Wire::to(house.base()).await;
        let _written_or_not = wire.say(bytes.as_bytes()).await;
        let all = wire.all(Duration::from_secs(15)).await.unwrap_or_else(|| panic!("{what} keeps the connection"));
        assert_eq!(statuses(&all), [expected], "{what}");
    }
    // What comes after a smuggled body is no request of its own.
    let smuggled = "POST /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n";
    let mut wire = Wire::saying(house.base(), smuggled.as_bytes()).await;
    wire.hang_up().await;
    let all = wire.all(Duration::from_secs(15)).await.unwrap();
    assert!(!String::from_utf8_lossy(&all).contains("docket_"), "{}", String::from_utf8_lossy(&all));
    house.serves("odd heads").await;
}

#[tokio::test]
async fn bodies_of_another_length_than_announced_and_requests_in_a_row_are_told_apart() {
    let house = House::open().await;
    let webhook = |announced: usize| {
        let webhook = Webhook::of_bytes("push", b"{".to_vec());
        let headers: Vec<_> = webhook.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("POST /github/webhooks HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {announced}\r\n");
        format!("{head}{}\r\n{{", headers.concat())
    };
    let mut shorter = Wire::saying(house.base(), webhook(100).as_bytes()).await;
    shorter.hang_up().await;
    let all = shorter.all(Duration::from_secs(15)).await.unwrap();
    assert!(statuses(&all).iter().all(|status| *status == 400), "{}", String::from_utf8_lossy(&all));
    let mut longer = Wire::saying(house.base(), format!("{}}}\r\n\r\n", webhook(1)).as_bytes()).await;
    assert_eq!(statuses(&longer.all(Duration::from_secs(15)).await.unwrap()), [202, 400]);

    let row: String = (0..100).map(|_| webhook(1)).collect();
    let last = "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    let mut pipelined = Wire::saying(house.base(), format!("{row}{last}").as_bytes()).await;
    let all = pipelined.all(Duration::from_secs(30)).await.unwrap();
    assert_eq!(statuses(&all), [&[202; 100][..], &[200]].concat());
    house.serves("odd bodies").await;
}

/// HTTP/2 without TLS, as a proxy speaks it that knows that Docket does.
#[tokio::test]
async fn http_2_is_served_and_a_silent_one_is_closed() {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, stream][..], payload].concat()
    };
    let house = House::open().await;
    // HEADERS that end the stream: GET, http, /healthz and the authority, in HPACK's short forms.
    let head = [&b"\x82\x86\x04\x08/healthz\x01\x09"[..], b"127.0.0.1"].concat();
    let hello = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &[]), &frame(1, 5, 1, &head)].concat();
    let mut wire = Wire::saying(house.base(), &hello).await;
    // HEADERS of stream 1 with :status 200, which is the 8th of HPACK's table.
    let all = wire.until(&[1, 4, 0, 0, 0, 1, 0x88]).await;
    assert!(all.windows(7).any(|part| part == [1, 4, 0, 0, 0, 1, 0x88]), "{all:?}");
    let mut silent = Wire::saying(house.base(), &hello[..10]).await;
    assert!(silent.all(Duration::from_secs(20)).await.is_some());
}
