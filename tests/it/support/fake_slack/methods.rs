//! The methods of the Web API that Docket calls.

use serde_json::{Value, json};

use super::{BOT, Owner, Shown, World, history, limits};

type Answer = Result<Value, String>;

pub(super) fn run(world: &mut World, owner: &Owner, method: &str, parameters: &Value) -> Answer {
    let known: &[&str] = match method {
        "auth.test" => &[],
        "users.info" => &["user"],
        "usergroups.users.list" => &["usergroup"],
        "chat.postMessage" => &["channel", "thread_ts", "text", "blocks", "unfurl_links", "unfurl_media"],
        "chat.update" => &["channel", "ts", "text", "blocks"],
        "chat.delete" => &["channel", "ts"],
        "chat.postEphemeral" => &["channel", "user", "thread_ts", "text", "blocks"],
        "views.open" => &["trigger_id", "view"],
        "conversations.history" => &["channel", "oldest", "latest", "inclusive", "limit", "cursor"],
        "conversations.replies" => &["channel", "ts", "oldest", "latest", "inclusive", "limit", "cursor"],
        _ => {
            world.problems.push(format!("{method} is not a method Docket may call"));
            return Err("unknown_method".to_owned());
        }
    };
    let sent = parameters.as_object().cloned().unwrap_or_default();
    if let Some(field) = sent.keys().find(|field| !known.contains(&field.as_str())) {
        world.problems.push(format!("{method} has no field {field}"));
        return Err("invalid_arguments".to_owned());
    }
    if world.is_foreign(owner, &word(parameters, "channel"), &word(parameters, "user")) {
        world.problems.push(format!("{method} was called with the token of {}: {parameters}", owner.name));
        return Err("channel_not_found".to_owned());
    }
    match method {
        "auth.test" => Ok(json!({
            "url": "https://acme.slack.com/", "team": owner.name, "user": "docket", "team_id": owner.team, "user_id": BOT,
            "bot_id": "B1", "is_enterprise_install": false,
        })),
        "users.info" => {
            let user = world.users.get(&word(parameters, "user")).ok_or("user_not_found")?;
            Ok(json!({ "user": user }))
        }
        "usergroups.users.list" => {
            let group = world.groups.get(&word(parameters, "usergroup")).ok_or("no_such_subteam")?;
            Ok(json!({ "users": group }))
        }
        "conversations.history" | "conversations.replies" => history::page(world, method, parameters),
        "chat.postMessage" => post_message(world, owner, parameters),
        "chat.update" => update(world, parameters),
        "chat.delete" => delete(world, parameters),
        "chat.postEphemeral" => post_ephemeral(world, parameters),
        _ => open_view(world, parameters),
    }
}

pub(super) fn respond(world: &mut World, id: &str, payload: &Value) -> Result<(), String> {
    let known = ["response_type", "replace_original", "text", "blocks"];
    if let Some(field) = payload.as_object().and_then(|sent| sent.keys().find(|f| !known.contains(&f.as_str()))) {
        world.problems.push(format!("a response_url takes no field {field}"));
        return Err("invalid_arguments".to_owned());
    }
    check(world, payload)?;
    let url = world.response_urls.get_mut(id).ok_or("expired_url")?;
    if url.uses == 5 {
        return Err("used_url".to_owned());
    }
    url.uses += 1;
    let (channel, user) = (url.channel.clone(), url.user.clone());
    let ephemeral = payload["response_type"].as_str() != Some("in_channel");
    show(world, &channel, None, ephemeral.then_some(user), payload);
    Ok(())
}

fn word(parameters: &Value, name: &str) -> String {
    parameters[name].as_str().unwrap_or_default().to_owned()
}

fn thread(parameters: &Value) -> Option<String> {
    parameters.get("thread_ts").and_then(Value::as_str).map(str::to_owned)
}

fn check(world: &mut World, payload: &Value) -> Result<(), String> {
    world.payloads.push(payload.clone());
    let problems = limits::problems(payload);
    let first = problems.first().cloned();
    world.problems.extend(problems);
    first.map_or(Ok(()), Err)
}

