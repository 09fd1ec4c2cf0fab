//! `routes`: what words were chosen to mean in this channel.

use super::{Ask, line::titled};
use crate::{
    domain::{
        message::{Block, Line, Message, Span},
        route::Route,
    },
    review::words::count,
    store::{self, Tx},
};

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>) -> store::Result<Message> {
    let routes = match ask.venue {
        Some(venue) => tx.routes_of(venue).await?,
        None => Vec::new(),
    };
    Ok(message(&routes))
}

fn message(routes: &[Route]) -> Message {
    if routes.is_empty() {
        return Message::text(
            "Nothing is remembered for this channel. When words could mean several things I ask, and remember the choice.",
        );
    }
    let line = |(at, route): (usize, &Route)| {
        Line::plain(vec![
            Span::plain(format!("{}. “{}” means ", at + 1, route.phrase)),
            Span::Code(format!("/docket {}", route.line)),
        ])
    };
    let title = format!("{} remembered for this channel", count(routes.len(), "choice"));
    let blocks = vec![
        Block::Lines { lines: routes.iter().enumerate().map(line).collect(), more: None },
        Block::Context(vec![
            Span::plain("Forget one: "),
            Span::Code("/docket routes forget 1".to_owned()),
            Span::plain(" · all of them: "),
            Span::Code("/docket routes forget all".to_owned()),
        ]),
    ];
    titled(title.clone(), title, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Chance, domain::time::Timestamp};

    #[test]
    fn remembered_words_are_listed_with_how_to_forget_them() {
        let route = |phrase: &str, line: &str| Route {
            phrase: phrase.to_owned(),
            line: line.to_owned(),
            by: Chance::system().id(),
            at: Timestamp::from_millis(0),
        };
        let routes = [route("how's it looking", "status AUTH"), route("ship the list", "next AUTH")];
        insta::assert_snapshot!(message(&routes).to_plain(), @r"
        2 choices remembered for this channel
        1. “how's it looking” means /docket status AUTH
        2. “ship the list” means /docket next AUTH
        Forget one: /docket routes forget 1 · all of them: /docket routes forget all
        ");
        assert!(message(&[]).to_plain().starts_with("Nothing is remembered"));
    }
}
