//! The few statements that need a text of their own on each engine.

use super::matches::select_matches;

/// A statement with two texts.
#[derive(Clone, Copy)]
pub(super) struct Both {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Both {
    /// The text for this engine.
    pub(super) fn text(self, engine: &str) -> &'static str {
        if engine == "sqlite" { self.sqlite } else { self.postgres }
    }
}

/// Builds both texts from pieces: `"…"` is the same on both, `["$3"]` is a query of the numbers in the
/// JSON list `$3` (one parameter for any number of them), `("n" in "$3")` asks whether `n` is one of them, `(id "n" in
/// "$3")` the same of ids, `{"…" | "…"}` differs, and `{made!("…")}` is what another macro makes.
///
/// (PostgreSQL would read a list anew for each row, were it not in a query of its own.)
macro_rules! both {
    ($($piece:tt),* $(,)?) => {
        Both { sqlite: concat!($(piece!(sqlite $piece)),*), postgres: concat!($(piece!(postgres $piece)),*) }
    };
}

macro_rules! piece {
    ($engine:ident $text:literal) => {
        $text
    };
    (sqlite [$list:literal]) => {
        concat!("SELECT value FROM json_each(", $list, ")")
    };
    (postgres [$list:literal]) => {
        concat!("SELECT unnest(translate(", $list, ", '[]', '{}')::bigint[])")
    };
    (sqlite ($column:literal in $list:literal)) => {
        concat!($column, " IN (SELECT value FROM json_each(", $list, "))")
    };
    (postgres ($column:literal in $list:literal)) => {
        concat!($column, " = ANY ((SELECT translate(", $list, ", '[]', '{}')::bigint[])::bigint[])")
    };
    (sqlite (id $column:literal in $list:literal)) => {
        concat!($column, " IN (SELECT value FROM json_each(", $list, "))")
    };
    (postgres (id $column:literal in $list:literal)) => {
        concat!($column, " = ANY ((SELECT translate(", $list, ", '[]\"', '{}')::text[])::text[])")
    };
    (sqlite {$sqlite:literal | $postgres:literal}) => {
        $sqlite
    };
    (postgres {$sqlite:literal | $postgres:literal}) => {
        $postgres
    };
    ($engine:ident {$($made:tt)*}) => {
        $($made)*
    };
}

/// How many tables keep track of migrations: 0 or 1.
pub(super) const HAS_MIGRATIONS: Both = both!({
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'"
        | "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = '_sqlx_migrations'"
});

/// One claim at a time. Otherwise two workers could each start a job of the same ordering key, because neither
/// sees what the other has not committed. SQLite has one writer anyway.
pub(super) const LOCK_CLAIMS: Both = both!({ "SELECT 1" | "SELECT pg_advisory_xact_lock(4021977120261120)" });

/// Whoever hears something of tenant `$1` waits for whoever [forgets](FORGETTING) there, and for nobody else who hears:
/// what one of them has not committed the other does not see. SQLite has one writer anyway.
pub(super) const HEARING: Both =
    both!({ "SELECT $1" | "SELECT pg_advisory_xact_lock_shared(hashtextextended('heard ' || $1, 0))" });

/// Whoever forgets something in tenant `$1` waits for everybody who [hears](HEARING) there, and they for them.
pub(super) const FORGETTING: Both =
    both!({ "SELECT $1" | "SELECT pg_advisory_xact_lock(hashtextextended('heard ' || $1, 0))" });

