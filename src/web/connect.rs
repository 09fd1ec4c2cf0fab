//! The page where everything is connected: what is there, in which state, and the buttons.

use askama::Template;
use axum::{extract::State, response::Response};

use super::{
    Viewer, Web,
    reply::{Frame, Trouble},
};
use crate::{
    chat::console::render::Moment,
    connect::{coder::Coder, providers::missing},
    domain::{
        connection::{Condition, Connection, ProviderApp},
        ids::MemberId,
        member::{Member, Role, Standing, Surface},
        provider::Provider,
        session::Party,
        time::Timestamp,
    },
};

#[derive(Template)]
#[template(path = "connect.html", config = "src/web/askama.toml")]
struct ConnectPage {
    frame: Frame,
    rows: Vec<Row>,
    members: Vec<Person>,
    /// What the viewer can still link: the provider's word and its name.
    links: Vec<(&'static str, &'static str)>,
    /// The OpenID Connect provider that the viewer could add a login of.
    addable: Option<String>,
    may_connect: bool,
    role: &'static str,
    /// The address of Coder that is filled in.
    coder_url: String,
}

/// A provider.
struct Row {
    word: &'static str,
    name: &'static str,
    /// What it is good for here.
    about: &'static str,
    connections: Vec<Shown>,
    /// What pressing the button is called; `None` where nothing can be connected.
    button: Option<&'static str>,
    /// Whether whoever looks may press it.
    may: bool,
    /// What whoever runs Docket has to set, where something is missing.
    setup: Option<Setup>,
    /// Whether a GitHub App is to be made, and for which organisation can be asked.
    makes_app: bool,
    /// The tenant's own App, where it has one: its name, its page, and whether whoever looks may forget it now.
    own_app: Option<(String, String, bool)>,
}

/// What is missing, and the address to paste where.
struct Setup {
    settings: &'static [&'static str],
    place: &'static str,
    redirect: String,
}

/// A connection, for people.
#[expect(clippy::struct_excessive_bools, reason = "what the template asks about a row")]
struct Shown {
    id: String,
    name: String,
    account: String,
    url: String,
    by: String,
    since: Timestamp,
    ends: Option<Timestamp>,
    has_ended: bool,
    refreshes: bool,
    lacks: Vec<String>,
    lacks_optional: Vec<String>,
    trouble: Option<(String, Timestamp)>,
    is_leaving: bool,
    /// Connected by the settings, not by the page.
    is_fixed: bool,
    may: bool,
    consequence: &'static str,
}

/// A member, with how the platforms know them.
struct Person {
    name: String,
    role: &'static str,
    is_full: bool,
    known: Vec<String>,
    /// Nobody vouches for them anywhere but at this machine.
    is_unlinked: bool,
}

/// Whether somebody may connect and disconnect for the tenant.
pub(super) fn may_connect(member: &Member) -> bool {
    member.is_in_charge()
}

/// The page.
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Response {
    web.reply(load(&web, &viewer).await)
}

