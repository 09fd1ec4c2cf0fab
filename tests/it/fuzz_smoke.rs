//! What libFuzzer searches through for hours (`tests/fuzz`), over the seeds and a little change of each.

use std::{fs, path::Path};

use proptest::test_runner::{RngAlgorithm, TestRng};
use rand::RngExt as _;

#[expect(unreachable_pub, reason = "the programs of libFuzzer reach it")]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

/// Changed seeds for each way in.
const CHANGED: usize = 400;

/// What the grammars and formats take notice of.
const WORDS: [&str; 24] = [
    "\0",
    "\n",
    "\"",
    "\\u0000",
    "\\ud800",
    "{",
    "[[[[",
    "}",
    "null",
    "1e999",
    "-1",
    "18446744073709551616",
    "<!channel>",
    "<@U1>",
    "&lt;",
    "|",
    "`",
    "*",
    " and ",
    " at ",
    " every ",
    "AUTH-3",
    "\u{202e}",
    "👩‍👩‍👧",
];

/// The seeds of one way in, by their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// A seed with up to four small changes.
fn changed(rng: &mut TestRng, seeds: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = seeds[rng.random_range(0..seeds.len())].1.clone();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..16)).min(bytes.len());
        match rng.random_range(0..6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.insert(at, rng.random_range(0..=u8::MAX)),
            3 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            4 => {
                let other = &seeds[rng.random_range(0..seeds.len())].1;
                let from = rng.random_range(0..=other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => drop(bytes.splice(at..end, WORDS[rng.random_range(0..WORDS.len())].bytes())),
        }
    }
    bytes
}

#[test]
fn every_seed_and_what_little_makes_of_it_keeps_what_must_hold() {
    for (target, _) in fuzz::TARGETS {
        let seeds = seeds(target);
        assert!(seeds.len() >= 3, "{target} has {} seeds", seeds.len());
        for (name, bytes) in &seeds {
            println!("{name}");
            fuzz::run(target, bytes);
        }
        let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        for nth in 0..CHANGED {
            let bytes = changed(&mut rng, &seeds);
            // Shown where the test fails: it is what to make a seed of.
            println!("{target}, {nth}: {:?}", String::from_utf8_lossy(&bytes));
            fuzz::run(target, &bytes);
        }
    }
}

#[test]
fn every_way_in_can_be_searched() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let manifest: toml::Table = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap().parse().unwrap();
    let programs = manifest["bin"].as_array().unwrap();
    let names: Vec<_> = programs.iter().map(|program| program["name"].as_str().unwrap()).collect();
    assert_eq!(names, fuzz::TARGETS.map(|(target, _)| target));
    for target in names {
        let program = fs::read_to_string(fuzz.join(format!("fuzz_targets/{target}.rs"))).unwrap();
        assert!(program.contains(&format!("run(\"{target}\", data)")), "{program}");
    }
}