/// Claims up to `$2` jobs of class `$5` that are due at `$1` for `$3` until `$4`.
///
/// Tenants take turns: each one's first due job before anybody's second, counting what already runs for
/// them, so that one tenant's flood does not hold up another. Cost grows with the tenants that have jobs of this class,
/// the orders of those that are crowded, and the limit, not with the length of the queue.
///
/// Of the jobs that have an order only the first of each can be claimed, and thousands may wait behind it. So a share of
/// each tenant's first due jobs is looked at one by one: twice what is wanted, over all tenants. Where that is not all of
/// them and not each of those can be claimed, the tenant is crowded: of it the first of each order that has something due is
/// looked at, for 256 orders by their names, and what has no order. (SQLite is told by which index: by itself it reads all
/// that is due to find the first name.)
pub(super) const CLAIM: Both = both!(
    "WITH RECURSIVE queues(tenant_id) AS (
         SELECT min(tenant_id) FROM jobs WHERE class = $5
         UNION ALL
         SELECT (SELECT min(j.tenant_id) FROM jobs j WHERE j.class = $5 AND j.tenant_id > q.tenant_id)
         FROM queues q WHERE q.tenant_id IS NOT NULL
     ),
     ready AS MATERIALIZED (
         SELECT q.tenant_id FROM queues q
         WHERE (SELECT e.class FROM jobs e
             WHERE e.class = $5 AND e.tenant_id = q.tenant_id AND e.due_at <= $1 LIMIT 1) IS NOT NULL
     ),
     share(jobs) AS MATERIALIZED (
         SELECT CASE WHEN count(*) < $2 / 2 THEN 2 * $2 / count(*) ELSE 4 END FROM ready HAVING count(*) > 0
     ),
     running AS MATERIALIZED (
         SELECT seq, tenant_id, ordering_key, class, due_at FROM jobs WHERE state = 'running'
     ),
     busy AS MATERIALIZED (
         SELECT tenant_id, count(*) AS jobs FROM running WHERE class = $5 AND due_at > $1 GROUP BY tenant_id
     ),
     front AS MATERIALIZED (
         SELECT j.seq, j.tenant_id, j.due_at, (j.ordering_key IS NULL OR (
             NOT EXISTS (SELECT 1 FROM jobs b
                 WHERE b.tenant_id = j.tenant_id AND b.ordering_key = j.ordering_key AND b.state <> 'dead'
                 AND b.seq < j.seq)
             AND NOT EXISTS (SELECT 1 FROM running r
                 WHERE r.tenant_id = j.tenant_id AND r.ordering_key = j.ordering_key AND r.seq <> j.seq))) AS is_free
         FROM ready q CROSS JOIN ",
    { "jobs j WHERE j.seq IN (SELECT e.seq" | "LATERAL (SELECT e.seq, e.tenant_id, e.due_at, e.ordering_key" },
    "    FROM jobs e WHERE e.class = $5 AND e.tenant_id = q.tenant_id AND e.due_at <= $1
         ORDER BY e.due_at, e.seq LIMIT (SELECT jobs FROM share))",
    { "" | " AS j" },
    "),
     crowded AS (
         SELECT tenant_id FROM front GROUP BY tenant_id
         HAVING count(*) = (SELECT jobs FROM share) AND sum(CASE WHEN is_free THEN 0 ELSE 1 END) > 0
     ),
     orders(tenant_id, ordering_key, nth) AS (
         SELECT c.tenant_id, (SELECT min(j.ordering_key) FROM jobs j ",
    { "INDEXED BY jobs_in_order" | "" },
    "        WHERE j.tenant_id = c.tenant_id AND j.ordering_key IS NOT NULL AND j.state <> 'dead'
             AND j.class = $5 AND j.due_at <= $1), 1
         FROM crowded c
         UNION ALL
         SELECT o.tenant_id, (SELECT min(j.ordering_key) FROM jobs j ",
    { "INDEXED BY jobs_in_order" | "" },
    "        WHERE j.tenant_id = o.tenant_id AND j.ordering_key > o.ordering_key AND j.state <> 'dead'
             AND j.class = $5 AND j.due_at <= $1), o.nth + 1
         FROM orders o WHERE o.ordering_key IS NOT NULL AND o.nth < 256
     ),
     heads AS (
         SELECT seq, tenant_id, due_at FROM front WHERE is_free
         UNION
         SELECT j.seq, j.tenant_id, j.due_at FROM crowded c CROSS JOIN ",
    { "jobs j WHERE j.seq IN (SELECT e.seq" | "LATERAL (SELECT e.seq, e.tenant_id, e.due_at" },
    "    FROM jobs e
         WHERE e.class = $5 AND e.tenant_id = c.tenant_id AND e.due_at <= $1 AND e.ordering_key IS NULL
         ORDER BY e.due_at, e.seq LIMIT (SELECT jobs FROM share))",
    { "" | " AS j" },
    "    UNION
         SELECT j.seq, j.tenant_id, j.due_at FROM orders o CROSS JOIN ",
    { "jobs j WHERE j.seq = (SELECT e.seq" | "LATERAL (SELECT e.*" },
    "    FROM jobs e
         WHERE e.tenant_id = o.tenant_id AND e.ordering_key = o.ordering_key AND e.state <> 'dead'
         ORDER BY e.seq LIMIT 1) ",
    { "AND" | "AS j WHERE" },
    " j.class = $5 AND j.due_at <= $1 AND NOT EXISTS (
             SELECT 1 FROM running r
             WHERE r.tenant_id = j.tenant_id AND r.ordering_key = j.ordering_key AND r.seq <> j.seq)
     ),
     turns AS (
         SELECT h.seq, h.due_at,
             row_number() OVER (PARTITION BY h.tenant_id ORDER BY h.due_at, h.seq)
             + coalesce((SELECT b.jobs FROM busy b WHERE b.tenant_id = h.tenant_id), 0) AS turn
         FROM heads h
     ),
     picked AS (SELECT seq FROM turns ORDER BY turn, due_at, seq LIMIT $2)
     UPDATE jobs SET state = 'running', owner = $3, due_at = $4, attempts = attempts + 1
     WHERE seq IN (",
    {
        "SELECT seq FROM picked"
            | "SELECT seq FROM jobs WHERE seq IN (SELECT seq FROM picked) AND due_at <= $1 FOR UPDATE SKIP LOCKED"
    },
    ") RETURNING seq, id, tenant_id, payload, attempts, max_attempts, class",
);

