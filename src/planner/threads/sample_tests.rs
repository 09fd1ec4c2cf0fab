//! How well the rules do on conversations that were labelled by hand (`tests/data/threads/sample.toml`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Index, Verdict,
    fixtures::{code, known, thread},
    judge, rank,
};
use crate::domain::task::TaskFields;

#[derive(Deserialize)]
struct Sample {
    tasks: BTreeMap<String, (String, String)>,
    threads: Vec<Labelled>,
}

#[derive(Deserialize)]
struct Labelled {
    said: String,
    #[serde(default)]
    answers: Vec<String>,
    about: String,
}

/// Right ones among those that are said, and those that are to be found.
#[derive(Default)]
struct Count {
    right: u32,
    said: u32,
    there: u32,
}

impl Count {
    fn add(&mut self, is_said: bool, is_there: bool) {
        self.said += u32::from(is_said);
        self.there += u32::from(is_there);
        self.right += u32::from(is_said && is_there);
    }

    fn precision(&self) -> f64 {
        f64::from(self.right) / f64::from(self.said)
    }

    fn recall(&self) -> f64 {
        f64::from(self.right) / f64::from(self.there)
    }
}

#[test]
fn the_thresholds_do_well_on_labelled_conversations() {
    let sample: Sample = toml::from_str(include_str!("../../../tests/data/threads/sample.toml")).unwrap();
    assert!(sample.threads.len() >= 60 && sample.tasks.len() >= 40);
    let index = Index::new(sample.tasks.iter().map(|(task, (title, description))| {
        known(task, TaskFields { description: description.clone(), ..TaskFields::titled(title) })
    }));
    let (mut linked, mut offered, mut untracked, mut silent) =
        (Count::default(), Count::default(), Count::default(), Count::default());
    for labelled in &sample.threads {
        let texts: Vec<&str> = [&labelled.said].into_iter().chain(&labelled.answers).map(String::as_str).collect();
        let thread = thread(&texts);
        let ranked = rank(&index, &thread);
        let verdict = judge(&thread, &ranked);
        let about = labelled.about.as_str();
        let is_task = sample.tasks.contains_key(about);
        assert!(is_task || ["untracked", "nothing"].contains(&about), "{about}");
        let (is_linked, found) = match &verdict {
            Verdict::Linked(tasks) => (true, is_task && tasks.iter().any(|task| task.code == code(about))),
            Verdict::Asked(tasks) => (false, is_task && tasks.iter().any(|task| task.code == code(about))),
            Verdict::Untracked | Verdict::Nothing => (false, false),
        };
        let scores: Vec<String> = ranked.iter().take(3).map(|one| format!("{} {}", one.task.code, one.score)).collect();
        let kind = format!("{verdict:?}");
        let kind = kind.split(['(', '[']).next().unwrap_or_default().to_owned();
        println!("{:60.60} {about:9} {kind:9} [{}]", labelled.said, scores.join(", "));
        if is_linked {
            linked.add(true, found);
        } else {
            linked.there += u32::from(is_task);
        }
        linked.there += u32::from(is_linked && is_task && !found);
        let is_offered = matches!(verdict, Verdict::Linked(_) | Verdict::Asked(_));
        offered.said += u32::from(is_offered);
        offered.there += u32::from(is_task);
        offered.right += u32::from(found);
        untracked.add(verdict == Verdict::Untracked, about == "untracked");
        silent.add(verdict == Verdict::Nothing, about == "nothing");
    }
    for (name, count, precision, recall) in [
        ("linked silently", &linked, 0.9, 0.75),
        ("linked or offered", &offered, 0.9, 0.85),
        ("untracked", &untracked, 0.8, 0.8),
        ("nothing", &silent, 0.65, 0.85),
    ] {
        println!("{name}: precision {:.2}, recall {:.2}", count.precision(), count.recall());
        assert!(count.precision() >= precision, "{name}: precision {:.2}", count.precision());
        assert!(count.recall() >= recall, "{name}: recall {:.2}", count.recall());
    }
}
