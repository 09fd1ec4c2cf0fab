-- What was pushed and names tasks, until a pull request of its branch takes it over.
CREATE TABLE pushes (
    tenant_id TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    branch TEXT NOT NULL,
    sha TEXT NOT NULL,
    message TEXT NOT NULL, -- the commit's, cut
    at BIGINT NOT NULL, -- when it was heard of
    PRIMARY KEY (tenant_id, repository_id, branch, sha),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES repositories (tenant_id, id)
);