/// Deletes those of the jobs `$2` that `$1` holds in the attempts `$3`, as `id:attempt`, and says which.
pub(super) const FORGET_DONE: Both = both!(
    "DELETE FROM jobs WHERE state = 'running' AND owner = $1 AND ",
    (id "id" in "$2"),
    " AND ",
    (id "id || ':' || attempts" in "$3"),
    " RETURNING id",
);

/// The numbers of the tasks that a patch can reach in project `$2` of tenant `$1`, from four lists:
/// `$3` those it touches or names, `$4` roots of subtrees that move or go, `$5` where a walk along
/// parents and dependencies starts, `$6` those that go.
///
/// Both texts leave the planner no choice but to look up the neighbours of each task found, by index: it
/// can't know how few they are, and might read the whole plan. (SQLite keeps the order of a `CROSS JOIN`, and is told of
/// the index by which it finds who waits for a task: by itself it reads all that any task of the project waits for;
/// `OFFSET 0` keeps PostgreSQL from turning the inner query into a join.)
pub(super) const REACH: Both = both!(
    "WITH RECURSIVE down(number) AS (
         ",
    ["$4"],
    "    UNION
         SELECT c.number FROM down d CROSS JOIN ",
    {"tasks c WHERE c.tenant_id = $1 AND c.project_id = $2 AND c.parent = d.number"
   | "LATERAL (SELECT t.number FROM tasks t
         WHERE t.tenant_id = $1 AND t.project_id = $2 AND t.parent = d.number OFFSET 0) c"},
    "),
     walk(number) AS (
         ",
    ["$5"],
    "    UNION SELECT number FROM down
         UNION
         ",
    {"SELECT CASE way.up WHEN 1 THEN t.parent ELSE d.depends_on END
         FROM walk w CROSS JOIN tasks t
         LEFT JOIN task_dependencies d ON d.tenant_id = $1 AND d.project_id = $2 AND d.task = t.number
         CROSS JOIN (SELECT 0 AS up UNION ALL SELECT 1) way
         WHERE t.tenant_id = $1 AND t.project_id = $2 AND t.number = w.number"
   | "SELECT n.number FROM walk w CROSS JOIN LATERAL (
             SELECT t.parent AS number FROM tasks t
             WHERE t.tenant_id = $1 AND t.project_id = $2 AND t.number = w.number
             UNION ALL
             SELECT d.depends_on FROM task_dependencies d
             WHERE d.tenant_id = $1 AND d.project_id = $2 AND d.task = w.number OFFSET 0) n"},
    "),
     up(number) AS (
         ",
    ["$3"],
    "    UNION SELECT d.depends_on FROM task_dependencies d WHERE d.tenant_id = $1 AND d.project_id = $2 AND ",
    ("d.task" in "$3"),
    "    UNION SELECT d.task FROM task_dependencies d ",
    {"INDEXED BY task_dependencies_by_first" | ""},
    " WHERE d.tenant_id = $1 AND d.project_id = $2 AND ",
    ("d.depends_on" in "$6"),
    "    UNION
         SELECT (SELECT t.parent FROM tasks t WHERE t.tenant_id = $1 AND t.project_id = $2 AND t.number = u.number)
         FROM up u
     )
     SELECT number FROM (SELECT number FROM up UNION SELECT number FROM walk) AS reached
     WHERE number IS NOT NULL ORDER BY number",
);

/// The tasks of project `$2` of tenant `$1` whose numbers are in the list `$3`.
pub(super) const TASKS: Both = both!(
    "SELECT number, parent, rank, title, description, acceptance, status, assignee, estimate, priority, due, links, \
     version FROM tasks WHERE tenant_id = $1 AND project_id = $2 AND ", ("number" in "$3"), " ORDER BY number",
);

/// What those tasks wait for.
pub(super) const DEPENDENCIES: Both = both!(
    "SELECT task, depends_on FROM task_dependencies WHERE tenant_id = $1 AND project_id = $2 AND ", ("task" in "$3"), " ORDER BY task, depends_on",
);

/// The messages of tenant `$1` in the threads whose ids are in the list `$2`, in no order: to spare itself sorting them
/// SQLite would read the whole tenant.
pub(super) const MESSAGES: Both = both!(
    "SELECT thread_id, message, member_id, text, since, at FROM messages WHERE tenant_id = $1 AND ",
    (id "thread_id" in "$2"),
);

/// What was made of those threads, in no order for the same reason.
pub(super) const MATCHES: Both = both!({ select_matches!("AND ") }, (id "thread_id" in "$2"));

/// Deletes those tasks.
pub(super) const DELETE_TASKS: Both =
    both!("DELETE FROM tasks WHERE tenant_id = $1 AND project_id = $2 AND ", ("number" in "$3"), "");

/// Deletes what those tasks wait for.
pub(super) const DELETE_DEPENDENCIES: Both =
    both!("DELETE FROM task_dependencies WHERE tenant_id = $1 AND project_id = $2 AND ", ("task" in "$3"), "");
