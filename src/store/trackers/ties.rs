//! What ties all that is known of trackers to projects, in one look each.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        ids::ProjectId,
        task::TaskNumber,
        time::Timestamp,
        tracker::{Numbered, PullState, RepositoryId},
    },
    store::{
        Result, Tx,
        codec::{natural, parse, small},
        trackers::numbered,
    },
};

impl Tx {
    /// The tasks that the open pull requests are about, and those that changed at `since` or later.
    pub async fn pull_ties(
        &mut self,
        since: Timestamp,
    ) -> Result<BTreeMap<Numbered, BTreeSet<(ProjectId, TaskNumber)>>> {
        let rows = all!(
            self.session,
            (i64, i64, String, i64),
            "SELECT t.repository_id, t.number, t.project_id, t.task FROM pulls p \
             JOIN pull_tasks t ON t.tenant_id = p.tenant_id AND t.repository_id = p.repository_id \
             AND t.number = p.number WHERE p.tenant_id = $1 AND (p.state = $2 OR p.updated_at >= $3) \
             ORDER BY t.repository_id, t.number, t.project_id, t.task",
            &self.key,
            PullState::Open.as_str(),
            since.as_millis()
        );
        let mut ties: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (repository, number, project, task) in rows {
            let about = (parse("project", &project)?, TaskNumber(small("task", task)?));
            ties.entry(numbered(repository, number)?).or_default().insert(about);
        }
        Ok(ties)
    }

    /// The projects that each repository is linked to.
    pub async fn repository_ties(&mut self) -> Result<BTreeMap<RepositoryId, BTreeSet<ProjectId>>> {
        let rows = all!(
            self.session,
            (i64, String),
            "SELECT repository_id, project_id FROM repository_links WHERE tenant_id = $1 \
             ORDER BY repository_id, project_id",
            &self.key
        );
        let mut ties: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (repository, project) in rows {
            let repository = RepositoryId(natural("repository", repository)?);
            ties.entry(repository).or_default().insert(parse("project", &project)?);
        }
        Ok(ties)
    }
}
