//! A model is asked once for each digest to word its focus and to group its conversations. It is not waited for: where it is
//! slow, fails or makes something up, the rules speak.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    domain::{
        digest::Wording,
        ids::{DigestId, TenantId},
    },
    jobs::Desk,
    llm::{Question, fence::Fence},
    standups::Facts,
    store,
};

/// How long a digest waits for a model: nobody should see that it was asked.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a model made of the facts of a digest; `None` where none is connected, or there is nothing to ask.
///
/// It is kept until the digest is posted, so that posting may be tried again and again for one question, and says the
/// same in the channel and in the thread.
pub(super) async fn of(
    desk: &Desk,
    tenant: TenantId,
    digest: DigestId,
    facts: &Facts,
) -> store::Result<Option<Wording>> {
    let mut tx = desk.store.read(tenant).await?;
    if let Some(kept) = tx.wording(digest).await? {
        return Ok(Some(kept));
    }
    if !desk.models.is_connected(&mut tx).await? {
        return Ok(None);
    }
    drop(tx);
    let Some(question) = facts.question(&Fence::new(desk.chance.bits())) else { return Ok(None) };
    let wording = ask(desk, tenant, &question, facts).await?;
    let mut tx = desk.store.write(tenant).await?;
    tx.put_wording(digest, &wording).await?;
    tx.commit().await?;
    Ok(Some(wording))
}

/// What a model says in time, and by the rules of what it may say; nothing of its own otherwise.
async fn ask(desk: &Desk, tenant: TenantId, question: &Question, facts: &Facts) -> store::Result<Wording> {
    let check = |text: &str| facts.read(text).map(drop);
    let Ok(answer) = timeout(PATIENCE, desk.models.ask(tenant, None, question, &check)).await else {
        tracing::info!("the rules word a digest for which a model took too long");
        return Ok(Wording::default());
    };
    Ok(match answer? {
        Ok(reply) => {
            let by = Some(reply.drafted.model.to_string());
            facts.read(&reply.text).map(|wording| Wording { by, ..wording }).unwrap_or_default()
        }
        Err(trouble) => {
            tracing::info!(trouble = trouble.brief(), "the rules word a digest that a model could not");
            Wording::default()
        }
    })
}
