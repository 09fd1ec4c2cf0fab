-- What was read whole to find a little of it is found by an index.

-- What was dealt with and answered long ago (see src/store/old.rs).
CREATE INDEX deliveries_of_people ON deliveries (handled_at) WHERE source <> 'github';
CREATE INDEX answers_sent ON answers (sent_at);

-- The open pull requests of a repository, however many were closed.
CREATE INDEX pulls_open ON pulls (tenant_id, repository_id) WHERE state = 'open';

-- Whose a webhook is, before a tenant is known: by the number of an own app, and by the login of whoever sent it.
CREATE INDEX provider_apps_by_number ON provider_apps (provider, number);
CREATE INDEX logins_by_subject ON logins (provider, realm, subject);

-- Sessions that have lasted as long as one may, however much they are used.
CREATE INDEX sessions_by_start ON sessions (created_at);