async fn load(web: &Web, viewer: &Viewer) -> Result<ConnectPage, Trouble> {
    let mut tx = web.store.read(viewer.tenant).await?;
    let (connections, members) = (tx.connections().await?, tx.members().await?);
    let installations = tx.installations().await?;
    let own_app = tx.provider_app(Provider::GitHub).await?;
    let mut people = Vec::new();
    let logins = tx.logins_of(viewer.member.id).await?;
    let mut links = links(web, own_app.is_some());
    links.retain(|(word, _)| logins.iter().all(|login| login.party.as_str() != *word));
    for member in &members {
        let identities = tx.identities(member.id).await?;
        let team = |team: &str| {
            installations.iter().find(|known| known.team == team).map_or(team, |known| known.name.as_str()).to_owned()
        };
        let chats = identities.iter().filter(|one| one.surface == Surface::Slack);
        let mut known: Vec<_> = chats.map(|one| format!("Slack {} in {}", one.user, team(&one.team))).collect();
        known.extend(
            tx.logins_of(member.id).await?.into_iter().map(|login| format!("{} {}", login.party.name(), login.name)),
        );
        people.push(Person {
            name: member.name.clone(),
            role: member.effective_role().as_str(),
            is_full: member.standing == Standing::Full,
            is_unlinked: known.is_empty(),
            known,
        });
    }
    let scene = Scene { web, viewer, members: &members, connections: &connections, own_app: own_app.as_ref() };
    let mut rows: Vec<Row> = Provider::ALL.iter().map(|provider| scene.row(*provider)).collect();
    // A workspace of the settings' own token has no connection of the page.
    for installation in &installations {
        let is_fixed = installation.surface == Surface::Slack
            && viewer.tenant == web.local
            && web.has_slack_token
            && installation.removed.is_none()
            && connections.iter().all(|one| one.provider != Provider::Slack || one.realm != installation.team);
        if let (true, Some(row)) = (is_fixed, rows.first_mut()) {
            row.connections.push(fixed(&installation.name));
        }
    }
    Ok(ConnectPage {
        frame: Frame::new("Connect", "connect").of(viewer),
        rows,
        members: people,
        links,
        addable: web.addable(viewer, &logins),
        may_connect: may_connect(&viewer.member),
        role: viewer.member.effective_role().as_str(),
        coder_url: web.vault.providers().coder.as_ref().map(|coder| coder.url().to_owned()).unwrap_or_default(),
    })
}

/// A workspace whose token whoever runs Docket has set.
fn fixed(name: &str) -> Shown {
    Shown {
        id: String::new(),
        name: name.to_owned(),
        account: "docket".to_owned(),
        url: String::new(),
        by: String::new(),
        since: Timestamp::from_millis(0),
        ends: None,
        has_ended: false,
        refreshes: false,
        lacks: Vec::new(),
        lacks_optional: Vec::new(),
        trouble: None,
        is_leaving: false,
        is_fixed: true,
        may: false,
        consequence: "",
    }
}

/// The providers at which a member can show who they are.
fn links(web: &Web, has_app: bool) -> Vec<(&'static str, &'static str)> {
    let providers = web.vault.providers();
    let mut links = Vec::new();
    if has_app || providers.github_app.is_some() || providers.github_client.is_some() {
        links.push((Party::GitHub.as_str(), Party::GitHub.name()));
    }
    if providers.linear.is_some() {
        links.push((Party::Linear.as_str(), Party::Linear.name()));
    }
    if providers.discord.is_some() {
        links.push((Party::Discord.as_str(), Party::Discord.name()));
    }
    links
}

/// What the rows are made from.
struct Scene<'a> {
    web: &'a Web,
    viewer: &'a Viewer,
    members: &'a [Member],
    connections: &'a [Connection],
    own_app: Option<&'a ProviderApp>,
}

