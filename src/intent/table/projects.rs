//! Commands about whole projects.

use super::{Command, Kind, kinds::required};
use crate::domain::intent::Intent;

/// Puts a project away.
pub(super) const ARCHIVE: Command = Command {
    name: "archive",
    aliases: &[],
    arguments: &[required("project", Kind::Project, &["project"])],
    help: "put a project away",
    more: "Proposes that the project is archived: its plan stays as it is, nothing of GitHub is proposed for it any more, \
           and undoing that brings it back.",
    examples: &["archive AUTH"],
    build: |v| v.project().map(Intent::Archive),
};