fn show(world: &mut World, channel: &str, thread: Option<String>, only_for: Option<String>, payload: &Value) -> String {
    let ts = world.next_ts();
    let payload = json!({ "text": payload["text"], "blocks": payload["blocks"] });
    let shown = Shown { channel: channel.to_owned(), ts: ts.clone(), thread, only_for, payload, updates: 0 };
    world.messages.push(shown);
    ts
}

fn post_message(world: &mut World, owner: &Owner, parameters: &Value) -> Answer {
    check(world, parameters)?;
    let mut channel = word(parameters, "channel");
    if world.users.contains_key(&channel) {
        if world.is_foreign(owner, "", &channel) {
            world.problems.push(format!("{channel} was written to with the token of {}", owner.name));
            return Err("channel_not_found".to_owned());
        }
        channel = format!("D-{channel}");
        world.homes.insert(channel.clone(), owner.team.clone());
        world.channels.entry(channel.clone()).or_default().insert(BOT.to_owned());
    }
    let members = world.channels.get(&channel).ok_or("channel_not_found")?;
    if !members.contains(BOT) {
        return Err("not_in_channel".to_owned());
    }
    if world.archived.contains(&channel) {
        return Err("is_archived".to_owned());
    }
    let ts = show(world, &channel, thread(parameters), None, parameters);
    Ok(json!({ "channel": channel, "ts": ts, "message": { "type": "message", "ts": ts, "bot_id": "B1", "new": true } }))
}

fn update(world: &mut World, parameters: &Value) -> Answer {
    check(world, parameters)?;
    let (channel, ts) = (word(parameters, "channel"), word(parameters, "ts"));
    if !world.channels.contains_key(&channel) {
        return Err("channel_not_found".to_owned());
    }
    if world.said.contains(&(channel.clone(), ts.clone())) {
        return Err("cant_update_message".to_owned());
    }
    let found = world.messages.iter_mut().find(|m| m.channel == channel && m.ts == ts && m.only_for.is_none());
    let message = found.ok_or("message_not_found")?;
    message.payload = json!({ "text": parameters["text"], "blocks": parameters["blocks"] });
    message.updates += 1;
    Ok(json!({ "channel": channel, "ts": ts, "text": parameters["text"] }))
}

fn delete(world: &mut World, parameters: &Value) -> Answer {
    let (channel, ts) = (word(parameters, "channel"), word(parameters, "ts"));
    if !world.channels.contains_key(&channel) {
        return Err("channel_not_found".to_owned());
    }
    if world.said.contains(&(channel.clone(), ts.clone())) {
        return Err("cant_delete_message".to_owned());
    }
    let ours = |shown: &Shown| shown.channel == channel && shown.ts == ts && shown.only_for.is_none();
    let place = world.messages.iter().position(ours).ok_or("message_not_found")?;
    world.messages.remove(place);
    Ok(json!({ "channel": channel, "ts": ts }))
}

fn post_ephemeral(world: &mut World, parameters: &Value) -> Answer {
    check(world, parameters)?;
    let (channel, user) = (word(parameters, "channel"), word(parameters, "user"));
    let members = world.channels.get(&channel).ok_or("channel_not_found")?;
    if !members.contains(BOT) {
        return Err("not_in_channel".to_owned());
    }
    if !members.contains(&user) {
        return Err("user_not_in_channel".to_owned());
    }
    let ts = show(world, &channel, thread(parameters), Some(user), parameters);
    Ok(json!({ "message_ts": ts }))
}

fn open_view(world: &mut World, parameters: &Value) -> Answer {
    let mut view = parameters["view"].clone();
    check(world, &view)?;
    if !world.triggers.remove(&word(parameters, "trigger_id")) {
        return Err("expired_trigger_id".to_owned());
    }
    let id = format!("V{}", world.tick());
    view["id"] = json!(id);
    view["hash"] = json!(format!("{id}.hash"));
    world.views.push(view.clone());
    Ok(json!({ "view": view }))
}