impl Scene<'_> {
    fn row(&self, provider: Provider) -> Row {
        let providers = self.web.vault.providers();
        let is_there = match provider {
            Provider::Slack => providers.slack.is_some(),
            Provider::Discord => providers.discord.is_some(),
            Provider::Linear => providers.linear.is_some(),
            Provider::GitHub => true,
            Provider::Coder => providers.coder.as_ref().is_some_and(Coder::has_oauth),
        };
        let has_github = self.own_app.is_some() || providers.github_app.is_some() || providers.github_client.is_some();
        let makes_app = provider == Provider::GitHub && !has_github;
        let is_own = |one: &&Connection| one.owner.is_none_or(|owner| owner == self.viewer.member.id);
        let mine = self.connections.iter().filter(|one| one.provider == provider).filter(is_own);
        let connections: Vec<Shown> = mine.map(|one| self.shown(one)).collect();
        let button = match provider {
            _ if !is_there => None,
            Provider::Slack if connections.is_empty() => Some("Add to Slack"),
            Provider::Slack => Some("Add another workspace"),
            Provider::GitHub if makes_app => Some("Make a GitHub App"),
            _ if connections.is_empty() => Some("Connect"),
            _ => Some("Connect another"),
        };
        Row {
            word: provider.as_str(),
            name: provider.name(),
            about: about(provider),
            connections,
            button,
            may: provider == Provider::Coder || may_connect(&self.viewer.member),
            setup: setup(provider, &self.web.public_url).filter(|_| !is_there),
            makes_app,
            own_app: self.own_app.filter(|_| provider == Provider::GitHub).map(|app| {
                let in_use = |one: &Connection| one.provider == provider && one.condition != Condition::Broken;
                let may = self.viewer.member.effective_role() == Role::Owner && !self.connections.iter().any(in_use);
                (app.name.clone(), app.url.clone(), may)
            }),
        }
    }

    fn shown(&self, one: &Connection) -> Shown {
        let now = self.web.chance.now();
        let is_classic = self.own_app.is_none() && self.web.vault.providers().github_app.is_none();
        let (lacks, lacks_optional) = match one.condition {
            Condition::Live => missing(one.provider, is_classic, &one.scopes),
            _ => Default::default(),
        };
        Shown {
            id: one.id.to_string(),
            name: one.name.clone(),
            account: one.account.clone(),
            url: Some(one.url.clone()).filter(|url| url.starts_with("https://")).unwrap_or_default(),
            by: self.name(one.by),
            since: one.connected_at,
            ends: one.expires_at.filter(|_| one.condition == Condition::Live),
            has_ended: one.ends_within(std::time::Duration::ZERO, now),
            refreshes: one.refresh.is_some() || (one.provider == Provider::GitHub && !is_classic),
            lacks,
            lacks_optional,
            trouble: one.trouble.clone(),
            is_leaving: one.condition == Condition::Leaving,
            is_fixed: false,
            may: one.owner.map_or_else(|| may_connect(&self.viewer.member), |owner| owner == self.viewer.member.id),
            consequence: consequence(one.provider),
        }
    }

    fn name(&self, id: MemberId) -> String {
        let found = self.members.iter().find(|member| member.id == id);
        found.map_or_else(|| "somebody".to_owned(), |member| member.name.clone())
    }
}

/// What a provider is good for here.
const fn about(provider: Provider) -> &'static str {
    match provider {
        Provider::Slack => "Talk to Docket in your channels, and approve changes there.",
        Provider::Discord => "Docket's bot in your server.",
        Provider::GitHub => "Repositories, issues and pull requests of an organisation.",
        Provider::Linear => "Issues and projects of an organisation.",
        Provider::Coder => "Your own development environments. Only you see and use this one.",
    }
}

/// What disconnecting does, said before it is done.
const fn consequence(provider: Provider) -> &'static str {
    match provider {
        Provider::Slack => {
            "Docket leaves the workspace: it posts nothing there any more and answers nobody. Plans stay."
        }
        Provider::Discord => "The bot leaves the server. Plans stay.",
        Provider::GitHub => "The App is uninstalled from the organisation. Plans stay.",
        Provider::Linear => "Linear takes back what it let Docket do. Plans stay.",
        Provider::Coder => "Coder takes the token back, and whatever else uses that token stops working too.",
    }
}

/// What has to be set before a provider can be connected.
fn setup(provider: Provider, public_url: &str) -> Option<Setup> {
    let (settings, place): (&[&str], _) = match provider {
        Provider::Slack => (
            &["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_SIGNING_SECRET"],
            "the Slack app's page \"OAuth & Permissions\", Redirect URLs",
        ),
        Provider::Discord => (
            &["DISCORD_APPLICATION_ID", "DISCORD_CLIENT_SECRET", "DISCORD_BOT_TOKEN"],
            "the application's page \"OAuth2\" at discord.com/developers, Redirects",
        ),
        Provider::Linear => {
            (&["LINEAR_CLIENT_ID", "LINEAR_CLIENT_SECRET"], "Linear's Settings, API, OAuth applications, Callback URLs")
        }
        Provider::Coder => (
            &["CODER_URL", "CODER_CLIENT_ID", "CODER_CLIENT_SECRET"],
            "Coder's Deployment, OAuth2 Applications, Callback URL",
        ),
        Provider::GitHub => return None,
    };
    let redirect = format!("{public_url}/oauth/{}/callback", provider.as_str());
    Some(Setup { settings, place, redirect })
}
