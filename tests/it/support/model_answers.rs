//! What a model says, in the shapes that Docket asks for.

use serde_json::{Value, json};

/// The first plan of a project with these deliverables.
pub(crate) fn plan(title: &str, titles: &[&str]) -> Value {
    json!({ "title": title, "summary": "", "key": "AUTH", "tasks": list(titles) })
}

/// A breakdown into these tasks.
pub(crate) fn tasks(titles: &[&str]) -> Value {
    json!({ "tasks": list(titles) })
}

fn list(titles: &[&str]) -> Vec<Value> {
    let task = |(at, title): (usize, &&str)| {
        json!({
            "ref": format!("t{at}"), "title": title, "description": format!("What {title} is about."),
            "acceptance": [format!("{title} can be shown")], "estimate_minutes": 240,
            "after": if at > 0 { vec![format!("t{}", at - 1)] } else { Vec::new() },
            "reason": format!("{title} is needed"),
        })
    };
    titles.iter().enumerate().map(task).collect()
}

/// A change of a proposal or a plan.
pub(crate) fn change(operations: &[Value], note: Option<&str>) -> Value {
    json!({ "operations": operations, "note": note })
}

/// Adds a task at the end.
pub(crate) fn add(title: &str, waits_for: &[&str]) -> Value {
    operation(&json!({
        "op": "add", "ref": "new", "title": title, "description": "As asked.", "acceptance": ["It is done"],
        "waits_for": waits_for, "reason": "asked for",
    }))
}

/// Removes a task.
pub(crate) fn remove(key: &str, number: u32) -> Value {
    operation(&json!({ "op": "remove", "task": format!("{key}-{number}"), "reason": "asked for" }))
}

/// An operation that says this, and null about everything else.
pub(crate) fn operation(says: &Value) -> Value {
    let mut whole = json!({
        "op": null, "task": null, "ref": null, "parent": null, "after_task": null, "into": null, "title": null,
        "description": null, "acceptance": null, "status": null, "assignee": null, "estimate_minutes": null,
        "priority": null, "due": null, "waits_for": null, "clear": [], "reason": "",
    });
    for (field, value) in says.as_object().into_iter().flatten() {
        whole[field] = value.clone();
    }
    whole
}

/// What words may mean: intents with how sure the model is and what else it says.
pub(crate) fn meaning(candidates: &[(&str, f64, Value)]) -> Value {
    let candidate = |(intent, confidence, says): &(&str, f64, Value)| {
        let mut whole = json!({
            "intent": intent, "project": null, "task": null, "patch": null, "goal": null, "focus": null,
            "confidence": confidence,
        });
        for (field, value) in says.as_object().into_iter().flatten() {
            whole[field] = value.clone();
        }
        whole
    };
    json!({ "candidates": candidates.iter().map(candidate).collect::<Vec<_>>() })
}
