//! Commits that were pushed and name tasks, until a pull request of their branch takes them over.

use crate::{
    domain::{
        time::Timestamp,
        tracker::{Commit, RepositoryId},
    },
    store::{Result, Tx, codec::whole},
};

impl Tx {
    /// Keeps a commit of a branch; what is known of it stays.
    pub async fn put_pushed(
        &mut self,
        repository: RepositoryId,
        branch: &str,
        commit: &Commit,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self.session,
            "INSERT INTO pushes (tenant_id, repository_id, branch, sha, message, at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT DO NOTHING",
            &self.key,
            whole(repository.0),
            branch,
            &commit.sha,
            &commit.message,
            at.as_millis()
        );
        Ok(())
    }

    /// The commits that were pushed to a branch, and their messages.
    pub async fn pushed(&mut self, repository: RepositoryId, branch: &str) -> Result<Vec<(String, String)>> {
        Ok(all!(
            self.session,
            (String, String),
            "SELECT sha, message FROM pushes WHERE tenant_id = $1 AND repository_id = $2 AND branch = $3 ORDER BY sha",
            &self.key,
            whole(repository.0),
            branch
        ))
    }

    /// Forgets what was pushed to a branch: it was merged, and what comes next is something else.
    pub async fn forget_pushed(&mut self, repository: RepositoryId, branch: &str) -> Result<()> {
        execute!(
            self.session,
            "DELETE FROM pushes WHERE tenant_id = $1 AND repository_id = $2 AND branch = $3",
            &self.key,
            whole(repository.0),
            branch
        );
        Ok(())
    }

    /// Forgets what was pushed before `then` and became of no pull request.
    pub async fn forget_pushed_before(&mut self, repository: RepositoryId, then: Timestamp) -> Result<()> {
        execute!(
            self.session,
            "DELETE FROM pushes WHERE tenant_id = $1 AND repository_id = $2 AND at < $3",
            &self.key,
            whole(repository.0),
            then.as_millis()
        );
        Ok(())
    }
}
